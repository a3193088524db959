#pragma once
// Placement `shared`: sampling and training take turns on one device. Many samplers may be in together, or one trainer alone,
// in the order they came. Placement `split`: the gate is always open. Every wait has a deadline and names who is inside.
//
// Owner: the daemon. Threads: enter() blocks, so only compute threads call it; the rest from anywhere. Nothing survives a
// crash.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>

#include "config/status.hpp"

namespace autodidact {

class DeviceGate {
 public:
  enum class Mode { kShared, kSplit };
  enum class Use { kSample, kTrain };
  using Clock = std::chrono::steady_clock;
  struct Party {
    Use use;
    std::string who;
    Clock::time_point since;
  };

  // Being inside; leaves when destroyed. Must not outlive the gate.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept { *this = std::move(other); }
    Turn& operator=(Turn&& other) noexcept;
    ~Turn() { leave(); }
    void leave();

   private:
    friend class DeviceGate;
    DeviceGate* gate_ = nullptr;  // null: not inside, or split
    std::list<Party>::iterator place_;
  };

  explicit DeviceGate(Mode mode) : mode_(mode) {}
  // kTemporary when `timeout` passed ("device held by trainer for 3200 ms") or `stop` was requested.
  Result<Turn> enter(Use use, const std::string& who, std::chrono::milliseconds timeout, std::stop_token stop = {});
  // Somebody of the other use is waiting: a holder leaves at its next step boundary and comes in again, behind them.
  bool yield_wanted(Use mine) const;
  // "trainer inside for 1200 ms; generator/0 waits 800 ms", "free" or "split".
  std::string describe() const;

 private:
  bool may_enter(std::list<Party>::const_iterator me) const;
  std::string holders(std::list<Party>::const_iterator me) const;

  const Mode mode_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Party> inside_, waiting_;  // guarded by mutex_; waiting_ in order of arrival
};

}  // namespace autodidact
