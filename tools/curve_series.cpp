#include "tools/curve_series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace autodidact {
namespace {

void add_point(Series& series, std::uint32_t round, double accuracy) {
  if (std::isfinite(accuracy)) series.points.push_back({round, std::clamp(accuracy, 0.0, 1.0)});
}

}  // namespace

std::vector<std::string> group_names(std::span<const RoundAccuracy> rounds) {
  std::vector<std::string> names;
  for (const RoundAccuracy& round : rounds) {
    for (const GroupAccuracy& group : round.groups) {
      if (std::find(names.begin(), names.end(), group.name) == names.end()) names.push_back(group.name);
    }
  }
  return names;
}

double group_accuracy(const RoundAccuracy& round, const std::string& name) {
  for (const GroupAccuracy& group : round.groups) {
    if (group.name == name) return group.accuracy;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<Series> to_series(std::span<const RoundAccuracy> rounds) {
  std::vector<Series> all;
  for (const std::string& name : group_names(rounds)) {
    Series& series = all.emplace_back(Series{name, {}});
    for (const RoundAccuracy& round : rounds) add_point(series, round.round, group_accuracy(round, name));
  }
  Series& overall = all.emplace_back(Series{"overall", {}});
  for (const RoundAccuracy& round : rounds) add_point(overall, round.round, round.accuracy);
  for (Series& series : all) {
    std::stable_sort(series.points.begin(), series.points.end(),
                     [](const SeriesPoint& a, const SeriesPoint& b) { return a.round < b.round; });
  }
  return all;
}

}  // namespace autodidact
