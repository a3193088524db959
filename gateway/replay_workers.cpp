#include "gateway/replay_workers.hpp"

#include <pthread.h>

#include "gateway/blocked_signals.hpp"
#include "gateway/errors.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kFlushBytes = 32 * 1024;

}  // namespace

ReplayWorkers::ReplayWorkers(InspectPlace place) : place_(std::move(place)) {
  const BlockedSignals blocked;
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

ReplayWorkers::~ReplayWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ReplayWorkers::submit(ReplayStore& store, std::string request, std::shared_ptr<Exchange> exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kQueue && !stopping_) {
      waiting_.push_back(Job{&store, std::move(request), std::move(exchange)});
    }
  }
  if (exchange) return exchange->reply(error_reply(Status(Errc::kTemporary, "too many replay queries at once; try again")));
  wake_.notify_one();
}

void ReplayWorkers::work() {
  pthread_setname_np(pthread_self(), "ad-replay-query");
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    answer(job);
  }
}

void ReplayWorkers::answer(Job& job) {
  std::string buffer;
  bool streaming = false;
  const auto wanted = [&] {
    const std::lock_guard lock(mutex_);
    return !stopping_ && job.exchange->wanted();
  };
  const LineSink sink = [&](std::string_view line) {
    if (line.empty()) return wanted();
    buffer.append(line).push_back('\n');
    if (buffer.size() < kFlushBytes) return true;
    streaming = true;
    const bool taken = job.exchange->write(buffer);
    buffer.clear();
    return taken && wanted();
  };
  const Status status = inspect(*job.store, job.request, sink, place_);
  if (!status.ok() && !streaming && buffer.empty()) return job.exchange->reply(error_reply(status));
  if (!wanted()) return;  // dropped unfinished: the client, if any, sees a cut answer
  if (!status.ok()) buffer += error_json(status) + "\n";
  if (!streaming || !buffer.empty()) job.exchange->write(buffer);
  job.exchange->finish();
}

}  // namespace autodidact
