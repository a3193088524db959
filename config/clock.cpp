#include "config/clock.hpp"

#include <chrono>

namespace autodidact {
namespace {

template <class Duration, class Time>
std::int64_t since_epoch(Time time) {
  return std::chrono::duration_cast<Duration>(time.time_since_epoch()).count();
}

class SystemClock : public Clock {
 public:
  std::int64_t now_us() const override { return since_epoch<std::chrono::microseconds>(std::chrono::system_clock::now()); }
  std::int64_t mono_ns() const override { return since_epoch<std::chrono::nanoseconds>(std::chrono::steady_clock::now()); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace autodidact
