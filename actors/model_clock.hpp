#pragma once
// How long at least one model call was active anywhere: wall time minus this is the loop's own cost. Lock-free; any thread.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace autodidact {

class ModelClock {
 public:
  // Around every call into a decoder, learner or scorer.
  class Scope {
   public:
    explicit Scope(ModelClock& clock) : clock_(clock) { clock_.enter(); }
    ~Scope() { clock_.leave(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ModelClock& clock_;
  };

  std::uint64_t active_ns() const;  // the running stretch included
  std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }
  std::uint64_t wall_ns() const { return now_ticks() * kTickNs; }  // since construction
  // Of the wall time so far, the share in which no call was active.
  double overhead_share() const {
    const auto wall = wall_ns();
    return wall > 0 ? 1 - double(active_ns()) / double(wall) : 0;
  }

 private:
  // One word, so that count and start change together: 48 bits start of the running stretch, or end of the
  // last, in ticks of 256 ns (2.2 years), 16 bits calls active.
  static constexpr std::uint64_t kTickNs = 256;
  static constexpr int kCountBits = 16;
  static constexpr std::uint64_t kCountMask = (1u << kCountBits) - 1;
  std::uint64_t now_ticks() const;
  void enter();
  void leave();

  const std::chrono::steady_clock::time_point origin_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> state_{0};
  std::atomic<std::uint64_t> total_ticks_{0};
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace autodidact
