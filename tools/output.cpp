#include "tools/output.hpp"

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace autodidact {

namespace {

constexpr std::size_t kFlushBytes = 64 * 1024;

bool has_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string pager_command() {
  for (const char* name : {"AUTODIDACT_PAGER", "PAGER"}) {
    if (const char* value = std::getenv(name)) return value;
  }
  return "less";
}

}  // namespace

Output::Output(const std::string& color, bool json, bool pager)
    : json_(json), terminal_(::isatty(STDOUT_FILENO) == 1), pager_(pager && terminal_ && !json) {
  style_.color = color == "always" || (color == "auto" && terminal_ && !has_variable("NO_COLOR"));
  winsize size = {};
  if (terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style_.width = size.ws_col;
    height_ = size.ws_row;
  } else if (!terminal_) {
    style_.width = 1000;  // a file or a pipe: nothing is cut
  }
}

void Output::text(std::string_view text) {
  pending_.append(text);
  if (!pager_ && pending_.size() >= kFlushBytes) flush();
}

void Output::json_line(std::string_view line) {
  pending_.append(terminal_ ? escape_text(line) : std::string(line)).push_back('\n');
  if (pending_.size() >= kFlushBytes) flush();
}

void Output::flush() {
  if (pending_.empty()) return;
  const auto lines = static_cast<std::size_t>(std::count(pending_.begin(), pending_.end(), '\n'));
  if (!pager_ || lines < height_ || !page()) write_all(STDOUT_FILENO, pending_);
  pending_.clear();
}

void Output::write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      failed_ = true;
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// False when there is no pager to be had.
bool Output::page() {
  const std::string command = pager_command();
  if (command.empty() || command == "cat") return false;
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::setenv("LESS", "FRX", /*overwrite=*/0);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[0]);
  if (child < 0) {
    ::close(ends[1]);
    return false;
  }
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // the reader may leave early: that is no failure
  write_all(ends[1], pending_);
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  std::signal(SIGPIPE, before);
  failed_ = false;
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

}  // namespace autodidact
