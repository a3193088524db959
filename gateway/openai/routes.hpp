#pragma once
// The routes under /v1: POST chat/completions, completions, feedback; GET models, models/ID. docs/serving.md describes them.
// Handlers run on the Asio thread.

#include <functional>
#include <string>

#include "actors/answer_backend.hpp"
#include "gateway/http.hpp"

namespace autodidact {

struct ApiSettings {
  std::string key;                 // bearer token that requests must carry; empty = none
  std::function<int()> answer_ms;  // from a request's arrival to its answer; asked for each, from the Asio thread
};

// What is not under /v1 goes to `others`. `backend` outlives the handler.
HttpHandler api_routes(AnswerBackend& backend, ApiSettings settings, HttpHandler others);

// An error of the server itself, in the words of those who asked for `path`.
HttpReply say_error(std::string_view path, int status, const Status& why);

// The first line of the file, without blanks around it. kConfig: there is none, or others may read the file.
Result<std::string> read_api_key(const std::string& path);

}  // namespace autodidact
