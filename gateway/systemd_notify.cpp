#include "gateway/systemd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "config/files.hpp"
#include "gateway/unix_socket.hpp"

namespace autodidact {

namespace {

std::string take_variable(const char* variable) {
  const char* value = std::getenv(variable);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(variable);
  return text;
}

// 0 when `text` is no number.
std::uint64_t to_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

std::uint64_t monotonic_us() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

SystemdNotify SystemdNotify::from_environment() {
  const std::string address = take_variable("NOTIFY_SOCKET");
  const std::uint64_t interval_us = to_number(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  const bool ours = pid.empty() || to_number(pid) == static_cast<std::uint64_t>(::getpid());
  return SystemdNotify(address, std::chrono::microseconds(ours ? interval_us : 0));
}

SystemdNotify::SystemdNotify(std::string address, std::chrono::microseconds watchdog)
    : address_(std::move(address)), watchdog_(watchdog) {}

Status SystemdNotify::ready(std::string_view status) const { return send("READY=1\nSTATUS=" + one_line(status)); }

Status SystemdNotify::status(std::string_view status) const { return send("STATUS=" + one_line(status)); }

Status SystemdNotify::reloading() const { return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_us())); }

Status SystemdNotify::stopping(std::string_view status) const { return send("STOPPING=1\nSTATUS=" + one_line(status)); }

Status SystemdNotify::watchdog() const { return send("WATCHDOG=1"); }

Status SystemdNotify::extend_timeout(std::chrono::microseconds more) const {
  return send("EXTEND_TIMEOUT_USEC=" + std::to_string(more.count()));
}

Status SystemdNotify::send(const std::string& message) const {
  if (!enabled()) return Status();
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  if ((address_[0] != '/' && address_[0] != '@') || address_.size() >= sizeof(to.sun_path)) {
    return Status(Errc::kUsage, "NOTIFY_SOCKET must be an absolute path or @name of at most 107 bytes: " + address_);
  }
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (address_[0] == '@') to.sun_path[0] = '\0';
  // An abstract name ends where its length says, a path at its zero byte.
  const std::size_t tail = address_[0] == '@' ? 0 : 1;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() + tail);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return errno_status(errno, "make a notify socket");
  const auto sent =
      ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
  if (sent < 0) return errno_status(errno, "notify " + address_, Errc::kUnavailable);
  return Status();
}

}  // namespace autodidact
