#include "gateway/dashboard_routes.hpp"

#include <algorithm>
#include <string>

#include "config/status.hpp"

namespace autodidact {

namespace {

constexpr int kDeadlineMs = 5000;
constexpr int kGraceMs = 1000;  // for a backend that answers right at its deadline

// Rationales are written by a model: the page shows them as text, and should it ever fail to, this keeps the browser from
// running them, from loading anything from elsewhere and from being framed.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

void harden(HttpReply& reply) {
  reply.headers = {{"Content-Security-Policy", kPolicy},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cross-Origin-Resource-Policy", "same-origin"},
                   {"Cross-Origin-Opener-Policy", "same-origin"}};
}

const char* content_type(std::string_view path) {
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

void answer_data(AdminBackend& backend, const std::shared_ptr<Exchange>& exchange) {
  exchange->answer_within(kDeadlineMs + kGraceMs);
  backend.call("dashboard", "{}", kDeadlineMs, [exchange](AdminReply answer) {
    HttpReply reply = answer.status.ok() ? HttpReply() : error_reply(answer.status);
    if (answer.status.ok()) reply.body = std::move(answer.json) + "\n";
    harden(reply);
    exchange->reply(std::move(reply));
  });
}

}  // namespace

bool answer_dashboard(AdminBackend& backend, const HttpRequest& request, const std::shared_ptr<Exchange>& exchange) {
  const auto files = dashboard_files();
  const std::string_view wanted = request.path == "/" ? "/index.html" : std::string_view(request.path);
  const auto file = std::find_if(files.begin(), files.end(), [&](const DashboardFile& known) { return known.path == wanted; });
  const bool data = request.path == "/dashboard.json";
  if (!data && file == files.end()) return false;
  if (request.method != "GET" && request.method != "HEAD") {
    HttpReply reply = error_reply(Status(Errc::kUsage, request.path + " takes GET, HEAD"));
    reply.status = 405;
    reply.allow = "GET, HEAD";
    exchange->reply(std::move(reply));
  } else if (data) {
    answer_data(backend, exchange);
  } else {
    HttpReply reply;
    reply.body = std::string(file->bytes);
    reply.content_type = content_type(file->path);
    harden(reply);
    exchange->reply(std::move(reply));
  }
  return true;
}

}  // namespace autodidact
