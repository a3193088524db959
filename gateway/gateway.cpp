#include "gateway/gateway.hpp"

#include <unistd.h>

#include "gateway/http_server.hpp"
#include "gateway/openai/routes.hpp"
#include "gateway/replay_workers.hpp"
#include "gateway/routes.hpp"
#include "gateway/tcp_listener.hpp"
#include "gateway/unix_socket.hpp"

namespace autodidact {

namespace {

// The admin surface is for the daemon's own user and root. The file mode says so too; this holds if somebody changes it.
Status admit_owner(int fd) {
  AD_ASSIGN_OR_RETURN(const std::uint32_t uid, peer_uid(fd));
  if (uid == 0 || uid == ::geteuid()) return Status();
  return Status(Errc::kPermission,
                "user " + std::to_string(uid) + " may not administer this daemon; ask as its own user or root");
}

HttpHandler tcp_routes(AdminBackend& backend, const GatewaySettings& settings) {
  HttpHandler health = health_routes(backend);
  return settings.answers == nullptr ? health : api_routes(*settings.answers, settings.api, std::move(health));
}

}  // namespace

struct Gateway::Impl {
  explicit Impl(InspectPlace place) : workers(std::make_unique<ReplayWorkers>(std::move(place))) {}

  UnixListener admin;  // its descriptor is the server's once that runs
  std::string health_address;
  std::unique_ptr<ReplayWorkers> workers;  // before the server whose handlers use it: destroyed behind it
  std::unique_ptr<HttpServer> server;
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gateway::~Gateway() { stop(0); }

Result<std::unique_ptr<Gateway>> Gateway::start(AdminBackend& backend, GatewaySettings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings.place));
  std::vector<HttpEndpoint> endpoints;
  if (!settings.listen.empty()) {
    AD_ASSIGN_OR_RETURN(TcpListener tcp, listen_tcp(settings.listen, settings.allow_non_loopback));
    impl->health_address = tcp.address;
    endpoints.push_back({.listener = std::move(tcp.fd),
                         .handler = tcp_routes(backend, settings),
                         .admit = {},
                         .check_host = true,
                         .say_error = settings.answers != nullptr ? say_error : decltype(HttpEndpoint::say_error)(),
                         .limits = settings.health_limits});
  }
  if (!settings.admin_socket.empty()) {
    AD_ASSIGN_OR_RETURN(impl->admin, listen_unix(settings.admin_socket));
    endpoints.push_back({.listener = std::move(impl->admin.fd),
                         .handler = admin_routes(backend, *impl->workers),
                         .admit = admit_owner,
                         .check_host = false,
                         .say_error = {},
                         .limits = settings.admin_limits});
  }
  AD_ASSIGN_OR_RETURN(impl->server, HttpServer::start(std::move(endpoints)));
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

const std::string& Gateway::health_address() const { return impl_->health_address; }

void Gateway::stop(int grace_ms) {
  impl_->admin.remove_file();
  if (impl_->server) impl_->server->stop(grace_ms);
  impl_->workers.reset();
}

}  // namespace autodidact
