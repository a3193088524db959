#include "config/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace autodidact {
namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  // Closes now; the error close() gives is the last chance to hear of a failed write (NFS, quotas).
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// Writes and syncs the temporary file; the caller renames or removes it.
Status write_temporary(Descriptor& fd, const std::string& temporary, std::string_view bytes, unsigned mode) {
  AD_RETURN_IF_ERROR(write_all(fd.get(), bytes, temporary));
  if (::fchmod(fd.get(), mode) != 0) return errno_status(errno, "set the mode of " + temporary);
  if (::fsync(fd.get()) != 0) return errno_status(errno, "sync " + temporary);
  if (fd.close() != 0) return errno_status(errno, "close " + temporary);
  return {};
}

}  // namespace

Status errno_status(int error, const std::string& action, Errc if_missing) {
  const std::string message = "cannot " + action + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR: return {if_missing, message};
    case EACCES:
    case EPERM:
    case EROFS: return {Errc::kPermission, message};
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return {Errc::kTemporary, message};
    default: return {Errc::kIo, message};
  }
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return errno_status(errno, "open " + path);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return errno_status(errno, "inspect " + path);
  if (!S_ISREG(info.st_mode)) return Status(Errc::kBadInput, path + " is not a regular file");
  std::string bytes;
  const auto too_long = [&] {
    return Status(Errc::kBadInput, path + " is longer than the " + std::to_string(max_bytes) + " bytes allowed here");
  };
  if (static_cast<std::uint64_t>(info.st_size) > max_bytes) return too_long();
  bytes.resize(static_cast<std::size_t>(info.st_size) + 1);  // one more than needed shows the end without a further resize
  std::size_t size = 0;
  while (true) {
    const ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "read " + path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
    if (size > max_bytes) return too_long();  // it grew under us, or is a pseudo-file that says 0
    if (size == bytes.size()) bytes.resize(size * 2);
  }
  bytes.resize(size);
  return bytes;
}

Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  std::string temporary = path + ".tmp-XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return errno_status(errno, "create " + path, Errc::kCannotCreate);
  Status status = write_temporary(fd, temporary, bytes, mode);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) status = errno_status(errno, "replace " + path);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(parent_directory(path));
}

Status make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    const Status status = errno_status(error.value(), "create directory " + path, Errc::kCannotCreate);
    return status.code() == Errc::kIo ? Status(Errc::kCannotCreate, status.message()) : status;
  }
  if (!std::filesystem::is_directory(path, error)) {
    return {Errc::kCannotCreate, "cannot create directory " + path + ": something else has that name"};
  }
  return {};
}

Status sync_directory(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return errno_status(errno, "open directory " + path);
  if (::fsync(fd.get()) != 0) return errno_status(errno, "sync directory " + path);
  return {};
}

Status replace_directory(const std::string& made, const std::string& directory) {
  int error = ::rename(made.c_str(), directory.c_str()) == 0 ? 0 : errno;
  if (error == ENOTEMPTY || error == EEXIST || error == ENOTDIR)
    error = ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) == 0 ? 0 : errno;
  std::error_code ignored;
  std::filesystem::remove_all(made, ignored);  // what was replaced, or what failed
  if (error != 0) return errno_status(error, "rename to " + directory, Errc::kCannotCreate);
  return sync_directory(parent_directory(directory));
}

std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace autodidact
