#include "gateway/openai/routes.hpp"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "config/entropy.hpp"
#include "config/files.hpp"
#include "gateway/openai/answer_call.hpp"
#include "gateway/openai/request.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::ordered_json;
using ExchangePtr = std::shared_ptr<Exchange>;

constexpr int kGraceMs = 1000;  // for a backend that answers right at the deadline
constexpr std::size_t kMaxKeyBytes = 4096;

// Takes as long whatever the difference is.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

std::optional<ApiError> refuse_caller(const HttpRequest& request, const std::string& key) {
  // A web page that sends a browser to us is no client of ours: browsers name the page they come from.
  const auto scheme = request.origin.find("://");
  const bool foreign =
      !request.origin.empty() && (scheme == std::string::npos || request.origin.substr(scheme + 3) != request.host);
  if (foreign) return ApiError{403, "requests from web pages of another origin are refused", "", "wrong_origin"};
  if (key.empty()) return std::nullopt;
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = request.authorization;
  if (given.starts_with(kBearer) && same_secret(given.substr(kBearer.size()), key)) return std::nullopt;
  const bool none = given.empty();
  return ApiError{401, none ? "no API key: send it as Authorization: Bearer KEY" : "the API key is wrong", "",
                  "invalid_api_key"};
}

std::string new_id(bool chat) {
  std::string id = chat ? "chatcmpl-" : "cmpl-";
  for (std::uint64_t bits : {entropy64(), entropy64()})
    for (int i = 0; i < 12; ++i, bits >>= 4) id += "0123456789abcdef"[bits % 16];
  return id;
}

Json model_json(const ServedModel& model) {
  return {{"id", model.id}, {"object", "model"}, {"created", model.created_s}, {"owned_by", "autodidact"}};
}

void reply_json(Exchange& exchange, const Json& json) {
  HttpReply reply;
  reply.body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  exchange.reply(std::move(reply));
}

std::optional<ServedModel> find_model(const AnswerBackend& backend, const std::string& id) {
  for (ServedModel& model : backend.models()) {
    if (model.id == id) return std::move(model);
  }
  return std::nullopt;
}

ApiError no_such_model(const std::string& id) {
  return {404, "the model '" + id + "' does not exist; GET /v1/models lists those that do", "model", "model_not_found"};
}

// "autodidact%2Fv12": clients escape the slash.
std::string unescaped(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20)); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 && digit(text[i + 2]) < 16;
    out += escape ? static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

class ApiRoutes {
 public:
  ApiRoutes(AnswerBackend& backend, ApiSettings settings) : backend_(backend), settings_(std::move(settings)) {}

  void handle(const HttpRequest& request, ExchangePtr exchange) const {
    if (const auto error = refuse_caller(request, settings_.key)) return exchange->reply(api_error_reply(*error));
    if (request.path == "/v1/chat/completions") return post(request, std::move(exchange), &ApiRoutes::chat);
    if (request.path == "/v1/completions") return post(request, std::move(exchange), &ApiRoutes::complete);
    if (request.path == "/v1/feedback") return post(request, std::move(exchange), &ApiRoutes::feedback);
    constexpr std::string_view kModels = "/v1/models";
    const bool models = request.path == kModels || request.path.starts_with("/v1/models/");
    if (!models) {
      return exchange->reply(api_error_reply(
          {404, "nothing at " + request.path + "; there are /v1/chat/completions, /v1/completions, /v1/models and /v1/feedback",
           "", "unknown_url"}));
    }
    if (request.method != "GET" && request.method != "HEAD") return wrong_method(request, *exchange, "GET, HEAD");
    if (request.path == kModels) return list_models(*exchange);
    const std::string id = unescaped(std::string_view(request.path).substr(kModels.size() + 1));
    const auto model = find_model(backend_, id);
    model ? reply_json(*exchange, model_json(*model)) : exchange->reply(api_error_reply(no_such_model(id)));
  }

 private:
  using Action = void (ApiRoutes::*)(const HttpRequest&, ExchangePtr) const;

  static void wrong_method(const HttpRequest& request, Exchange& exchange, const char* allow) {
    HttpReply reply = api_error_reply({405, request.path + " takes " + allow, "", "method_not_allowed"});
    reply.allow = allow;
    exchange.reply(std::move(reply));
  }

  void post(const HttpRequest& request, ExchangePtr exchange, Action action) const {
    if (request.method != "POST") return wrong_method(request, *exchange, "POST");
    (this->*action)(request, std::move(exchange));
  }

  void list_models(Exchange& exchange) const {
    Json data = Json::array();
    for (const ServedModel& model : backend_.models()) data.push_back(model_json(model));
    reply_json(exchange, {{"object", "list"}, {"data", std::move(data)}});
  }

  void chat(const HttpRequest& request, ExchangePtr exchange) const {
    answer(parse_chat_call(request.body), std::move(exchange));
  }
  void complete(const HttpRequest& request, ExchangePtr exchange) const {
    answer(parse_completion_call(request.body), std::move(exchange));
  }

  void answer(std::variant<CompletionCall, ApiError> parsed, ExchangePtr exchange) const {
    if (const auto* error = std::get_if<ApiError>(&parsed)) return exchange->reply(api_error_reply(*error));
    auto& call = std::get<CompletionCall>(parsed);
    // Before weights serve there are no models, and the backend says to try again.
    const bool plain = call.model == "autodidact";
    if (!plain && !find_model(backend_, call.model)) return exchange->reply(api_error_reply(no_such_model(call.model)));
    const int ms = settings_.answer_ms();
    exchange->answer_within(ms + kGraceMs);
    exchange->watch_client();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    std::string id = new_id(call.chat);
    answer_call(backend_, std::move(call), std::move(id), deadline, std::move(exchange));
  }

  void feedback(const HttpRequest& request, ExchangePtr exchange) const {
    const auto parsed = parse_feedback(request.body);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return exchange->reply(api_error_reply(*error));
    exchange->answer_within(settings_.answer_ms() + kGraceMs);
    backend_.feedback(std::get<Feedback>(parsed), [exchange](Status status) {
      status.ok() ? reply_json(*exchange, {{"ok", true}}) : exchange->reply(api_error_reply(api_error(status)));
    });
  }

  AnswerBackend& backend_;
  const ApiSettings settings_;
};

}  // namespace

HttpHandler api_routes(AnswerBackend& backend, ApiSettings settings, HttpHandler others) {
  auto routes = std::make_shared<const ApiRoutes>(backend, std::move(settings));
  return [routes = std::move(routes), others = std::move(others)](const HttpRequest& request, ExchangePtr exchange) {
    if (!is_api_path(request.path)) return others(request, std::move(exchange));
    routes->handle(request, std::move(exchange));
  };
}

HttpReply say_error(std::string_view path, int status, const Status& why) {
  if (is_api_path(path)) return api_error_reply(api_error(status, why));
  HttpReply reply = error_reply(why);
  reply.status = status;
  return reply;
}

Result<std::string> read_api_key(const std::string& path) {
  const std::string where = "serve.api_key_file = \"" + path + "\"";
  auto file = read_file(path, kMaxKeyBytes);
  if (!file.ok()) return file.status().with_context(where);
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
    return Status(Errc::kPermission, where + ": others may read it; chmod 600");
  }
  std::string key = file->substr(0, file->find('\n'));
  while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) key.pop_back();
  const bool usable = !key.empty() && key.find_first_of(std::string_view(" \t\0", 3)) == std::string::npos;
  if (!usable) return Status(Errc::kConfig, where + ": the first line must be the key, without blanks");
  return key;
}

}  // namespace autodidact
