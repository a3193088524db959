#include "tests/gateway/raw_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace autodidact {

namespace {

using SteadyClock = std::chrono::steady_clock;

int left_ms(SteadyClock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

}  // namespace

RawConnection RawConnection::to_unix(const std::string& path) {
  auto fd = connect_unix(path);
  return RawConnection(fd.ok() ? std::move(fd).value() : UniqueFd());
}

RawConnection RawConnection::to_tcp(const std::string& address) {
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fd.reset();
  return RawConnection(std::move(fd));
}

bool RawConnection::send(std::string_view bytes, int ms) {
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN || left_ms(end) == 0) return false;
    pollfd wait = {fd_.get(), POLLOUT, 0};
    ::poll(&wait, 1, left_ms(end));
  }
  return true;
}

bool RawConnection::read_some(int ms) {
  pollfd wait = {fd_.get(), POLLIN, 0};
  if (eof_ || ::poll(&wait, 1, ms) <= 0) return false;
  char bytes[65536];
  const auto got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (got <= 0) {
    eof_ = true;
    return false;
  }
  input_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string RawConnection::reply(int ms) {
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  for (;;) {
    const auto head = input_.find("\r\n\r\n");
    if (head != std::string::npos) {
      const auto length_at = input_.find("Content-Length: ");
      const std::size_t length = length_at < head ? std::strtoul(input_.c_str() + length_at + 16, nullptr, 10) : 0;
      const std::size_t size = head + 4 + length;
      if (input_.size() >= size) {
        std::string whole = input_.substr(0, size);
        input_.erase(0, size);
        return whole;
      }
    }
    if (!read_some(left_ms(end))) return std::exchange(input_, {});
  }
}

std::string RawConnection::until(std::string_view mark, int ms) {
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  for (;;) {
    const auto found = input_.find(mark);
    if (found != std::string::npos) {
      std::string text = input_.substr(0, found + mark.size());
      input_.erase(0, text.size());
      return text;
    }
    if (!read_some(left_ms(end))) return std::exchange(input_, {});
  }
}

std::string RawConnection::until_closed(int ms) {
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  do {
    read_some(left_ms(end));
  } while (!eof_ && left_ms(end) > 0);
  return std::exchange(input_, {});
}

bool RawConnection::closes_within(int ms) {
  until_closed(ms);
  return eof_;
}

void RawConnection::shut_down_sending() { ::shutdown(fd_.get(), SHUT_WR); }

int status_of(const std::string& reply) { return reply.rfind("HTTP/1.1 ", 0) == 0 ? std::atoi(reply.c_str() + 9) : 0; }

std::string body_of(const std::string& reply) {
  const auto head = reply.find("\r\n\r\n");
  return head == std::string::npos ? "" : reply.substr(head + 4);
}

}  // namespace autodidact
