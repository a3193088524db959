#include "gateway/http_exchange.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>

#include "config/status.hpp"
#include "gateway/http_session.hpp"

namespace autodidact {

namespace {

class SessionExchange : public Exchange {
 public:
  SessionExchange(std::weak_ptr<IoCore> core, std::weak_ptr<Session> session, std::uint64_t serial, const HttpLimits& limits,
                  std::shared_ptr<StreamPipe> pipe)
      : core_(std::move(core)), session_(std::move(session)), serial_(serial), limits_(limits), pipe_(std::move(pipe)) {}

  ~SessionExchange() override {
    if (!answered_.load()) {
      on_session([serial = serial_](Session& session) {
        session.fail(serial, Status(Errc::kInternal, "the daemon gave no answer; its log may say why"));
      });
    } else if (streaming_ && !finished_) {
      // Cut short: the client must not take it for whole.
      on_session([serial = serial_](Session& session) { session.cut(serial); });
    }
  }

  void reply(HttpReply reply) override {
    if (answered_.exchange(true)) return;
    on_session(
        [serial = serial_, reply = std::move(reply)](Session& session) mutable { session.reply(serial, std::move(reply)); });
  }

  bool write(std::string_view bytes) override {
    if (!streaming_ && answered_.exchange(true)) return false;
    streaming_ = true;
    std::unique_lock lock(pipe_->mutex);
    if (!wait_for_room(lock)) return false;
    pipe_->pending.append(bytes);
    schedule_pump();
    return true;
  }

  bool offer(std::string_view bytes) override {
    if (!streaming_ && answered_.exchange(true)) return false;
    streaming_ = true;
    const std::lock_guard lock(pipe_->mutex);
    if (pipe_->closed || session_.expired()) return false;
    if (pipe_->pending.size() >= limits_.stream_buffer_bytes) {
      pipe_->closed = true;
      on_session([serial = serial_](Session& session) { session.cut(serial); });
      return false;
    }
    pipe_->pending.append(bytes);
    schedule_pump();
    return true;
  }

  void finish() override {
    if (!streaming_ && answered_.exchange(true)) return;
    streaming_ = finished_ = true;
    const std::lock_guard lock(pipe_->mutex);
    pipe_->finished = true;
    if (pipe_->scheduled) return on_session([serial = serial_](Session& session) { session.hurry(serial); });
    schedule_pump();
  }

  bool wanted() const override {
    const std::lock_guard lock(pipe_->mutex);
    return !pipe_->closed && !session_.expired();
  }

  void answer_within(int ms) override {
    on_session([serial = serial_, ms](Session& session) { session.answer_within(serial, ms); });
  }

  void watch_client() override {
    on_session([serial = serial_](Session& session) { session.watch_client(serial); });
  }

  void stream_as(std::string content_type) override { pipe_->content_type = std::move(content_type); }

 private:
  template <class F>
  void on_session(F work) {
    const auto core = core_.lock();
    if (!core) return;
    net::post(core->io, [session = session_, work = std::move(work)]() mutable {
      if (const auto alive = session.lock()) work(*alive);
    });
  }

  // Looks up every 50 ms: a server that stops leaves nobody to notify.
  bool wait_for_room(std::unique_lock<std::mutex>& lock) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits_.stall_ms);
    const auto ready = [this] { return pipe_->closed || pipe_->pending.size() < limits_.stream_buffer_bytes; };
    while (!pipe_->drained.wait_for(lock, std::chrono::milliseconds(50), ready)) {
      if (session_.expired() || std::chrono::steady_clock::now() >= give_up) pipe_->closed = true;
    }
    return !pipe_->closed && !session_.expired();
  }

  // Needs the pipe's mutex.
  void schedule_pump() {
    if (pipe_->scheduled) return;
    pipe_->scheduled = true;
    on_session([serial = serial_, pipe = pipe_](Session& session) { session.pump(serial, pipe); });
  }

  const std::weak_ptr<IoCore> core_;
  const std::weak_ptr<Session> session_;
  const std::uint64_t serial_;
  const HttpLimits limits_;
  const std::shared_ptr<StreamPipe> pipe_;
  std::atomic<bool> answered_{false};
  bool streaming_ = false;  // the streaming worker's own
  bool finished_ = false;   // the same
};

}  // namespace

void close_pipe(StreamPipe& pipe) {
  {
    const std::lock_guard lock(pipe.mutex);
    pipe.closed = true;
  }
  pipe.drained.notify_all();
}

std::shared_ptr<Exchange> make_exchange(std::weak_ptr<IoCore> core, std::weak_ptr<Session> session, std::uint64_t serial,
                                        const HttpLimits& limits, std::shared_ptr<StreamPipe> pipe) {
  return std::make_shared<SessionExchange>(std::move(core), std::move(session), serial, limits, std::move(pipe));
}

}  // namespace autodidact
