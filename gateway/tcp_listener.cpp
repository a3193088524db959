#include "gateway/tcp_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "config/files.hpp"

namespace autodidact {

namespace {

constexpr int kBacklog = 1024;  // beyond, a client's first packet is lost, and comes again a second later

struct Address {
  sockaddr_storage name = {};
  socklen_t size = 0;
  bool loopback = false;
};

Address make_v4(const in_addr& ip, std::uint16_t port) {
  Address address;
  auto* name = reinterpret_cast<sockaddr_in*>(&address.name);
  name->sin_family = AF_INET;
  name->sin_addr = ip;
  name->sin_port = htons(port);
  address.size = sizeof *name;
  address.loopback = (ntohl(ip.s_addr) >> 24) == 127;
  return address;
}

Address make_v6(const in6_addr& ip, std::uint16_t port) {
  Address address;
  auto* name = reinterpret_cast<sockaddr_in6*>(&address.name);
  name->sin6_family = AF_INET6;
  name->sin6_addr = ip;
  name->sin6_port = htons(port);
  address.size = sizeof *name;
  address.loopback = IN6_IS_ADDR_LOOPBACK(&ip);
  return address;
}

Result<Address> parse(const std::string& listen) {
  const Status bad(Errc::kUsage,
                   "gateway.listen must be an address and a port like 127.0.0.1:9464 or [::1]:0, not \"" + listen + "\"");
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) return bad;
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad;
  const std::string host = listen.substr(0, colon);
  in_addr v4 = {};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return make_v4(v4, port);
  in6_addr v6 = {};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed && ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) return make_v6(v6, port);
  return bad;
}

Result<std::string> bound_address(int fd, const std::string& listen) {
  sockaddr_storage name = {};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return errno_status(errno, "look up the bound port");
  const auto port = name.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&name)->sin_port
                                              : reinterpret_cast<sockaddr_in6*>(&name)->sin6_port;
  return listen.substr(0, listen.rfind(':') + 1) + std::to_string(ntohs(port));
}

}  // namespace

Result<TcpListener> listen_tcp(const std::string& listen, bool allow_non_loopback) {
  AD_ASSIGN_OR_RETURN(const Address address, parse(listen));
  if (!address.loopback && !allow_non_loopback) {
    return Status(Errc::kPermission, "gateway.listen = \"" + listen +
                                         "\" is not loopback, and health and metrics are unauthenticated; use 127.0.0.1 and a "
                                         "proxy with authentication in front");
  }
  UniqueFd fd(::socket(address.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return errno_status(errno, "make a TCP socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), address.size) != 0) {
    if (errno == EADDRINUSE) return Status(Errc::kTemporary, "gateway.listen = \"" + listen + "\": the port is taken");
    return errno_status(errno, "bind " + listen, Errc::kCannotCreate);
  }
  if (::listen(fd.get(), kBacklog) != 0) return errno_status(errno, "listen on " + listen);
  AD_ASSIGN_OR_RETURN(std::string bound, bound_address(fd.get(), listen));
  return TcpListener{std::move(fd), std::move(bound)};
}

}  // namespace autodidact
