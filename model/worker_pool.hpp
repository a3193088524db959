#pragma once
// Threads of one learner: run() hands out tasks 0 .. count - 1 to them and to the caller, and returns when all are done.
// Tasks must not depend on who runs them. One thread calls run(); it waits on futexes, never spins: steps last milliseconds.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace autodidact {

class WorkerPool {
 public:
  explicit WorkerPool(std::int64_t threads) {
    for (std::int64_t i = 1; i < threads; ++i) helpers_.emplace_back([this] { serve(); });
  }
  ~WorkerPool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void run(std::int64_t count, const std::function<void(std::int64_t)>& task) {
    {
      const std::lock_guard lock(mutex_);
      task_ = &task;
      count_ = count;
      next_ = 0;
      busy_ = helpers_.size();
      ++generation_;
    }
    wake_.notify_all();
    take_tasks(task, count);
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return busy_ == 0; });
  }

  // work(from, count) for slices of 0 .. size - 1, which do not overlap.
  template <class Work>
  void run_slices(std::size_t size, Work work) {
    constexpr std::int64_t kSlices = 16;
    const std::size_t slice = size / kSlices + 1;
    run(kSlices, [&](std::int64_t s) {
      const std::size_t from = std::min(static_cast<std::size_t>(s) * slice, size);
      work(from, std::min(slice, size - from));
    });
  }

 private:
  void take_tasks(const std::function<void(std::int64_t)>& task, std::int64_t count) {
    for (std::int64_t i = next_++; i < count; i = next_++) task(i);
  }
  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
      if (stop_) return;
      seen = generation_;
      const auto* task = task_;
      const std::int64_t count = count_;
      lock.unlock();
      take_tasks(*task, count);
      lock.lock();
      if (--busy_ == 0) idle_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  const std::function<void(std::int64_t)>* task_ = nullptr;  // guarded by mutex_, like all below but next_
  std::int64_t count_ = 0;
  std::uint64_t generation_ = 0;
  std::size_t busy_ = 0;
  bool stop_ = false;
  std::atomic<std::int64_t> next_{0};
  std::vector<std::thread> helpers_;
};

}  // namespace autodidact
