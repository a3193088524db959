#include "actors/model_clock.hpp"

namespace autodidact {

std::uint64_t ModelClock::now_ticks() const {
  const auto since = std::chrono::steady_clock::now() - origin_;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()) / kTickNs;
}

// While nobody is inside, the word keeps the tick at which the last stretch ended: a thread that read the clock, was held
// up, and finds the count at zero again must not start a stretch before one that was booked meanwhile.
void ModelClock::enter() {
  calls_.fetch_add(1, std::memory_order_relaxed);
  auto old = state_.load();
  std::uint64_t next = 0;
  do {
    const bool first = (old & kCountMask) == 0;
    next = first ? (now_ticks() << kCountBits) | 1 : old + 1;
  } while (!state_.compare_exchange_weak(old, next));
}

// The last one out books the stretch. A reader between the exchange and the addition misses it for an instant, no longer.
void ModelClock::leave() {
  auto old = state_.load();
  std::uint64_t next = 0, now = 0;
  do {
    now = now_ticks();
    next = (old & kCountMask) == 1 ? now << kCountBits : old - 1;
  } while (!state_.compare_exchange_weak(old, next));
  if ((next & kCountMask) == 0) total_ticks_.fetch_add(now - (old >> kCountBits));
}

std::uint64_t ModelClock::active_ns() const {
  const auto state = state_.load();
  const auto running = (state & kCountMask) == 0 ? 0 : now_ticks() - (state >> kCountBits);
  return (total_ticks_.load() + running) * kTickNs;
}

}  // namespace autodidact
