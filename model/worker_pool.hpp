#pragma once
// Threads of one decoder or learner: run() hands out tasks 0 .. count - 1 to them and to the caller, and returns when all are
// done. Tasks must not depend on who runs them. One thread calls run(). Nobody locks: a task is claimed by one atomic exchange.
// A helper that the system does not run just now holds nobody up: the others take its tasks. Who waits looks for kSpin, then
// sleeps on a futex.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace autodidact {

class WorkerPool {
 public:
  explicit WorkerPool(std::int64_t threads) {
    for (std::int64_t i = 1; i < threads; ++i) helpers_.emplace_back([this] { serve(); });
  }
  ~WorkerPool() {
    stop_ = true;
    wake();
    for (std::thread& helper : helpers_) helper.join();
  }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  std::int64_t threads() const { return static_cast<std::int64_t>(helpers_.size()) + 1; }

  // count < 2^20.
  void run(std::int64_t count, const std::function<void(std::int64_t)>& task) {
    task_ = &task;
    left_.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
    ticket_.store(Ticket{++runs_, static_cast<std::uint64_t>(count), 0}.packed(), std::memory_order_release);
    if (count > 1 && !helpers_.empty()) wake();
    work();
    await(left_, [](std::uint32_t left) { return left == 0; });
  }

  // work(from, count) for slices of 0 .. size - 1, which do not overlap.
  template <class Work>
  void run_slices(std::size_t size, Work work) {
    constexpr std::int64_t kSlices = 16;
    run_pieces(static_cast<std::int64_t>(size), static_cast<std::int64_t>(size) / kSlices + 1,
               [&work](std::int64_t, std::int64_t from, std::int64_t count) {
                 work(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
               });
  }

  // work(piece, from, count) for 0 .. size - 1 in pieces of `width`, the last one shorter. Does not allocate.
  template <class Work>
  void run_pieces(std::int64_t size, std::int64_t width, Work work) {
    struct Pieces {
      Work& work;
      std::int64_t size, width;
    };
    const Pieces pieces{work, size, width};
    run((size + width - 1) / width, [&pieces](std::int64_t piece) {
      const std::int64_t from = piece * pieces.width;
      pieces.work(piece, from, std::min(pieces.width, pieces.size - from));
    });
  }

 private:
  static constexpr auto kSpin = std::chrono::microseconds(50);

  // Which task is next, of which run: whoever is late finds another run, or none left.
  struct Ticket {
    std::uint64_t run, count, next;
    std::uint64_t packed() const { return run << 40 | count << 20 | next; }
    static Ticket of(std::uint64_t packed) { return {packed >> 40, packed >> 20 & 0xFFFFF, packed & 0xFFFFF}; }
  };

  std::optional<std::int64_t> claim() {
    std::uint64_t seen = ticket_.load(std::memory_order_acquire);
    while (true) {
      const Ticket ticket = Ticket::of(seen);
      if (ticket.next >= ticket.count) return std::nullopt;
      if (ticket_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel, std::memory_order_acquire))
        return static_cast<std::int64_t>(ticket.next);
    }
  }

  // A claimed task keeps its run from returning, so task_ is that run's.
  void work() {
    while (const auto index = claim()) {
      (*task_.load(std::memory_order_relaxed))(*index);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
    }
  }

  void serve() {
    std::uint32_t seen = 0;
    while (!stop_) {
      await(calls_, [seen](std::uint32_t calls) { return calls != seen; });
      seen = calls_.load(std::memory_order_acquire);
      work();
    }
  }

  void wake() {
    calls_.fetch_add(1, std::memory_order_release);
    calls_.notify_all();
  }

  template <class Done>
  static void await(const std::atomic<std::uint32_t>& value, Done done) {
    const auto until = std::chrono::steady_clock::now() + kSpin;
    while (true) {
      const std::uint32_t now = value.load(std::memory_order_acquire);
      if (done(now)) return;
      if (std::chrono::steady_clock::now() > until) value.wait(now, std::memory_order_acquire);
    }
  }

  std::atomic<const std::function<void(std::int64_t)>*> task_{nullptr};
  std::atomic<std::uint64_t> ticket_{0};
  std::atomic<std::uint32_t> left_{0};   // tasks of this run that are not done
  std::atomic<std::uint32_t> calls_{0};  // for the helpers to wake up
  std::atomic<bool> stop_{false};
  std::uint64_t runs_ = 0;  // the caller's; 24 bits of it count
  std::vector<std::thread> helpers_;
};

}  // namespace autodidact
