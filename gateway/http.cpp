#include "gateway/http.hpp"

#include <arpa/inet.h>

#include <optional>

#include "config/status.hpp"
#include "gateway/errors.hpp"

namespace autodidact {

namespace {

std::optional<std::string_view> find_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != key) continue;
    return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return std::nullopt;
}

bool is_address(int family, std::string_view text) {
  unsigned char bytes[16];
  return ::inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

HttpReply error_reply(const Status& status) {
  HttpReply reply;
  reply.status = http_status(status.code());
  reply.body = error_json(status) + "\n";
  return reply;
}

std::string query_value(std::string_view query, std::string_view key, std::string_view fallback) {
  return std::string(find_value(query, key).value_or(fallback));
}

bool query_has(std::string_view query, std::string_view key) { return find_value(query, key).has_value(); }

bool host_is_literal(std::string_view host) {
  if (host.size() > 64) return false;
  if (!host.empty() && host.front() == '[') {
    const auto close = host.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view rest = host.substr(close + 1);
    return is_address(AF_INET6, host.substr(1, close - 1)) && (rest.empty() || (rest[0] == ':' && is_port(rest.substr(1))));
  }
  const auto colon = host.find(':');
  if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) return false;
  const std::string_view name = host.substr(0, colon);
  return name == "localhost" || is_address(AF_INET, name);
}

}  // namespace autodidact
