#pragma once
// The daemon's HTTP surface: admin on a 0600 Unix socket; health, metrics and answers (/v1) on loopback TCP; one Asio thread
// for both and two threads for replay queries. Owner: the daemon's main; start after the backend, stop before it. start(),
// stop() and the destructor belong to that thread. Nothing survives a crash; a socket file left behind is replaced at the next
// start.

#include <cstdint>
#include <memory>
#include <string>

#include "actors/admin_backend.hpp"
#include "actors/answer_backend.hpp"
#include "config/status.hpp"
#include "gateway/http.hpp"
#include "gateway/openai/routes.hpp"
#include "storage/inspect.hpp"

namespace autodidact {

struct GatewaySettings {
  std::string admin_socket;         // path; empty = no admin surface
  std::string listen;               // "127.0.0.1:9464", "[::1]:0" (0 = any free port); empty = no TCP at all
  bool allow_non_loopback = false;  // health and metrics for other machines, unauthenticated: only when asked for
  InspectPlace place;               // where the store's files are, for `replay verify`
  HttpLimits admin_limits;
  HttpLimits health_limits = {.body_bytes = 4096};
  AnswerBackend* answers = nullptr;  // null: nothing under /v1. It outlives the gateway
  ApiSettings api;                   // with `answers`
};

class Gateway {
 public:
  // kTemporary: the socket or port is taken. kUsage: an address that cannot be meant. `backend` outlives the gateway.
  static Result<std::unique_ptr<Gateway>> start(AdminBackend& backend, GatewaySettings settings);
  ~Gateway();  // stop(0)

  // "127.0.0.1:41297" as bound; empty when TCP is off.
  const std::string& health_address() const;
  // Lets answers under way finish for so long, then closes everything and removes the socket file.
  void stop(int grace_ms);

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autodidact
