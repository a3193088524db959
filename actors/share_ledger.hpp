#pragma once
// Who goes next when answering and the loop both want the device: whoever has had less of the time for which both wanted it
// than its share. A plain class without threads or clocks: its owner says what passed. Nothing survives a crash.

#include <algorithm>
#include <cstdint>

namespace autodidact {

class ShareLedger {
 public:
  // Of answering, in (0, 1). A new share begins with nobody in debt.
  void set_share(double share) {
    if (share == share_) return;
    share_ = share;
    ahead_ns_ = 0;
  }
  double share() const { return share_; }

  // One side held the device for so long while the other waited. Time that nobody else wanted is nobody's debt.
  void book(bool answering, std::int64_t held_ns) {
    (answering ? answering_ns_ : loop_ns_) += held_ns;
    ahead_ns_ += static_cast<double>(held_ns) * (answering ? 1 - share_ : -share_);
    ahead_ns_ = std::clamp(ahead_ns_, -kMostNs, kMostNs);
  }
  bool answering_next() const { return ahead_ns_ <= 0; }
  // The other side is owed so much that it should not wait for the end of a slice.
  bool overdue(bool answering_holds) const { return (answering_holds ? ahead_ns_ : -ahead_ns_) > kOverdueNs; }

  std::int64_t answering_ns() const { return answering_ns_; }  // booked so far
  std::int64_t loop_ns() const { return loop_ns_; }

 private:
  static constexpr double kOverdueNs = 100e6;
  static constexpr double kMostNs = 10e9;  // a single hung step is not made up for at length

  double share_ = 0.5;
  double ahead_ns_ = 0;  // of its share, answering
  std::int64_t answering_ns_ = 0, loop_ns_ = 0;
};

}  // namespace autodidact
