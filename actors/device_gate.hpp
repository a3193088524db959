#pragma once
// Placement `shared`: sampling and training take turns on one device. Many samplers may be in together, or one trainer alone,
// in the order they came. Placement `split`: training has a device of its own and the gate is open for it.
// In both, answering questions has the sampling device for itself while it is in, and its share of the time for which it and
// the loop both want that (share_ledger.hpp). Every wait has a deadline and names who is inside.
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

#include "actors/share_ledger.hpp"
#include "config/status.hpp"

namespace autodidact {

class DeviceGate {
 public:
  enum class Mode { kShared, kSplit };
  enum class Use { kSample, kTrain, kAnswer };
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
  // Somebody of another use waits and would be next: a holder leaves at its next step boundary and comes in again, behind
  // them. within_slice: only if it is owed much, as who asks now and then is, and finds the other side in each time.
  bool yield_wanted(Use mine, bool within_slice = false);
  // Of answering, from now on.
  void set_share(double share);
  // How long each side has held the device while the other waited for it.
  struct Contended {
    double answering_s = 0, loop_s = 0;
  };
  Contended contended() const;
  // "trainer inside for 1200 ms; generator/0 waits 800 ms", "free" or "split".
  std::string describe() const;

 private:
  bool open_to(Use use) const { return mode_ == Mode::kSplit && use == Use::kTrain; }
  bool may_enter(std::list<Party>::const_iterator me) const;
  void book(Clock::time_point now);
  std::string holders(std::list<Party>::const_iterator me) const;

  const Mode mode_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Party> inside_, waiting_;  // guarded by mutex_; waiting_ in order of arrival
  ShareLedger ledger_;                 // guarded by mutex_
  Clock::time_point booked_;           // guarded by mutex_; up to when
};

}  // namespace autodidact
