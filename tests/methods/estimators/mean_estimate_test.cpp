#include "methods/estimators/mean_estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

// Each problem has its own share of right answers: 0.5 on average.
std::vector<double> problems(std::size_t n, std::uint64_t seed) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(std::pow(unit(counter_hash({seed, i})), 2) * 1.5);
  return values;
}

TEST(MeanEstimate, NormalIntervalIsOfTheStandardErrorOfTheMean) {
  const std::vector<double> values = {0, 0, 1, 1};
  const MeanEstimate mean = normal_mean(values);
  EXPECT_EQ(mean.value, 0.5);
  EXPECT_NEAR(mean.high - mean.value, 1.959964 * std::sqrt((1.0 / 3) / 4), 1e-6);
  EXPECT_NEAR(mean.value - mean.low, mean.high - mean.value, 1e-12);
}

TEST(MeanEstimate, BothIntervalsCoverTheTruthNineteenTimesInTwenty) {
  int normal = 0, bootstrap = 0;
  constexpr int kTrials = 1000;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    const std::vector<double> values = problems(60, trial);
    const MeanEstimate a = normal_mean(values), b = bootstrap_mean(values, 400, trial);
    normal += a.low <= 0.5 && 0.5 <= a.high;
    bootstrap += b.low <= 0.5 && 0.5 <= b.high;
  }
  EXPECT_NEAR(normal / double{kTrials}, 0.95, 0.025);
  EXPECT_NEAR(bootstrap / double{kTrials}, 0.95, 0.025);
}

TEST(MeanEstimate, BootstrapStaysWithinTheValuesAndRepeatsItself) {
  std::vector<double> values(30, 1.0);
  values[3] = 0;
  const MeanEstimate mean = bootstrap_mean(values, 1000, 3);
  EXPECT_LE(mean.high, 1);
  EXPECT_LT(mean.low, mean.value);
  EXPECT_GT(normal_mean(values).high, 1);
  const MeanEstimate again = bootstrap_mean(values, 1000, 3);
  EXPECT_EQ(mean.low, again.low);
  EXPECT_EQ(mean.high, again.high);
}

TEST(MeanEstimate, OfNothingOrOneProblemSaysSo) {
  EXPECT_TRUE(std::isnan(normal_mean({}).value));
  EXPECT_TRUE(std::isnan(bootstrap_mean({}, 100, 0).low));
  const std::vector<double> one = {0.25};
  EXPECT_EQ(normal_mean(one).value, 0.25);
  EXPECT_TRUE(std::isinf(normal_mean(one).high));
}

}  // namespace
}  // namespace autodidact
