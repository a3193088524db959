#pragma once
// The rounds of a report turned into one series per group. Shared by the table and the picture; pure; any thread.

#include <string>
#include <vector>

#include "tools/learning_curve.hpp"

namespace autodidact {

struct SeriesPoint {
  std::uint32_t round = 0;
  double accuracy = 0;  // within [0, 1]
};

struct Series {
  std::string name;
  std::vector<SeriesPoint> points;  // by round, measured ones only
};

// Names of all groups in the order in which they first appear.
std::vector<std::string> group_names(std::span<const RoundAccuracy> rounds);

// That group's accuracy in a round, NaN when the round has none.
double group_accuracy(const RoundAccuracy& round, const std::string& name);

// One series per group, then "overall".
std::vector<Series> to_series(std::span<const RoundAccuracy> rounds);

}  // namespace autodidact
