#include "model/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/files.hpp"

namespace autodidact {
namespace {

Status ends_at(std::uint64_t byte) { return {Errc::kBadInput, "ends at byte " + std::to_string(byte) + " (truncated file?)"}; }

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t at, std::span<char> to) const override {
    if (at > bytes_.size() || to.size() > bytes_.size() - at) return ends_at(bytes_.size());
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + at, to.size());
    return {};
  }

 private:
  const std::string bytes_;
};

class FileSource final : public ByteSource {
 public:
  FileSource(int handle, std::uint64_t size) : handle_(handle), size_(size) {}
  ~FileSource() override { ::close(handle_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t at, std::span<char> to) const override {
    if (at > size_ || to.size() > size_ - at) return ends_at(size_);
    while (!to.empty()) {
      const ssize_t got = ::pread(handle_, to.data(), to.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_status(errno, "read");
      if (got == 0) return ends_at(at);
      at += static_cast<std::uint64_t>(got);
      to = to.subspan(static_cast<std::size_t>(got));
    }
    return {};
  }

 private:
  const int handle_;
  const std::uint64_t size_;  // when it was opened
};

}  // namespace

std::shared_ptr<const ByteSource> bytes_in_memory(std::string bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

Result<std::shared_ptr<const ByteSource>> bytes_of_file(const std::string& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hold us up
  if (handle < 0) return errno_status(errno, "open " + path);
  struct stat about {};
  if (::fstat(handle, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(handle);
    return Status(Errc::kBadInput, path + " is no regular file");
  }
  return std::shared_ptr<const ByteSource>(std::make_shared<FileSource>(handle, static_cast<std::uint64_t>(about.st_size)));
}

}  // namespace autodidact
