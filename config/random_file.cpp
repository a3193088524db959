#include "config/random_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/files.hpp"

namespace autodidact {

Result<RandomFile> RandomFile::open(const std::string& path, std::uint64_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // opening a pipe must not wait for its writer
  if (fd < 0) return errno_status(errno, "open " + path);
  std::shared_ptr<const int> file(new int(fd), [](const int* open) {
    ::close(*open);
    delete open;
  });
  struct stat info;
  if (::fstat(fd, &info) != 0) return errno_status(errno, "inspect " + path);
  if (!S_ISREG(info.st_mode)) return {Errc::kBadInput, path + " is not a regular file"};
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > max_bytes)
    return {Errc::kBadInput, path + " is longer than the " + std::to_string(max_bytes) + " bytes allowed here"};
  return RandomFile(std::move(file), size);
}

Status RandomFile::read(std::uint64_t offset, std::span<char> to) const {
  const Status ended(Errc::kBadInput, "ends before byte " + std::to_string(offset + to.size()));
  if (offset > size_ || to.size() > size_ - offset) return ended;
  if (file_ == nullptr) {
    std::memcpy(to.data(), bytes_.data() + offset, to.size());
    return {};
  }
  for (std::size_t done = 0; done < to.size();) {
    const ssize_t n = ::pread(*file_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "read");
    if (n == 0) return ended;
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace autodidact
