#pragma once
// A listening TCP socket from "address:port", loopback unless told otherwise. Free functions; any thread.

#include <string>

#include "config/status.hpp"
#include "gateway/unix_socket.hpp"

namespace autodidact {

struct TcpListener {
  UniqueFd fd;
  std::string address;  // as bound, the port filled in
};

// listen: "127.0.0.1:9464", "[::1]:0"; a literal address, since a name may come to mean another machine.
// kUsage: not that. kPermission: not loopback, and that was not allowed. kTemporary: the port is taken.
Result<TcpListener> listen_tcp(const std::string& listen, bool allow_non_loopback);

}  // namespace autodidact
