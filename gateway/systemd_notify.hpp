#pragma once
// The service manager's notify protocol: one datagram of KEY=VALUE lines to $NOTIFY_SOCKET, a path or an abstract name
// ("@..."). No libsystemd. Without the variable every call is a no-op that succeeds, so callers need not ask. Sending never
// blocks; any thread may call any method. Nothing survives a crash.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

class SystemdNotify {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, then removes them so that children do not speak for the daemon.
  // Call it before the first thread starts.
  static SystemdNotify from_environment();
  // address: "/run/x" or "@abstract"; empty = nobody listens.
  explicit SystemdNotify(std::string address, std::chrono::microseconds watchdog = {});

  bool enabled() const { return !address_.empty(); }
  // How long the service manager waits for a ping before it kills; 0 = it does not. Ping at half of it.
  std::chrono::microseconds watchdog_interval() const { return watchdog_; }

  Status ready(std::string_view status) const;
  Status status(std::string_view status) const;  // one line for `systemctl status`; newlines become spaces
  Status reloading() const;                      // with MONOTONIC_USEC, which systemd >= 253 wants; ready() ends it
  Status stopping(std::string_view status) const;
  Status watchdog() const;
  Status extend_timeout(std::chrono::microseconds more) const;  // while opening a big store or writing a checkpoint

 private:
  Status send(const std::string& message) const;

  std::string address_;                 // constant after construction
  std::chrono::microseconds watchdog_;  // constant after construction
};

}  // namespace autodidact
