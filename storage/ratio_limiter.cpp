#include "storage/ratio_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace autodidact {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

RatioLimits ratio_limits(const ReplayOptions& options) {
  return {.samples_per_insert = options.samples_per_insert,
          .min_size = static_cast<std::uint64_t>(std::max<std::int64_t>(options.min_size, 0)),
          .min_diff = options.min_diff,
          .max_diff = options.max_diff};
}

Status RatioLimiter::validate(const RatioLimits& limits) {
  const double spi = limits.samples_per_insert;
  if (!std::isfinite(spi) || spi <= 0) {
    return {Errc::kConfig, "replay.samples_per_insert: expected a number above 0, not " + number(spi)};
  }
  if (!std::isfinite(limits.min_diff) || !std::isfinite(limits.max_diff)) {
    return {Errc::kConfig, "replay.min_diff and replay.max_diff: expected finite numbers"};
  }
  const double band = 2 * std::max(1.0, spi);
  if (limits.max_diff - limits.min_diff < band) {
    return {Errc::kConfig, "replay.max_diff - replay.min_diff: expected at least " + number(band) +
                               " (2 * max(1, samples_per_insert)), not " + number(limits.max_diff - limits.min_diff) +
                               ": a narrower band stops both sides"};
  }
  const double at_min_size = spi * static_cast<double>(limits.min_size);
  if (limits.min_diff > at_min_size) {
    return {Errc::kConfig, "replay.min_diff: expected at most " + number(at_min_size) +
                               " (samples_per_insert * min_size), not " + number(limits.min_diff)};
  }
  return {};
}

std::string RatioLimiter::warning(const RatioLimits& limits) {
  const double at_min_size = limits.samples_per_insert * static_cast<double>(limits.min_size);
  if (limits.max_diff >= at_min_size) return {};
  return "replay.max_diff " + number(limits.max_diff) + " is below samples_per_insert * min_size = " + number(at_min_size) +
         ": sampling problems stops once min_size attempts are in, until training has caught up";
}

RatioLimiter::RatioLimiter(const RatioLimits& limits, std::uint64_t inserts, std::uint64_t samples)
    : limits_(limits), inserts_(inserts), samples_(samples) {}

double RatioLimiter::cursor() const {
  return static_cast<double>(inserts_) * limits_.samples_per_insert - static_cast<double>(samples_);
}

bool RatioLimiter::can_insert(std::uint64_t count) const {
  if (count <= limits_.min_size && inserts_ <= limits_.min_size - count) return true;  // training cannot start before
  return cursor() + static_cast<double>(count) * limits_.samples_per_insert <= limits_.max_diff;
}

bool RatioLimiter::can_sample(std::uint64_t count) const {
  return inserts_ >= limits_.min_size && cursor() - static_cast<double>(count) >= limits_.min_diff;
}

std::uint64_t RatioLimiter::insert_room() const {
  const std::uint64_t to_min_size = limits_.min_size > inserts_ ? limits_.min_size - inserts_ : 0;
  double room = std::floor((limits_.max_diff - cursor()) / limits_.samples_per_insert);
  if (room >= 9.0e18) return std::numeric_limits<std::int64_t>::max();
  std::uint64_t by_cursor = room > 0 ? static_cast<std::uint64_t>(room) : 0;
  while (by_cursor > 0 && !can_insert(by_cursor)) --by_cursor;  // the division may be off by one either way
  if (can_insert(by_cursor + 1)) ++by_cursor;
  return std::max(to_min_size, by_cursor);
}

std::string RatioLimiter::blocked_because(Side side, std::uint64_t count) const {
  if (side == Side::kInsert) {
    if (can_insert(count)) return {};
    return "ratio limiter: training lags, cursor " + number(cursor()) + " would pass max_diff " + number(limits_.max_diff);
  }
  if (can_sample(count)) return {};
  if (inserts_ < limits_.min_size) {
    return "ratio limiter: " + std::to_string(inserts_) + " of min_size " + std::to_string(limits_.min_size) +
           " attempts are in";
  }
  return "ratio limiter: sampling lags, cursor " + number(cursor()) + " would fall below min_diff " + number(limits_.min_diff);
}

void RatioLimiter::note(Side side, bool blocked, std::int64_t now_ns) {
  Blocked& state = blocked_[static_cast<int>(side)];
  if (blocked && state.since_ns < 0) state.since_ns = now_ns;
  if (!blocked && state.since_ns >= 0) {
    state.total_ns += now_ns - state.since_ns;
    state.since_ns = -1;
  }
}

double RatioLimiter::blocked_seconds(Side side, std::int64_t now_ns) const {
  const Blocked& state = blocked_[static_cast<int>(side)];
  const std::int64_t running = state.since_ns >= 0 ? now_ns - state.since_ns : 0;
  return static_cast<double>(state.total_ns + running) * 1e-9;
}

}  // namespace autodidact
