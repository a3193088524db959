#include "gateway/routes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/json_depth.hpp"
#include "gateway/dashboard_routes.hpp"
#include "gateway/errors.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr int kMaxDeadlineMs = 3'600'000;
constexpr int kGraceMs = 1000;  // for a backend that answers right at its deadline

// A verb of AdminBackend::call.
struct Verb {
  const char* method;
  const char* path;
  const char* verb;
  int deadline_ms;
};

constexpr std::array kVerbs = {
    Verb{"GET", "/admin/status", "status", 5'000},     Verb{"GET", "/admin/config", "config", 5'000},
    Verb{"POST", "/admin/pause", "pause", 10'000},     Verb{"POST", "/admin/resume", "resume", 10'000},
    Verb{"POST", "/admin/drain", "drain", 120'000},    Verb{"POST", "/admin/checkpoint", "checkpoint", 120'000},
    Verb{"POST", "/admin/promote", "promote", 60'000}, Verb{"POST", "/admin/rollback", "rollback", 60'000},
    Verb{"POST", "/admin/ask", "ask", 60'000},         Verb{"POST", "/admin/eval", "eval", 1'800'000},
    Verb{"POST", "/-/reload", "reload", 30'000},
};

HttpReply with_status(int status, Errc code, const std::string& message) {
  HttpReply reply = error_reply(Status(code, message));
  reply.status = status;
  return reply;
}

HttpReply not_found(const std::string& path, const char* known) {
  return with_status(404, Errc::kUsage, "nothing at " + path + "; there are " + known);
}

HttpReply wrong_method(const std::string& allow, const std::string& path) {
  HttpReply reply = with_status(405, Errc::kUsage, path + " takes " + allow);
  reply.allow = allow;
  return reply;
}

int deadline_of(const HttpRequest& request, int fallback_ms) {
  const std::string text = query_value(request.query, "deadline_ms");
  int ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  return error == std::errc() && end == text.data() + text.size() && ms > 0 ? std::min(ms, kMaxDeadlineMs) : fallback_ms;
}

// The verb's parameters: the body, an object or nothing, and ?dry_run.
Result<std::string> params_of(const HttpRequest& request) {
  nlohmann::json params = nlohmann::json::object();
  if (request.body.find_first_not_of(" \t\r\n") != std::string::npos) {
    const bool shallow = json_depth_within(request.body, kMaxDepth);
    params = shallow ? nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false) : nlohmann::json();
    if (!params.is_object()) return Status(Errc::kUsage, "the body must be a JSON object, e.g. {\"version\":3}, or empty");
  }
  if (query_has(request.query, "dry_run")) params["dry_run"] = query_value(request.query, "dry_run") != "false";
  return params.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void call_backend(AdminBackend& backend, const Verb& verb, const HttpRequest& request,
                  const std::shared_ptr<Exchange>& exchange) {
  const auto params = params_of(request);
  if (!params.ok()) return exchange->reply(error_reply(params.status()));
  const int deadline_ms = deadline_of(request, verb.deadline_ms);
  exchange->answer_within(deadline_ms + kGraceMs);
  backend.call(verb.verb, *params, deadline_ms, [exchange](AdminReply answer) {
    if (!answer.status.ok()) return exchange->reply(error_reply(answer.status));
    HttpReply reply;
    reply.body = std::move(answer.json) + "\n";
    exchange->reply(std::move(reply));
  });
}

bool is_read(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

HttpReply ready_reply(const AdminBackend& backend, bool verbose) {
  Readiness readiness = backend.readiness();
  HttpReply reply;
  reply.status = readiness.ready ? 200 : 503;
  reply.body = verbose || !readiness.ready ? std::move(readiness.json) + "\n" : "{\"ready\":true}\n";
  return reply;
}

HttpReply live_reply(const AdminBackend& backend) {
  const bool live = backend.live();
  HttpReply reply;
  reply.status = live ? 200 : 503;
  reply.body = live ? "{\"live\":true}\n" : "{\"live\":false}\n";
  return reply;
}

HttpReply metrics_reply(const AdminBackend& backend) {
  HttpReply reply;
  reply.body = backend.metrics_text();
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return reply;
}

// True when `request` was a health route.
bool answer_health(const AdminBackend& backend, const HttpRequest& request, Exchange& exchange) {
  const bool live = request.path == "/livez" || request.path == "/-/healthy";
  const bool ready = request.path == "/readyz" || request.path == "/-/ready";
  if (!live && !ready && request.path != "/metrics") return false;
  if (!is_read(request)) {
    exchange.reply(wrong_method("GET, HEAD", request.path));
  } else if (live) {
    exchange.reply(live_reply(backend));
  } else {
    exchange.reply(ready ? ready_reply(backend, query_has(request.query, "verbose")) : metrics_reply(backend));
  }
  return true;
}

}  // namespace

HttpHandler admin_routes(AdminBackend& backend, ReplayWorkers& workers) {
  return [&backend, &workers](const HttpRequest& request, std::shared_ptr<Exchange> exchange) {
    if (answer_health(backend, request, *exchange)) return;
    if (request.path == "/admin/replay") {
      if (request.method != "POST") return exchange->reply(wrong_method("POST", request.path));
      return workers.submit(backend.store(), request.body, std::move(exchange));
    }
    const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& known) { return request.path == known.path; });
    if (verb == kVerbs.end()) {
      return exchange->reply(not_found(request.path,
                                       "/admin/{status,config,pause,resume,drain,checkpoint,promote,rollback,ask,"
                                       "eval,replay}, /-/reload, /livez, /readyz and /metrics"));
    }
    if (request.method != verb->method) return exchange->reply(wrong_method(verb->method, request.path));
    call_backend(backend, *verb, request, exchange);
  };
}

HttpHandler health_routes(AdminBackend& backend) {
  return [&backend](const HttpRequest& request, std::shared_ptr<Exchange> exchange) {
    if (answer_health(backend, request, *exchange) || answer_dashboard(backend, request, exchange)) return;
    const bool admin = request.path.rfind("/admin/", 0) == 0 || request.path == "/-/reload";
    exchange->reply(admin ? with_status(403, Errc::kPermission, request.path + " answers on the Unix socket only")
                          : not_found(request.path, "/, /dashboard.json, /livez, /readyz and /metrics"));
  };
}

}  // namespace autodidact
