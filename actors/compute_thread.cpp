#include "actors/compute_thread.hpp"

#include <pthread.h>

#include <exception>
#include <utility>

namespace autodidact {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now().time_since_epoch()).count();
}

}  // namespace

ComputeThread::ComputeThread(ComputeThreadOptions options) : options_(std::move(options)), thread_([this] { run(); }) {}

ComputeThread::~ComputeThread() { stop(); }  // then ~jthread joins

bool ComputeThread::post(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (stop_.stop_requested() || queue_.size() >= options_.capacity) return false;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void ComputeThread::stop() {
  std::deque<Job> dropped;  // destroyed outside the lock: a job may own things that call back
  std::lock_guard lock(mutex_);
  stop_.request_stop();
  dropped.swap(queue_);
  wake_.notify_all();
}

bool ComputeThread::wait_finished(SteadyClock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  return ended_.wait_until(lock, deadline, [this] { return finished(); });
}

std::size_t ComputeThread::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

bool ComputeThread::idle() const {
  std::lock_guard lock(mutex_);
  return queue_.empty() && !running_;
}

std::int64_t ComputeThread::busy_since_ms() const {
  const auto since = busy_since_ns_.load();
  return since == 0 ? 0 : since / 1000000;
}

std::uint64_t ComputeThread::busy_ns() const {
  const auto since = busy_since_ns_.load();
  return busy_ns_.load() + (since == 0 ? 0 : static_cast<std::uint64_t>(now_ns() - since));
}

void ComputeThread::run() {
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  Job job;
  while (next(job)) {
    execute(job);
    job = nullptr;  // what it captured goes now, not when the next one comes
    std::lock_guard lock(mutex_);
    running_ = false;
  }
  std::lock_guard lock(mutex_);
  finished_ = true;
  ended_.notify_all();
}

bool ComputeThread::next(Job& job) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stop_.stop_requested() || !queue_.empty(); });
  if (stop_.stop_requested()) return false;
  job = std::move(queue_.front());
  queue_.pop_front();
  running_ = true;
  return true;
}

void ComputeThread::execute(const Job& job) {
  const auto start = now_ns();
  busy_since_ns_ = start;
  std::string what;
  try {
    job();
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  busy_ns_ += static_cast<std::uint64_t>(now_ns() - start);
  busy_since_ns_ = 0;
  ++jobs_;
  if (!what.empty() && options_.on_error) options_.on_error(options_.name + ": a job failed: " + what);
}

// ---- ThreadKeeper

ThreadKeeper::~ThreadKeeper() {
  for (auto& thread : threads_) thread->stop();
}

std::shared_ptr<ComputeThread> ThreadKeeper::start(ComputeThreadOptions options) {
  reap();
  auto kept = std::make_shared<ComputeThread>(std::move(options));
  std::lock_guard lock(mutex_);
  threads_.push_back(kept);
  return {kept.get(), [kept](ComputeThread* thread) { thread->stop(); }};
}

void ThreadKeeper::reap() {
  std::list<std::shared_ptr<ComputeThread>> dead;  // joined after the lock is gone; they have finished, so at once
  std::lock_guard lock(mutex_);
  for (auto at = threads_.begin(); at != threads_.end();) {
    const auto here = at++;
    if ((*here)->finished() && here->use_count() == 1) dead.splice(dead.end(), threads_, here);
  }
}

std::vector<std::string> ThreadKeeper::stop_all(SteadyClock::time_point deadline) {
  std::lock_guard lock(mutex_);
  for (auto& thread : threads_) thread->stop();
  std::vector<std::string> late;
  for (auto& thread : threads_) {
    if (!thread->wait_finished(deadline)) late.push_back(thread->name());
  }
  return late;
}

std::size_t ThreadKeeper::threads() const {
  std::lock_guard lock(mutex_);
  return threads_.size();
}

}  // namespace autodidact
