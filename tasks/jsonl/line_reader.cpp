#include "tasks/jsonl/line_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "config/files.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Descriptor {
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

}  // namespace

LineReader::LineReader(ReadBytes source, std::string file) : source_(std::move(source)), file_(std::move(file)) {}

Result<LineReader> LineReader::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const auto file = std::make_shared<Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file->fd < 0) return errno_status(errno, "open " + path);
  struct stat info = {};
  if (::fstat(file->fd, &info) != 0) return errno_status(errno, "inspect " + path);
  if (!S_ISREG(info.st_mode)) return Status(Errc::kBadInput, path + " is not a regular file");
  return LineReader(
      [file, path](std::span<char> to) -> Result<std::size_t> {
        for (;;) {
          const ssize_t n = ::read(file->fd, to.data(), to.size());
          if (n >= 0) return static_cast<std::size_t>(n);
          if (errno != EINTR) return errno_status(errno, "read " + path);
        }
      },
      path);
}

// Reads on; false at the end of the text.
Result<bool> LineReader::fill() {
  if (begin_ > 0) {  // at most one line's worth is moved, and only when a chunk is used up
    buffer_.erase(0, begin_);
    looked_ -= begin_;
    begin_ = 0;
  }
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kChunk);
  auto got = source_(std::span<char>(buffer_).subspan(held));
  buffer_.resize(held + (got.ok() ? *got : 0));
  if (!got.ok()) return got.status();
  return *got > 0;
}

Result<bool> LineReader::next(std::string_view& line) {
  std::size_t end = 0;
  while ((end = buffer_.find('\n', looked_)) == std::string::npos && !ended_) {
    looked_ = buffer_.size();
    if (looked_ - begin_ > kMaxLineBytes) break;
    AD_ASSIGN_OR_RETURN(const bool more, fill());
    ended_ = !more;
  }
  if (end == std::string::npos && begin_ == buffer_.size()) return false;
  ++number_;
  line = std::string_view(buffer_).substr(begin_, end == std::string::npos ? end : end - begin_);
  if (line.size() > kMaxLineBytes) {
    return error("the line is longer than " + std::to_string(kMaxLineBytes >> 20) + " MiB; is this one JSON object a line?");
  }
  begin_ = looked_ = end == std::string::npos ? buffer_.size() : end + 1;
  if (number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

Status LineReader::error(const std::string& what) const {
  return {Errc::kBadInput, file_ + ":" + std::to_string(number_) + ": " + what};
}

Status LineReader::error_at(std::size_t column, const std::string& what) const {
  return {Errc::kBadInput, file_ + ":" + std::to_string(number_) + ":" + std::to_string(column) + ": " + what};
}

}  // namespace autodidact
