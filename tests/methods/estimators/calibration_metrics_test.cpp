#include "methods/estimators/calibration_metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace autodidact {
namespace {

// Confidences c, right with probability c ^ power: 1 is calibrated, more is over-confident.
std::vector<JudgedConfidence> answers(std::size_t n, double power, double from = 0) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform;
  std::vector<JudgedConfidence> all;
  for (std::size_t i = 0; i < n; ++i) {
    const double confidence = from + (1 - from) * uniform(random);
    all.push_back({confidence, uniform(random) < std::pow(confidence, power)});
  }
  return all;
}

TEST(CalibrationError, IsTheMeanGapByHand) {
  const std::vector<JudgedConfidence> four = {{0.9, true}, {0.95, false}, {0.1, false}, {0.12, true}};
  const double gap = (std::abs(1 - 1.85) + std::abs(1 - 0.22)) / 4;
  EXPECT_NEAR(expected_calibration_error(four, 5), gap, 1e-12);
  EXPECT_NEAR(adaptive_calibration_error(four, 2), gap, 1e-12);
  EXPECT_NEAR(expected_calibration_error(four, 1), std::abs(2 - 2.07) / 4, 1e-12);
}

TEST(CalibrationError, IsNearZeroForTrueProbabilitiesAndTheKnownGapOtherwise) {
  EXPECT_LT(expected_calibration_error(answers(200'000, 1)), 0.006);
  EXPECT_LT(adaptive_calibration_error(answers(200'000, 1)), 0.006);
  // E|c - c^3| = 1/2 - 1/4
  EXPECT_NEAR(expected_calibration_error(answers(200'000, 3)), 0.25, 0.006);
  EXPECT_NEAR(adaptive_calibration_error(answers(200'000, 3)), 0.25, 0.006);
}

TEST(CalibrationError, AdaptiveBinsSeeWhatEqualWidthHidesInOneBin) {
  std::vector<JudgedConfidence> all = answers(20'000, 1, 0.95);
  for (JudgedConfidence& one : all) one.correct = one.confidence < 0.975;  // all in the last bin of 15, and upside down
  EXPECT_LT(expected_calibration_error(all), 0.5);
  EXPECT_GT(adaptive_calibration_error(all), 0.47);
  EXPECT_GT(adaptive_calibration_error(all), expected_calibration_error(all) + 0.001);
}

TEST(CalibrationError, EqualConfidencesShareABinWhateverTheirOrder) {
  std::vector<JudgedConfidence> all(1000, {0.5, false});
  for (std::size_t i = 0; i < 500; ++i) all[i].correct = true;
  EXPECT_EQ(adaptive_calibration_error(all), 0);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(adaptive_calibration_error(all), 0);
}

TEST(CalibrationError, EdgesBelongToABin) {
  EXPECT_EQ(expected_calibration_error(std::vector<JudgedConfidence>{{1, true}, {0, false}}), 0);
  EXPECT_EQ(adaptive_calibration_error(std::vector<JudgedConfidence>{{1, true}, {0, false}}), 0);
  EXPECT_TRUE(std::isnan(expected_calibration_error({})));
  EXPECT_TRUE(std::isnan(adaptive_calibration_error({})));
}

TEST(BrierScore, IsTheMeanSquareByHand) {
  EXPECT_NEAR(brier_score(std::vector<JudgedConfidence>{{0.8, true}, {0.4, false}}), (0.04 + 0.16) / 2, 1e-12);
  EXPECT_EQ(brier_score(std::vector<JudgedConfidence>(9, {0.5, true})), 0.25);
  EXPECT_NEAR(brier_score(answers(200'000, 1)), 1.0 / 6, 0.005);  // E c (1 - c)
  EXPECT_TRUE(std::isnan(brier_score({})));
}

}  // namespace
}  // namespace autodidact
