#pragma once
// Time as a dependency, so that tests and deterministic runs can hold it still. Owner: whoever makes it; clocks outlive their
// users. Any thread may call any method. Nothing survives a crash.

#include <atomic>
#include <cstdint>

namespace autodidact {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, microseconds since 1970 UTC. May jump either way when somebody sets the machine's clock: for records only.
  virtual std::int64_t now_us() const = 0;
  // Monotonic, from an arbitrary start: for durations and deadlines.
  virtual std::int64_t mono_ns() const = 0;
};

// The machine's clocks; lives as long as the process.
const Clock& system_clock();

// Stands still until told. deterministic = true runs stamp their records with one of these.
class ManualClock : public Clock {
 public:
  explicit ManualClock(std::int64_t start_us = 0) : us_(start_us) {}
  std::int64_t now_us() const override { return us_.load(std::memory_order_relaxed); }
  std::int64_t mono_ns() const override { return now_us() * 1000; }
  void advance_us(std::int64_t us) { us_.fetch_add(us, std::memory_order_relaxed); }
  void set_us(std::int64_t us) { us_.store(us, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> us_;
};

}  // namespace autodidact
