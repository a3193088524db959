#pragma once
// A client that says exactly what a test wants said, byte by byte. Waits end: every read has a deadline.

#include <string>
#include <string_view>

#include "gateway/unix_socket.hpp"

namespace autodidact {

class RawConnection {
 public:
  static RawConnection to_unix(const std::string& path);
  static RawConnection to_tcp(const std::string& address);  // "127.0.0.1:41297"

  bool connected() const { return fd_.get() >= 0; }
  // False when the other end is gone, or takes nothing for `ms`.
  bool send(std::string_view bytes, int ms = 5000);
  // One reply: head and a body of Content-Length. What came so far when the peer closes or `ms` is over.
  std::string reply(int ms = 5000);
  // What came up to `mark` and with it; less when the peer closes or `ms` is over.
  std::string until(std::string_view mark, int ms = 5000);
  // Everything until the peer closes, or what came within `ms`.
  std::string until_closed(int ms = 5000);
  // True when the peer closes within `ms`.
  bool closes_within(int ms);
  void shut_down_sending();
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  explicit RawConnection(UniqueFd fd) : fd_(std::move(fd)) {}
  bool read_some(int ms);

  UniqueFd fd_;
  std::string input_;
  bool eof_ = false;
};

// "200" of "HTTP/1.1 200 OK...", 0 when there is none.
int status_of(const std::string& reply);
std::string body_of(const std::string& reply);

}  // namespace autodidact
