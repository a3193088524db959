#include "actors/data_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "config/files.hpp"

namespace autodidact {

Result<DataDir> DataDir::open(const std::string& path) {
  for (const char* part : {"", "/store", "/versions", "/learner"}) {
    AD_RETURN_IF_ERROR(make_directories(path + part).with_context("data_dir"));
  }
  const std::string file = path + "/daemon.lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return errno_status(errno, "open " + file);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t n = ::pread(fd, holder, sizeof holder - 1, 0);
    ::close(fd);
    return Status(Errc::kTemporary, "another daemon (process " +
                                        std::string(n > 1 ? std::string(holder, static_cast<std::size_t>(n - 1)) : "unknown") +
                                        ") runs on " + path + "; stop it or choose another data_dir");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    const Status status = errno_status(errno, "write " + file);
    ::close(fd);
    return status;
  }
  return DataDir(path, fd);
}

DataDir::DataDir(DataDir&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDir& DataDir::operator=(DataDir&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataDir::~DataDir() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace autodidact
