#include "bench/stream_client.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace autodidact::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPatienceMs = 20'000;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

int connect_to(const std::string& address) {
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return fd;
  ::close(fd);
  return -1;
}

bool send_request(int fd, const std::string& body, const char* connection) {
  const std::string text =
      std::string("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n") +
      "Connection: " + connection + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::uint64_t number_behind(std::string_view text, std::string_view key) {
  const auto at = text.rfind(key);
  return at == std::string_view::npos ? 0 : std::strtoull(text.data() + at + key.size(), nullptr, 10);
}

std::uint64_t count(std::string_view text, std::string_view word) {
  std::uint64_t found = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++found;
  return found;
}

class Load {
 public:
  Load(const std::string& address, const std::vector<std::string>& bodies, std::size_t open)
      : bodies_(bodies), streams_(std::min(open, bodies.size())), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].fd = connect_to(address);
      epoll_event wanted = {};
      wanted.events = EPOLLIN;
      wanted.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, streams_[i].fd, &wanted);
    }
  }
  ~Load() {
    for (const Stream& stream : streams_) ::close(stream.fd);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  StreamRun run() {
    const auto begin = Clock::now();
    for (Stream& stream : streams_) send_next(stream);
    while (ended_ < bodies_.size() && run_.error.empty()) {
      epoll_event ready[64];
      const int count = ::epoll_wait(epoll_, ready, 64, kPatienceMs);
      if (count <= 0) run_.error = "nothing came for 20 s";
      for (int i = 0; i < count && run_.error.empty(); ++i) read(streams_[ready[i].data.u64]);
    }
    run_.seconds = seconds_since(begin);
    return std::move(run_);
  }

 private:
  struct Stream {
    int fd = -1;
    Clock::time_point sent;
    bool begun = false;
    std::string reply;
  };

  void send_next(Stream& stream) {
    if (sent_ == bodies_.size()) return;
    stream.reply.clear();
    stream.begun = false;
    stream.sent = Clock::now();
    if (!send_request(stream.fd, bodies_[sent_++], "keep-alive")) run_.error = "a request could not be sent";
  }

  void read(Stream& stream) {
    char bytes[65536];
    const auto got = ::recv(stream.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      run_.error = "the server hung up: " + stream.reply;
      return;
    }
    stream.reply.append(bytes, static_cast<std::size_t>(got));
    if (!stream.begun && stream.reply.find("data: ") != std::string::npos) {
      stream.begun = true;
      run_.first_token_s.push_back(seconds_since(stream.sent));
    }
    if (stream.reply.ends_with("\r\n0\r\n\r\n"))
      end(stream);
    else if (!stream.reply.starts_with("HTTP/1.1 200 "))
      run_.error = stream.reply;
  }

  void end(Stream& stream) {
    ++ended_;
    run_.tokens += number_behind(stream.reply, "\"completion_tokens\":");
    run_.events += count(stream.reply, "data: ");
    send_next(stream);
  }

  const std::vector<std::string>& bodies_;
  std::vector<Stream> streams_;
  const int epoll_;
  std::size_t sent_ = 0, ended_ = 0;
  StreamRun run_;
};

}  // namespace

StreamRun run_streams(const std::string& address, const std::vector<std::string>& bodies, std::size_t open) {
  return Load(address, bodies, open).run();
}

std::string post_completion(const std::string& address, const std::string& body) {
  const int fd = connect_to(address);
  const timeval patience{kPatienceMs / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string reply;
  if (send_request(fd, body, "close")) {
    char bytes[65536];
    for (ssize_t got = 0; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) reply.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return reply.substr(std::min(reply.size(), reply.find("\r\n\r\n")));
}

}  // namespace autodidact::bench
