#include "gateway/openai/api_error.hpp"

#include <nlohmann/json.hpp>

#include "gateway/errors.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::ordered_json;

const char* type_of(int status) {
  if (status == 403) return "permission_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

// The code for an HTTP status that says enough by itself.
const char* code_of(int status) {
  switch (status) {
    case 403: return "forbidden";
    case 404: return "not_found";
    case 408: return "request_timeout";
    case 413: return "request_too_large";
    case 421: return "wrong_host";
    case 431: return "headers_too_large";
    case 503: return "service_unavailable";
    case 505: return "http_version_too_old";
    default: return status >= 500 ? "internal_error" : "";
  }
}

}  // namespace

std::string api_error_json(const ApiError& error) {
  const Json body = {{"error",
                      {{"message", error.message},
                       {"type", type_of(error.status)},
                       {"param", text_or_null(error.param)},
                       {"code", text_or_null(error.code)}}}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpReply api_error_reply(const ApiError& error) {
  HttpReply reply;
  reply.status = error.status;
  reply.body = api_error_json(error) + "\n";
  if (error.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

ApiError api_error(const Status& status) {
  const bool too_long = status.code() == Errc::kUsage && status.message().find("context") != std::string::npos;
  if (too_long) return {400, status.message(), "", "context_length_exceeded"};
  const bool input = status.code() == Errc::kBadInput || status.code() == Errc::kConfig;
  return api_error(input ? 400 : http_status(status.code()), status);
}

ApiError api_error(int http_status, const Status& status) { return {http_status, status.message(), "", code_of(http_status)}; }

bool is_api_path(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

}  // namespace autodidact
