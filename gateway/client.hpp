#pragma once
// Asks a running daemon over its Unix socket. Blocking; every wait has a deadline. One thread per client. No retries: what
// may be asked twice is for the caller to know.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

class AdminClient {
 public:
  // kUnavailable: no daemon listens there.
  static Result<AdminClient> connect(const std::string& socket_path);
  AdminClient(AdminClient&&) noexcept;
  AdminClient& operator=(AdminClient&&) noexcept;
  ~AdminClient();

  // The answer's JSON, or the daemon's own Status. kTemporary: nothing within `deadline_ms`. kUnavailable: it hung up.
  Result<std::string> call(const std::string& method, const std::string& target, const std::string& body, int deadline_ms);
  // The answer's body whatever its status, e.g. /readyz and /metrics.
  Result<std::string> fetch(const std::string& target, int deadline_ms);

  // A streamed answer line by line; `line` returns false to stop (the client is
  // then spent). `stall_ms` bounds each wait, not the whole. An error line at
  // the end of the stream becomes the Status; a stream that breaks off is kUnavailable, never a short success.
  Status stream(const std::string& target, const std::string& body, int stall_ms,
                const std::function<bool(std::string_view)>& line);

 private:
  struct Impl;
  explicit AdminClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autodidact
