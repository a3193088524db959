#pragma once
// Serves HTTP/1.1 on listening sockets, Unix or TCP, from one Asio thread of its own. Owner: Gateway. start(), stop() and
// the destructor belong to the owner's thread; handlers run on the Asio thread. Hostile clients cost bounded memory, bounded
// time and one connection slot. Nothing survives a crash.

#include <functional>
#include <memory>
#include <vector>

#include "config/status.hpp"
#include "gateway/http.hpp"
#include "gateway/unix_socket.hpp"

namespace autodidact {

struct HttpEndpoint {
  UniqueFd listener;  // bound and listening
  HttpHandler handler;
  std::function<Status(int fd)> admit;  // asked once per connection; not ok: the peer reads that error and is dropped
  bool check_host = false;              // refuse a Host that a rebound DNS name could have put there
  // How an error that comes from no handler is said to whoever asked for `path`; null: error_reply() with that HTTP status.
  std::function<HttpReply(std::string_view path, int status, const Status&)> say_error;
  HttpLimits limits;
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> start(std::vector<HttpEndpoint> endpoints);
  ~HttpServer();  // stop(0)

  // No new connections; idle ones close at once, busy ones when answered or after `grace_ms`. Then joins the thread.
  void stop(int grace_ms);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autodidact
