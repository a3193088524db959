#include "tests/tools/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace autodidact {

namespace {

struct Ends {
  int out = -1, err = -1;
};

[[noreturn]] void become(const std::vector<std::string>& words, const RunOptions& options) {
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
  for (const std::string& variable : options.environment) {
    const auto equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

pid_t start_on_terminal(const std::vector<std::string>& words, const RunOptions& options, Ends& ends) {
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = 80;
  const pid_t child = ::forkpty(&ends.out, nullptr, nullptr, &size);
  if (child == 0) become(words, options);
  return child;
}

pid_t start_on_pipes(const std::vector<std::string>& words, const RunOptions& options, Ends& ends) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    become(words, options);
  }
  ::close(out[1]);
  ::close(err[1]);
  ends = {out[0], err[0]};
  return child;
}

// False at the end of that stream.
bool take(int& fd, std::string& into, std::size_t most) {
  char bytes[16384];
  const auto got = ::read(fd, bytes, sizeof bytes);
  if (got < 0 && errno == EINTR) return true;
  if (got > 0) into.append(bytes, static_cast<std::size_t>(got));
  if (got > 0 && into.size() < most) return true;
  ::close(std::exchange(fd, -1));
  return false;
}

}  // namespace

ProcessRun run(const std::vector<std::string>& words, const RunOptions& options) {
  ProcessRun result;
  Ends ends;
  const pid_t child = options.terminal ? start_on_terminal(words, options, ends) : start_on_pipes(words, options, ends);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.limit_ms);
  while (ends.out >= 0 || ends.err >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    pollfd waits[2] = {{ends.out, POLLIN, 0}, {ends.err, POLLIN, 0}};
    if (::poll(waits, 2, static_cast<int>(left)) <= 0) continue;
    if (waits[0].revents != 0) take(ends.out, result.out, options.read_at_most);
    if (waits[1].revents != 0) take(ends.err, result.err, SIZE_MAX);
  }
  if (ends.out >= 0 || ends.err >= 0) ::kill(child, SIGKILL);
  for (const int fd : {ends.out, ends.err}) {
    if (fd >= 0) ::close(fd);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::string autodidact_path() {
  const char* directory = std::getenv("AD_BIN_DIR");
  return std::string(directory == nullptr ? "bin" : directory) + "/autodidact";
}

ProcessRun autodidact(std::vector<std::string> words, const RunOptions& options) {
  words.insert(words.begin(), {autodidact_path(), "-q"});
  return run(words, options);
}

}  // namespace autodidact
