#include "storage/commit_mark.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "config/files.hpp"
#include "storage/bytes.hpp"

namespace autodidact {
namespace {

// One line of fixed length, so that an update overwrites it in place: readable with cat, checked with a sum.
constexpr const char* kBodyFormat = "autodidact 1 process %10ld group %20" PRIu64 " next %20" PRIu64;

std::string format_line(long process, const Mark& mark) {
  char body[128];
  std::snprintf(body, sizeof body, kBodyFormat, process, mark.group, mark.next_attempt);
  char line[sizeof body + 16];
  std::snprintf(line, sizeof line, "%s sum %08x\n", body, checksum(body, 0));
  return line;
}

std::string read_line(int file) {
  char line[256];
  const ssize_t size = ::pread(file, line, sizeof line, 0);
  return size > 0 ? std::string(line, static_cast<std::size_t>(size)) : std::string();
}

std::optional<Mark> parse_line(const std::string& line, long* process) {
  Mark mark;
  unsigned sum = 0;
  if (std::sscanf(line.c_str(), "autodidact 1 process %ld group %" SCNu64 " next %" SCNu64 " sum %x", process, &mark.group,
                  &mark.next_attempt, &sum) != 4) {
    return std::nullopt;
  }
  const std::size_t body = line.find(" sum ");
  if (checksum(std::string_view(line).substr(0, body), 0) != sum) return std::nullopt;
  return mark;
}

}  // namespace

std::string mark_path(const std::string& directory) { return directory + "/COMMITTED"; }

Result<CommitMark> CommitMark::open(const std::string& directory) {
  CommitMark mark;
  mark.path_ = mark_path(directory);
  mark.file_ = ::open(mark.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (mark.file_ < 0) return errno_status(errno, "open " + mark.path_, Errc::kCannotCreate);
  long process = 0;
  const bool locked = ::flock(mark.file_, LOCK_EX | LOCK_NB) == 0;
  const int error = errno;
  mark.found_ = parse_line(read_line(mark.file_), &process);
  if (locked) return mark;
  if (error != EWOULDBLOCK) return errno_status(error, "lock " + mark.path_, Errc::kIo);
  const std::string who = process > 0 ? "process " + std::to_string(process) : "another process";
  return {Errc::kTemporary,
          "replay store " + directory + " is in use by " + who + ": one daemon at a time; stop that one first"};
}

CommitMark::CommitMark(CommitMark&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), found_(other.found_) {}

CommitMark::~CommitMark() {
  if (file_ >= 0) ::close(file_);
}

Status CommitMark::update(const Mark& mark) {
  const std::string line = format_line(static_cast<long>(::getpid()), mark);
  const ssize_t written = ::pwrite(file_, line.data(), line.size(), 0);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return errno_status(written < 0 ? errno : EIO, "write " + path_, Errc::kIo);
}

std::optional<Mark> read_mark(const std::string& directory) {
  const auto bytes = read_file(mark_path(directory), 4096);
  long process = 0;
  return bytes.ok() ? parse_line(bytes.value(), &process) : std::nullopt;
}

}  // namespace autodidact
