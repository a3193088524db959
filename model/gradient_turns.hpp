#pragma once
// Who may add to a gradient buffer now. Chunks of a batch are computed by any thread in any order; what they add to a part of
// the buffer (a stage: one layer, the head) goes in the order of the chunks, so the sum has the same bits whoever computes.
// No deadlock: chunks are begun in their order and pass each stage once. Owned by the engine; any of its threads calls it.

#include <atomic>
#include <cstdint>
#include <vector>

namespace autodidact {

class GradientTurns {
 public:
  explicit GradientTurns(std::size_t stages) : next_(stages) {}
  // Before a step, while nobody waits.
  void reset() {
    for (auto& next : next_) next.store(0, std::memory_order_relaxed);
  }
  void wait(std::size_t stage, std::uint32_t ticket) const {
    for (std::uint32_t now = next_[stage].load(std::memory_order_acquire); now != ticket;
         now = next_[stage].load(std::memory_order_acquire))
      next_[stage].wait(now, std::memory_order_acquire);
  }
  void pass(std::size_t stage) {
    next_[stage].fetch_add(1, std::memory_order_release);
    next_[stage].notify_all();
  }

 private:
  std::vector<std::atomic<std::uint32_t>> next_;
};

// A buffer to add to, and when: the ticket-th chunk of those that add to it.
struct GradientSink {
  float* grad;
  GradientTurns& turns;
  std::uint32_t ticket;
};

// Holds a stage of a sink for a scope.
class GradientTurn {
 public:
  GradientTurn(const GradientSink& sink, std::size_t stage) : sink_(sink), stage_(stage) {
    sink_.turns.wait(stage_, sink_.ticket);
  }
  ~GradientTurn() { sink_.turns.pass(stage_); }
  GradientTurn(const GradientTurn&) = delete;
  GradientTurn& operator=(const GradientTurn&) = delete;

 private:
  const GradientSink& sink_;
  const std::size_t stage_;
};

}  // namespace autodidact
