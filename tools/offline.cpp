#include "tools/offline.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "config/files.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kMaxOutputBytes = 64 << 20;
constexpr int kNotThere = 127;

std::string beside_this_program() {
  char path[4096];
  const auto length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0 || static_cast<std::size_t>(length) == sizeof path) return "";
  return parent_directory(std::string(path, static_cast<std::size_t>(length))) + "/autodidactd";
}

// In the child: never returns.
[[noreturn]] void become(const std::string& beside, std::vector<char*>& words, int output) {
  ::dup2(output, STDOUT_FILENO);
  if (!beside.empty()) ::execv(beside.c_str(), words.data());
  ::execvp("autodidactd", words.data());
  ::_exit(kNotThere);
}

}  // namespace

Result<OfflineAnswer> run_autodidactd(const std::vector<std::string>& arguments) {
  std::vector<std::string> copies = {"autodidactd"};
  copies.insert(copies.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);
  const std::string beside = beside_this_program();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_status(errno, "make a pipe");
  const pid_t child = ::fork();
  if (child == 0) become(beside, words, ends[1]);
  ::close(ends[1]);
  OfflineAnswer answer;
  char bytes[4096];
  for (;;) {
    const auto got = ::read(ends[0], bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || answer.output.size() > kMaxOutputBytes) break;
    answer.output.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (child < 0) return Status(Errc::kUnavailable, "cannot start autodidactd");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  answer.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(Errc::kInternal);
  if (answer.exit_status == kNotThere) {
    return Status(Errc::kUnavailable, "no daemon runs, and autodidactd is neither beside this program nor in PATH");
  }
  while (!answer.output.empty() && answer.output.back() == '\n') answer.output.pop_back();
  return answer;
}

}  // namespace autodidact
