#include "tools/gateway_settings.hpp"

#include <algorithm>

namespace autodidact {
namespace {

// Of the answers under /v1, which share the address with health and metrics.
void set_limits(const ServeOptions& serve, HttpLimits& limits) {
  limits.body_bytes = static_cast<std::size_t>(serve.max_body_kb) << 10;
  limits.bodies_bytes = std::max(limits.bodies_bytes, limits.body_bytes);
  limits.connections = static_cast<std::size_t>(serve.connections);
  limits.read_ms = 30'000;  // clients keep connections idle for 15 s
  limits.stream_buffer_bytes = 1 << 20;
  limits.stream_pace_ms = 20;
}

}  // namespace

Result<GatewaySettings> gateway_settings(Daemon& daemon, const Options& options) {
  GatewaySettings settings;
  const std::string& socket = options.gateway.admin_socket;
  settings.admin_socket = socket.empty() ? options.data_dir + "/admin.sock" : socket;
  settings.listen = options.gateway.listen;
  settings.place.store_directory = options.data_dir + "/store";
  settings.place.store = options.store;
  settings.answers = &daemon.answers();
  set_limits(options.serve, settings.health_limits);
  settings.api.answer_ms = [&daemon] { return static_cast<int>(daemon.options()->serve.deadline_ms); };
  if (options.serve.api_key_file.empty()) return settings;
  AD_ASSIGN_OR_RETURN(settings.api.key, read_api_key(options.serve.api_key_file));
  return settings;
}

}  // namespace autodidact
