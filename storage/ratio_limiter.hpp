#pragma once
// Couples the rate of sampling for training to the rate of inserting attempts (continuous schedule), as Reverb's does: one
// cursor = inserts * samples_per_insert - samples holds both sides back. Plain, without clock or thread: the replay actor
// owns one. inserts() and samples() are persisted by the owner and passed in again after a crash; blocked times start over.

#include <cstdint>
#include <string>

#include "config/options.hpp"
#include "config/status.hpp"

namespace autodidact {

struct RatioLimits {
  double samples_per_insert = 1;  // > 0: draws per kept attempt
  std::uint64_t min_size = 1;     // inserts before the first draw
  double min_diff = -1e9;         // a draw may not take the cursor below this
  double max_diff = 1e9;          // an insert may not take it above this, once min_size inserts are in
};

RatioLimits ratio_limits(const ReplayOptions& options);

class RatioLimiter {
 public:
  enum class Side { kInsert = 0, kSample = 1 };

  // kConfig with what is wrong: values that are no numbers, a band narrower than one insert or draw needs, a min_diff that
  // can hold draws back for ever.
  static Status validate(const RatioLimits& limits);
  // Valid, but probably not meant; empty = fine.
  static std::string warning(const RatioLimits& limits);

  // `limits` are valid.
  RatioLimiter(const RatioLimits& limits, std::uint64_t inserts, std::uint64_t samples);

  // Whether `count` more may happen. Work granted but not yet inserted belongs into count.
  bool can_insert(std::uint64_t count = 1) const;
  bool can_sample(std::uint64_t count = 1) const;
  // The largest count for which can_insert(count) holds: what may be granted upstream.
  std::uint64_t insert_room() const;
  // Things that happened; never refused, since they are durable already.
  void inserted(std::uint64_t count) { inserts_ += count; }
  void sampled(std::uint64_t count) { samples_ += count; }
  // A reload; takes effect at the next question.
  void set_limits(const RatioLimits& limits) { limits_ = limits; }

  double cursor() const;
  std::uint64_t inserts() const { return inserts_; }
  std::uint64_t samples() const { return samples_; }
  const RatioLimits& limits() const { return limits_; }
  // One phrase for `status`; empty when the side may go on.
  std::string blocked_because(Side side, std::uint64_t count = 1) const;

  // The owner reports each change of a side between waiting and going on; repeated reports are harmless.
  void note(Side side, bool blocked, std::int64_t now_ns);
  double blocked_seconds(Side side, std::int64_t now_ns) const;

 private:
  struct Blocked {
    std::int64_t since_ns = -1;  // -1 = not blocked
    std::int64_t total_ns = 0;
  };
  RatioLimits limits_;
  std::uint64_t inserts_;
  std::uint64_t samples_;
  Blocked blocked_[2];
};

}  // namespace autodidact
