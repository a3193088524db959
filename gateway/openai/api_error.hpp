#pragma once
// An error as OpenAI's clients read it: {"error":{"message","type","param","code"}} and the HTTP status that goes with it; see
// docs/serving.md. Plain values and pure functions: any thread.

#include <string>
#include <string_view>

#include "config/status.hpp"
#include "gateway/http.hpp"

namespace autodidact {

struct ApiError {
  int status = 400;
  std::string message;
  std::string param;  // the field at fault, "messages[0].content"; empty = none
  std::string code;   // "model_not_found"; empty = none
};

// One line, without a newline. Bytes that are not UTF-8 are replaced.
std::string api_error_json(const ApiError& error);
// With Retry-After where trying again helps, and WWW-Authenticate where a token is missing.
HttpReply api_error_reply(const ApiError& error);

// What the backend, or our own server below the handlers, found wrong.
ApiError api_error(const Status& status);
ApiError api_error(int http_status, const Status& status);

// True for "/v1" and what is under it.
bool is_api_path(std::string_view path);

}  // namespace autodidact
