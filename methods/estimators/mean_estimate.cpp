#include "methods/estimators/mean_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "config/status.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

MeanEstimate normal_mean(std::span<const double> per_problem) {
  if (per_problem.empty()) return {};
  constexpr double kZ = 1.959963984540054, kInfinity = std::numeric_limits<double>::infinity();
  const double mean = mean_of(per_problem);
  if (per_problem.size() == 1) return {mean, -kInfinity, kInfinity};
  double squares = 0;
  for (const double value : per_problem) squares += (value - mean) * (value - mean);
  const double count = static_cast<double>(per_problem.size());
  const double half = kZ * std::sqrt(squares / (count - 1) / count);
  return {mean, mean - half, mean + half};
}

MeanEstimate bootstrap_mean(std::span<const double> per_problem, std::uint64_t resamples, std::uint64_t seed) {
  if (per_problem.empty()) return {};
  AD_REQUIRE(resamples >= 40, "the middle 95 % wants at least 40 resamples");
  const auto count = static_cast<std::uint32_t>(per_problem.size());
  std::vector<double> means;
  for (std::uint64_t r = 0; r < resamples; ++r) {
    double sum = 0;
    for (std::uint32_t i = 0; i < count; ++i) sum += per_problem[below(counter_hash({seed, r, i}), count)];
    means.push_back(sum / count);
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&](double q) {
    return means[static_cast<std::size_t>(std::ceil(q * static_cast<double>(resamples))) - 1];
  };
  return {mean_of(per_problem), quantile(0.025), quantile(0.975)};
}

}  // namespace autodidact
