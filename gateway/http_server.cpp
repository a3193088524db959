#include "gateway/http_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "gateway/blocked_signals.hpp"
#include "gateway/http_session.hpp"

namespace autodidact {

namespace {

// Accepts connections of one endpoint and keeps the book of them. Asio thread only.
class Acceptor {
 public:
  Acceptor(std::shared_ptr<IoCore> core, HttpEndpoint endpoint)
      : core_(std::move(core)),
        listener_(core_->io, endpoint.listener.release()),
        endpoint_(std::make_shared<const HttpEndpoint>(std::move(endpoint))),
        retry_(core_->io) {}

  void accept() {
    listener_.async_wait(net::posix::descriptor_base::wait_read, [this](beast::error_code error) {
      if (error || closed_) return;
      accept_waiting();
    });
  }

  void close(bool now) {
    closed_ = true;
    retry_.cancel();
    beast::error_code ignored;
    listener_.close(ignored);
    auto sessions = sessions_;  // closing takes them out of the book
    for (auto& [id, session] : sessions) now ? session->close() : session->close_when_answered();
  }

  std::size_t count() const { return sessions_.size(); }

 private:
  void accept_waiting() {
    for (int i = 0; i < 16; ++i) {
      const int fd = ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        admit(fd);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        return pause();  // out of handles: asking again at once would spin
      } else if (errno != EINTR && errno != ECONNABORTED) {
        break;
      }
    }
    accept();
  }

  void pause() {
    evict_idle();
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](beast::error_code error) {
      if (!error && !closed_) accept();
    });
  }

  void admit(int fd) {
    sockaddr_storage name = {};
    socklen_t size = sizeof name;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    const int on = 1;
    if (name.ss_family != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // parts of a stream are small
    Session::Socket socket(core_->io);
    beast::error_code error;
    socket.assign(net::generic::stream_protocol(name.ss_family, 0), fd, error);
    if (error) {
      ::close(fd);
      return;
    }
    if (sessions_.size() >= endpoint_->limits.connections && !evict_idle()) return;  // all are busy: the newcomer goes
    const std::uint64_t id = ++last_id_;
    auto session = std::make_shared<Session>(core_, std::move(socket), endpoint_, id, bodies_bytes_,
                                             [this](std::uint64_t gone) { sessions_.erase(gone); });
    sessions_.emplace(id, session);
    const Status admitted = endpoint_->admit ? endpoint_->admit(fd) : Status();
    admitted.ok() ? session->start() : session->refuse(admitted);
  }

  bool evict_idle() {
    std::shared_ptr<Session> oldest;
    for (auto& [id, session] : sessions_) {
      if (session->idle() && (!oldest || session->idle_since() < oldest->idle_since())) oldest = session;
    }
    if (oldest) oldest->close();
    return oldest != nullptr;
  }

  const std::shared_ptr<IoCore> core_;
  net::posix::stream_descriptor listener_;
  const std::shared_ptr<const HttpEndpoint> endpoint_;
  const std::shared_ptr<std::size_t> bodies_bytes_ = std::make_shared<std::size_t>(0);  // being read; Asio thread only
  net::steady_timer retry_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  std::uint64_t last_id_ = 0;
  bool closed_ = false;
};

}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<IoCore> core = std::make_shared<IoCore>();
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  net::executor_work_guard<net::io_context::executor_type> work{core->io.get_executor()};
  std::thread thread;

  void run() {
    pthread_setname_np(pthread_self(), "ad-http");
    for (;;) {
      try {
        core->io.run();
        return;
      } catch (const std::exception&) {
        // Out of memory in one connection's handler: that connection is lost, the others go on.
      }
    }
  }

  // Runs `step` on the Asio thread and waits for it.
  template <class F>
  auto on_thread(F step) {
    std::packaged_task<decltype(step())()> task(std::move(step));
    auto result = task.get_future();
    net::post(core->io, std::move(task));
    return result.get();
  }

  void close_all(bool now) {
    on_thread([this, now] {
      for (auto& acceptor : acceptors) acceptor->close(now);
    });
  }

  std::size_t open_sessions() {
    return on_thread([this] {
      std::size_t count = 0;
      for (auto& acceptor : acceptors) count += acceptor->count();
      return count;
    });
  }
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(0); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::vector<HttpEndpoint> endpoints) {
  try {
    auto impl = std::make_unique<Impl>();
    for (auto& endpoint : endpoints) {
      impl->acceptors.push_back(std::make_unique<Acceptor>(impl->core, std::move(endpoint)));
      impl->acceptors.back()->accept();
    }
    const BlockedSignals blocked;
    impl->thread = std::thread([impl = impl.get()] { impl->run(); });
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& error) {
    return Status(Errc::kInternal, std::string("cannot start the HTTP server: ") + error.what());
  }
}

void HttpServer::stop(int grace_ms) {
  if (!impl_->thread.joinable()) return;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(grace_ms);
  impl_->close_all(/*now=*/false);
  while (impl_->open_sessions() > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  impl_->close_all(/*now=*/true);
  impl_->work.reset();
  impl_->thread.join();
}

}  // namespace autodidact
