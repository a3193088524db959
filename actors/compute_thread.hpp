#pragma once
// Where model code runs: few, long-lived, named threads, each with a bounded queue of jobs, each behind a front actor. Actors
// never block and torch keeps one thread team and cache per calling thread (3 callers x 4 OpenMP threads = 13 threads), so no
// job runs on an actor's thread.
//
// Owner: a ThreadKeeper, which outlives every actor; actors hold a shared_ptr and letting go of it never blocks. Threads: any
// may call post() and the accounting. What survives a crash: nothing.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace autodidact {

struct ComputeThreadOptions {
  std::string name = {};                                  // the first 15 characters show in top -H
  std::size_t capacity = 64;                              // queued jobs, at most; the protocol's window makes post() never fail
  std::function<void(const std::string&)> on_error = {};  // a job threw: told from the compute thread; must not throw
};

class ComputeThread {
 public:
  using Job = std::function<void()>;
  explicit ComputeThread(ComputeThreadOptions options);
  // Asks the running job to stop, drops the queued ones and joins: as long as the running job takes. A job that hangs in
  // foreign code cannot be abandoned; whoever must not wait checks finished() first and ends the process with _exit instead.
  ~ComputeThread();
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // False when the queue is full or the thread is stopping; the job is then dropped.
  [[nodiscard]] bool post(Job job);
  // For jobs: true in the job once stop() was called; long ones look at it at every step.
  std::stop_token stop_token() const { return stop_.get_token(); }
  void stop();  // no new jobs, queued ones are dropped, the running one is asked to end
  bool finished() const { return finished_.load(); }
  bool wait_finished(std::chrono::steady_clock::time_point deadline) const;

  const std::string& name() const { return options_.name; }
  std::size_t queued() const;
  bool idle() const;  // nothing queued, nothing running
  // When the running job began, in ms of std::chrono::steady_clock; 0 when none runs.
  std::int64_t busy_since_ms() const;
  std::uint64_t busy_ns() const;  // inside jobs so far, the running one included
  std::uint64_t jobs() const { return jobs_.load(); }

 private:
  void run();
  bool next(Job& job);
  void execute(const Job& job);

  const ComputeThreadOptions options_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_, ended_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool running_ = false;   // guarded by mutex_
  std::atomic<bool> finished_{false};
  std::atomic<std::int64_t> busy_since_ns_{0};
  std::atomic<std::uint64_t> busy_ns_{0}, jobs_{0};
  std::jthread thread_;  // last: it uses the rest
};

// Runs `work` on the thread, or at once when that takes no more jobs. A job that stop() dropped shows in the future as
// std::future_error.
template <class Work>
auto post_future(ComputeThread& thread, Work work) {
  auto job = std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
  auto future = job->get_future();
  if (!thread.post([job] { (*job)(); })) (*job)();
  return future;
}

// Makes compute threads and buries them: when the last handle goes, the thread is stopped; whoever next calls start() or reap()
// joins it once it has finished. So an actor killed in the middle of a training step blocks nobody. Any thread may call.
class ThreadKeeper {
 public:
  ThreadKeeper() = default;
  ~ThreadKeeper();  // joins all; call stop_all() first when there is a deadline
  ThreadKeeper(const ThreadKeeper&) = delete;
  ThreadKeeper& operator=(const ThreadKeeper&) = delete;

  std::shared_ptr<ComputeThread> start(ComputeThreadOptions options);
  void reap();  // never blocks
  // Stops every thread; names those still busy at the deadline. Then only _exit is left.
  std::vector<std::string> stop_all(std::chrono::steady_clock::time_point deadline);
  std::size_t threads() const;

 private:
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<ComputeThread>> threads_;  // guarded by mutex_; ours is the last reference once the handle is gone
};

}  // namespace autodidact
