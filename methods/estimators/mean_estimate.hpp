#pragma once
// A mean over problems with its 95 % interval. Problems are what is sampled: candidates of one problem resemble each other, so
// they count as one cluster with one value, and the noise within it is part of what varies between problems. For the share of
// single tries that are right (greedy, one each) there is wilson() in config/interval.hpp. Pure; any thread.

#include <cstdint>
#include <limits>
#include <span>

namespace autodidact {

struct MeanEstimate {
  double value = std::numeric_limits<double>::quiet_NaN();  // NaN, all three: of nothing
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

// mean +- 1.96 standard errors; of one problem the interval is infinite.
MeanEstimate normal_mean(std::span<const double> per_problem);

// The middle 95 % of the means of `resamples` draws of as many problems with replacement: does not leave the values' range,
// and may be lopsided. A function of its arguments alone.
MeanEstimate bootstrap_mean(std::span<const double> per_problem, std::uint64_t resamples, std::uint64_t seed);

}  // namespace autodidact
