#pragma once
// Unix stream sockets by path: listen with mode 0600, connect, ask who is at the other end. Paths of any length work (the
// kernel's own limit is 107 bytes: longer ones go through the parent directory's descriptor). Free functions; any thread.

#include <cstdint>
#include <string>
#include <utility>

#include "config/status.hpp"

namespace autodidact {

// An open descriptor, closed when it goes away. -1 = none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// A listening socket and the file that names it.
struct UnixListener {
  UniqueFd fd;
  std::string path;
  std::uint64_t device = 0, inode = 0;  // of the file, to know it again

  // Removes the file if it is still ours: never a successor's.
  void remove_file() const;
};

// Listens at `path`, readable and writable by the owner alone from the first instant. A socket nobody listens on (left by a
// crash) is replaced. kTemporary: somebody does listen there. kCannotCreate: the name is something else's.
Result<UnixListener> listen_unix(const std::string& path, int backlog = 128);

// A non-blocking connected socket. kUnavailable: no socket there, or nobody listens. kTemporary: its queue is full; try
// again. kPermission: not ours to talk to.
Result<UniqueFd> connect_unix(const std::string& path);

// The user at the other end of a connected Unix socket, as the kernel knows it.
Result<std::uint32_t> peer_uid(int fd);

}  // namespace autodidact
