#pragma once
// Holding the device for a stretch of steps: enters when needed, and leaves for others only after a slice, so that short steps
// of one side do not alternate with long steps of the other. Owned and used by one compute thread.

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>

#include "actors/device_gate.hpp"

namespace autodidact {

class SlicedTurn {
 public:
  SlicedTurn(DeviceGate& gate, DeviceGate::Use use, std::string who) : gate_(gate), use_(use), who_(std::move(who)) {}

  // Call before each step. Not ok: the device is not ours yet (the message names the holder); call again.
  Status hold(std::stop_token stop) {
    const auto now = std::chrono::steady_clock::now();
    if (inside_ && gate_.yield_wanted(use_, now - since_ < kSlice)) leave();
    if (inside_) return {};
    auto turn = gate_.enter(use_, who_, kPatience, stop);
    if (!turn.ok()) return turn.status();
    turn_ = std::move(turn).value();
    inside_ = true;
    since_ = std::chrono::steady_clock::now();
    return {};
  }
  // The next hold() may take long.
  bool is_to_leave() const { return !inside_ || gate_.yield_wanted(use_, std::chrono::steady_clock::now() - since_ < kSlice); }
  void leave() {
    turn_.leave();
    inside_ = false;
  }

 private:
  static constexpr std::chrono::milliseconds kSlice{100};
  static constexpr std::chrono::milliseconds kPatience{200};  // then the caller looks whether it is to stop

  DeviceGate& gate_;
  const DeviceGate::Use use_;
  const std::string who_;
  DeviceGate::Turn turn_;
  bool inside_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace autodidact
