#include "gateway/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/files.hpp"

namespace autodidact {

namespace {

// sun_path for `path`, and the directory descriptor that must stay open while it is used.
struct Address {
  sockaddr_un name = {};
  socklen_t size = 0;
  UniqueFd directory;
};

Result<Address> make_address(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path;
  if (path.empty() || path.find('\0') != std::string::npos) return Status(Errc::kUsage, "a socket path must not be empty");
  if (text.size() >= sizeof(address.name.sun_path)) {
    const std::string parent = parent_directory(path);
    address.directory = UniqueFd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (address.directory.get() < 0) return errno_status(errno, "open " + parent);
    const auto slash = path.rfind('/');
    text = "/proc/self/fd/" + std::to_string(address.directory.get()) + "/" + path.substr(slash + 1);
    if (text.size() >= sizeof(address.name.sun_path)) {
      return Status(Errc::kUsage, "the socket's file name is too long: " + path);
    }
  }
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
  return address;
}

Result<UniqueFd> new_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return errno_status(errno, "make a Unix socket");
  return fd;
}

// Clears the way for bind(): nothing there, or a socket nobody listens on.
Status remove_stale(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Status() : errno_status(errno, "look at " + path, Errc::kCannotCreate);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Status(Errc::kCannotCreate, path + " is there and is not a socket; remove it or set gateway.admin_socket");
  }
  auto taken = connect_unix(path);
  if (taken.ok() || taken.status().code() == Errc::kTemporary)
    return Status(Errc::kTemporary, "another process listens on " + path + "; stop it first");
  if (taken.status().code() != Errc::kUnavailable) return taken.status();
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_status(errno, "remove the stale socket " + path);
  return Status();
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void UnixListener::remove_file() const {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0 || info.st_dev != device || info.st_ino != inode) return;
  ::unlink(path.c_str());
}

Result<UnixListener> listen_unix(const std::string& path, int backlog) {
  AD_RETURN_IF_ERROR(remove_stale(path));
  AD_ASSIGN_OR_RETURN(Address address, make_address(path));
  AD_ASSIGN_OR_RETURN(UniqueFd fd, new_socket());
  // On Linux the file gets the socket's own mode: no umask to set (process-wide, so a race) and no moment of 0755.
  if (::fchmod(fd.get(), 0600) != 0) return errno_status(errno, "restrict the socket " + path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), address.size) != 0) {
    return errno_status(errno, "bind " + path, Errc::kCannotCreate);
  }
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return errno_status(errno, "look at " + path, Errc::kCannotCreate);
  if (::listen(fd.get(), backlog) != 0) return errno_status(errno, "listen on " + path);
  return UnixListener{std::move(fd), path, info.st_dev, info.st_ino};
}

Result<UniqueFd> connect_unix(const std::string& path) {
  auto address = make_address(path);
  if (!address.ok()) {
    const bool missing = address.status().code() == Errc::kNotFound;
    return missing ? Status(Errc::kUnavailable, "no daemon listens on " + path) : address.status();
  }
  AD_ASSIGN_OR_RETURN(UniqueFd fd, new_socket());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->name), address->size) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
    return Status(Errc::kUnavailable, "no daemon listens on " + path);
  }
  if (errno == EAGAIN) return Status(Errc::kTemporary, "the daemon at " + path + " has too many callers; try again");
  return errno_status(errno, "connect to " + path);
}

Result<std::uint32_t> peer_uid(int fd) {
  ucred credentials = {};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return errno_status(errno, "read peer credentials");
  return static_cast<std::uint32_t>(credentials.uid);
}

}  // namespace autodidact
