#include "methods/estimators/risk_coverage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace autodidact {
namespace {

using Answers = std::vector<JudgedConfidence>;

TEST(RiskCoverage, HasAPointForEachThresholdThatMakesADifference) {
  const Answers answers = {{0.2, false}, {0.9, true}, {0.6, true}, {0.6, false}};
  const auto curve = risk_coverage_curve(answers);
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0].threshold, 0.9);
  EXPECT_EQ(curve[0].coverage, 0.25);
  EXPECT_EQ(curve[0].error, 0);
  EXPECT_EQ(curve[1].coverage, 0.75);
  EXPECT_NEAR(curve[1].error, 1.0 / 3, 1e-12);
  EXPECT_EQ(curve[2].coverage, 1);
  EXPECT_EQ(curve[2].error, 0.5);
  EXPECT_TRUE(risk_coverage_curve({}).empty());
}

TEST(RiskCoverage, AreaIsTheMeanErrorOverTheRanks) {
  EXPECT_NEAR(area_under_risk_coverage(Answers{{0.9, true}, {0.8, false}, {0.7, true}}), (0 + 1.0 / 2 + 1.0 / 3) / 3, 1e-12);
  EXPECT_TRUE(std::isnan(area_under_risk_coverage({})));
}

TEST(RiskCoverage, AreaOfTiesIsTheMeanOverTheirOrders) {
  Answers tied = {{0.9, true}, {0.5, false}, {0.5, false}, {0.5, true}, {0.1, false}};
  const double area = area_under_risk_coverage(tied);
  std::vector<std::size_t> order = {1, 2, 3};
  double sum = 0;
  do {
    Answers broken = tied;
    for (std::size_t i = 0; i < 3; ++i) broken[order[i]].confidence += 0.01 * static_cast<double>(i);
    sum += area_under_risk_coverage(broken);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_NEAR(area, sum / 6, 1e-12);
  EXPECT_NEAR(area_under_risk_coverage(Answers{{0.5, true}, {0.5, false}, {0.5, false}}), 2.0 / 3, 1e-12);
}

TEST(RiskCoverage, KnowingMoreMakesTheAreaSmaller) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform;
  Answers oracle, calibrated, blind;
  for (int i = 0; i < 50'000; ++i) {
    const double p = uniform(random);
    const bool correct = uniform(random) < p;
    oracle.push_back({correct ? 1.0 : 0.0, correct});
    calibrated.push_back({p, correct});
    blind.push_back({uniform(random), correct});
  }
  EXPECT_NEAR(area_under_risk_coverage(blind), 0.5, 0.01);
  EXPECT_NEAR(area_under_risk_coverage(calibrated), 0.25, 0.01);  // the mean of c / 2 over coverages c
  EXPECT_NEAR(area_under_risk_coverage(oracle), 0.5 * (1 - std::log(2)), 0.01);
}

TEST(RiskCoverage, ThresholdAnswersAtLeastTheWantedShare) {
  const Answers answers = {{0.2, false}, {0.9, true},  {0.6, true},  {0.6, false}, {0.3, true},
                           {0.8, true},  {0.7, false}, {0.1, false}, {0.5, true},  {0.4, true}};
  EXPECT_EQ(at_coverage(answers, 0.3).threshold, 0.7);
  EXPECT_NEAR(at_coverage(answers, 0.3).error, 1.0 / 3, 1e-12);
  EXPECT_EQ(at_coverage(answers, 0.4).threshold, 0.6) << "of two that tie both";
  EXPECT_EQ(at_coverage(answers, 0.4).coverage, 0.5);
  EXPECT_EQ(at_coverage(answers, 1).threshold, 0.1);
  EXPECT_EQ(at_coverage(answers, 1).error, 0.4);
  EXPECT_EQ(at_coverage(answers, 0.01).threshold, 0.9);
}

TEST(RiskCoverage, AbstainingOnTheLeastConfidentFifthLeavesTheErrorOfTheRest) {
  Answers answers;
  for (int i = 0; i < 10; ++i) answers.push_back({0.1 * i, i >= 3});  // wrong: the three least confident
  EXPECT_NEAR(error_after_abstaining(answers), 1.0 / 8, 1e-12);
  EXPECT_NEAR(error_after_abstaining(answers, 0), 0.3, 1e-12);
  EXPECT_NEAR(error_after_abstaining(answers, 0.95), 0, 1e-12) << "less than one answer is left";
  for (auto& one : answers) one.confidence = 0.5;
  EXPECT_NEAR(error_after_abstaining(answers), 0.3, 1e-12) << "a constant confidence knows nothing";
  EXPECT_TRUE(std::isnan(error_after_abstaining({})));
}

TEST(RiskCoverage, AbstainingAmongTiesIsTheMeanOverTheirOrders) {
  const Answers tied = {{0.9, true}, {0.5, false}, {0.5, true}, {0.5, true}, {0.1, false}};
  double sum = 0;
  for (std::size_t last = 1; last < 4; ++last) {  // of the three that tie one is withheld
    Answers broken = tied;
    broken[last].confidence = 0.4;
    sum += error_after_abstaining(broken, 0.4);
  }
  EXPECT_NEAR(error_after_abstaining(tied, 0.4), sum / 3, 1e-12);
}

}  // namespace
}  // namespace autodidact
