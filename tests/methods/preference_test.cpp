#include "methods/preference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

namespace autodidact {
namespace {

// Problem p has right[p] right and wrong[p] wrong attempts, all different; ids count up.
std::vector<GradedAttempt> graded(const std::vector<std::pair<int, int>>& problems) {
  std::vector<GradedAttempt> attempts;
  AttemptId id = 0;
  for (std::size_t p = 0; p < problems.size(); ++p)
    for (int i = 0; i < problems[p].first + problems[p].second; ++i, ++id)
      attempts.push_back({id + 1, 100 + p, i < problems[p].first, 7000 + id, 1});
  return attempts;
}

std::map<AttemptId, GradedAttempt> by_id(const std::vector<GradedAttempt>& attempts) {
  std::map<AttemptId, GradedAttempt> map;
  for (const GradedAttempt& attempt : attempts) map[attempt.id] = attempt;
  return map;
}

std::vector<std::pair<AttemptId, AttemptId>> plain(const std::vector<PreferencePair>& pairs) {
  std::vector<std::pair<AttemptId, AttemptId>> out;
  for (const PreferencePair& pair : pairs) out.emplace_back(pair.chosen, pair.rejected);
  return out;
}

TEST(DrawPairs, PairsRightWithWrongOfOneProblemUpToTheCapAndNeverTwice) {
  const auto attempts = graded({{3, 5}, {1, 1}, {40, 40}, {2, 1}});
  const auto known = by_id(attempts);
  const auto pairs = plain(draw_pairs(attempts, 6, 1));
  std::map<ProblemId, std::size_t> of_problem;
  for (const auto& [chosen, rejected] : pairs) {
    EXPECT_TRUE(known.at(chosen).correct);
    EXPECT_FALSE(known.at(rejected).correct);
    EXPECT_EQ(known.at(chosen).problem, known.at(rejected).problem);
    ++of_problem[known.at(chosen).problem];
  }
  EXPECT_EQ(of_problem, (std::map<ProblemId, std::size_t>{{100, 6}, {101, 1}, {102, 6}, {103, 2}}));
  EXPECT_EQ(std::set(pairs.begin(), pairs.end()).size(), pairs.size());
}

TEST(DrawPairs, WithRoomForAllDrawTheWholeProductOnce) {
  const auto pairs = plain(draw_pairs(graded({{3, 5}}), 1000, 9));
  EXPECT_EQ(std::set(pairs.begin(), pairs.end()).size(), 15u);
  EXPECT_EQ(pairs.size(), 15u);
}

TEST(DrawPairs, ProblemsWithOneOutcomeGiveNone) {
  EXPECT_TRUE(draw_pairs(graded({{4, 0}, {0, 4}}), 8, 1).empty());
  EXPECT_TRUE(draw_pairs({}, 8, 1).empty());
}

TEST(DrawPairs, AreAFunctionOfTheSeedAndNotOfTheOrderOfAttempts) {
  auto attempts = graded({{9, 9}, {3, 12}, {1, 7}});
  attempts.push_back(attempts[2]);  // the same text, sampled again
  attempts.back().id = 999;
  const auto pairs = plain(draw_pairs(attempts, 8, 3));
  std::mt19937 random(1);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(attempts.begin(), attempts.end(), random);
    EXPECT_EQ(plain(draw_pairs(attempts, 8, 3)), pairs);
  }
  EXPECT_NE(plain(draw_pairs(attempts, 8, 4)), pairs);
}

TEST(DrawPairs, TextsThatAreAlikeCountOnce) {
  auto attempts = graded({{4, 4}});
  for (GradedAttempt& attempt : attempts) attempt.hash = attempt.correct ? 1 : 2;
  EXPECT_EQ(plain(draw_pairs(attempts, 100, 1)), (std::vector<std::pair<AttemptId, AttemptId>>{{1, 5}}));
}

TEST(DrawPairs, DrawEveryPairOfAProblemAboutAlikeOften) {
  std::map<std::pair<AttemptId, AttemptId>, int> counts;
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    for (const auto& pair : plain(draw_pairs(graded({{4, 4}}), 4, seed))) ++counts[pair];
  ASSERT_EQ(counts.size(), 16u);
  for (const auto& [pair, count] : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Validation, KeepsTheSameShareOfProblemsInEveryRun) {
  int kept = 0, other = 0;
  for (ProblemId problem = 0; problem < 20000; ++problem) {
    kept += is_validation(problem, 0.1, 1);
    other += is_validation(problem, 0.1, 1) && is_validation(problem, 0.1, 2);
    EXPECT_FALSE(is_validation(problem, 0, 1));
    EXPECT_LE(is_validation(problem, 0.1, 1), is_validation(problem, 0.2, 1)) << "a larger share holds the smaller one";
  }
  EXPECT_NEAR(kept, 2000, 200);
  EXPECT_NEAR(other, 200, 80) << "another seed keeps others";
}

std::vector<TrainExample> examples(std::initializer_list<std::size_t> lengths) {
  std::vector<TrainExample> batch;
  for (const std::size_t length : lengths) batch.push_back({std::vector<TokenId>(length + 3, 2), 3, 1, {}});
  return batch;
}

TEST(WeighPairs, PushesByHowFarThePairIsFromBeingRight) {
  auto batch = examples({4, 5, 6, 7});
  const double policy[] = {-10, -12, -30, -20}, reference[] = {-11, -11, -20, -20};
  VerifierOptions options;
  options.beta = 0.5;
  const PreferenceStats stats = weigh_pairs(batch, policy, reference, options);
  const double margins[] = {0.5 * (1 - -1), 0.5 * (-10 - 0)};
  for (int i = 0; i < 2; ++i) {
    const double push = 0.5 / (1 + std::exp(margins[i]));
    EXPECT_NEAR(batch[2 * i].weight, push, 1e-7);
    EXPECT_NEAR(batch[2 * i + 1].weight, -push, 1e-7);
  }
  EXPECT_NEAR(stats.loss, (std::log1p(std::exp(-1.0)) + std::log1p(std::exp(5.0))) / 2, 1e-12);
  EXPECT_NEAR(stats.margin, -2, 1e-12);
  EXPECT_NEAR(stats.accuracy, 0.5, 1e-12);
}

TEST(WeighPairs, OfExtremeMarginsStayFinite) {
  auto batch = examples({4, 4, 4, 4});
  const double policy[] = {-1e6, 0, 0, -1e6}, reference[] = {0, -1e6, -1e6, 0};
  const PreferenceStats stats = weigh_pairs(batch, policy, reference, {.beta = 100});
  for (const TrainExample& example : batch) EXPECT_TRUE(std::isfinite(example.weight));
  EXPECT_TRUE(std::isfinite(stats.loss));
  EXPECT_EQ(batch[0].weight, 100);
  EXPECT_EQ(batch[2].weight, 0);
}

TEST(WeighPairs, WithNllCountTheChosenOnesMeanAsMuchMore) {
  auto without = examples({4, 8}), with = examples({4, 8});
  const double zeros[] = {0, 0};
  weigh_pairs(without, zeros, zeros, {.beta = 0.1});
  weigh_pairs(with, zeros, zeros, {.beta = 0.1, .nll_weight = 2});
  EXPECT_NEAR(with[0].weight - without[0].weight, 2.0 / 4, 1e-6);
  EXPECT_EQ(with[1].weight, without[1].weight);
}

}  // namespace
}  // namespace autodidact
