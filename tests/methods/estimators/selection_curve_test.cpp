#include "methods/estimators/selection_curve.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "methods/estimators/pass_at_k.hpp"
#include "tests/methods/estimators/candidates_fixture.hpp"

namespace autodidact {
namespace {

std::vector<std::vector<JudgedCandidate>> make_problems(std::size_t problems, std::size_t candidates) {
  std::vector<std::vector<JudgedCandidate>> all;
  for (std::size_t i = 0; i < problems; ++i)
    all.push_back(make_candidates(candidates, 2 + static_cast<std::uint32_t>(i % 4), i));
  return all;
}

TEST(SelectionCurve, DoublesUpToTheCandidatesThereAre) {
  const auto ks = [](const SelectionCurve& curve) {
    std::vector<std::uint64_t> all;
    for (const auto& point : curve) all.push_back(point.k);
    return all;
  };
  EXPECT_EQ(ks(selection_curve(make_problems(3, 16))), (std::vector<std::uint64_t>{1, 2, 4, 8, 16}));
  EXPECT_EQ(ks(selection_curve(make_problems(3, 16), {.max_k = 5})), (std::vector<std::uint64_t>{1, 2, 4}));
  EXPECT_EQ(ks(selection_curve(make_problems(2, 200), {.subset_draws = 20})).back(), 64u);
  auto uneven = make_problems(3, 16);
  uneven[1].resize(7);
  EXPECT_EQ(ks(selection_curve(uneven)), (std::vector<std::uint64_t>{1, 2, 4}));
  uneven[1].clear();
  EXPECT_TRUE(selection_curve(uneven).empty());
  EXPECT_TRUE(selection_curve({}).empty());
}

TEST(SelectionCurve, HasTheMeanOfTheProblemsWithinItsInterval) {
  const auto problems = make_problems(40, 16);
  for (const std::uint64_t resamples : {0u, 500u}) {
    const SelectionCurve curve = selection_curve(problems, {.resamples = resamples});
    double best = 0;
    for (const auto& candidates : problems) best += best_of_k(candidates, 4) / 40;
    EXPECT_NEAR(curve[2].best.value, best, 1e-12);
    for (const SelectionPoint& point : curve) {
      for (const MeanEstimate& mean : {point.pass, point.best, point.majority, point.weighted}) {
        EXPECT_LT(mean.low, mean.value);
        EXPECT_LT(mean.value, mean.high);
      }
      EXPECT_GE(point.pass.value, point.best.value);
      EXPECT_GE(point.pass.value, point.majority.value);
      EXPECT_GE(point.pass.value, point.weighted.value);
    }
    EXPECT_GT(curve[4].best.value, curve[0].best.value) << "the scores of the fixture know something";
  }
}

TEST(SelectionCurve, CountsTokensOfKCandidates) {
  std::vector<std::vector<JudgedCandidate>> problems(2, std::vector<JudgedCandidate>(4));
  for (auto& one : problems[0]) one.tokens = 10;
  for (auto& one : problems[1]) one.tokens = 30;
  const SelectionCurve curve = selection_curve(problems);
  EXPECT_EQ(curve[0].tokens, 20);
  EXPECT_EQ(curve[2].tokens, 80);
}

TEST(SelectionCurve, WithoutAVerifierHasNoCurvesOfOne) {
  auto problems = make_problems(5, 8);
  for (auto& candidates : problems) {
    for (auto& one : candidates) one.score = std::nan("");
  }
  for (const SelectionPoint& point : selection_curve(problems)) {
    EXPECT_TRUE(std::isnan(point.best.value));
    EXPECT_TRUE(std::isnan(point.weighted.low));
    EXPECT_FALSE(std::isnan(point.majority.value));
  }
}

}  // namespace
}  // namespace autodidact
