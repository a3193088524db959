// Each estimator against its definition: every subset looked at, or many drawn.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "methods/estimators/pass_at_k.hpp"
#include "methods/estimators/subsets.hpp"
#include "methods/estimators/vote_at_k.hpp"
#include "tests/methods/estimators/candidates_fixture.hpp"

namespace autodidact {
namespace {

using Candidates = std::vector<JudgedCandidate>;
using Choice = std::function<double(const Candidates&)>;  // the probability that what is chosen of these is correct

double any_correct(const Candidates& drawn) {
  return std::any_of(drawn.begin(), drawn.end(), [](const auto& one) { return one.correct; }) ? 1 : 0;
}

double highest_scored(const Candidates& drawn) {
  const auto rank = [](const JudgedCandidate& one) { return std::isnan(one.score) ? -1e300 : one.score; };
  double highest = -1e301, tied = 0, correct = 0;
  for (const auto& one : drawn) highest = std::max(highest, rank(one));
  for (const auto& one : drawn) {
    if (rank(one) < highest) continue;
    tied += 1;
    correct += one.correct;
  }
  return correct / tied;
}

double voted(const Candidates& drawn, bool weighted) {
  struct Tally {
    double weight = 0, voters = 0, correct = 0;
  };
  std::map<std::string, Tally> tallies;
  for (const auto& one : drawn) {
    if (one.answer.empty() || (weighted && std::isnan(one.score))) continue;
    Tally& tally = tallies[one.answer];
    tally.weight += weighted ? std::exp(one.score) : 1;
    tally.voters += 1;
    tally.correct += one.correct;
  }
  double most = 0, tied = 0, right = 0;
  for (const auto& [answer, tally] : tallies) most = std::max(most, tally.weight);
  for (const auto& [answer, tally] : tallies) {
    if (tally.weight < most - 1e-9) continue;
    tied += 1;
    right += tally.correct / tally.voters;
  }
  return tied > 0 ? right / tied : 0;
}
double majority(const Candidates& drawn) { return voted(drawn, false); }
double weighted(const Candidates& drawn) { return voted(drawn, true); }

double over_all_subsets(const Candidates& all, std::uint32_t k, const Choice& choice) {
  double sum = 0, count = 0;
  for (std::uint32_t bits = 0; bits < 1u << all.size(); ++bits) {
    if (__builtin_popcount(bits) != static_cast<int>(k)) continue;
    Candidates drawn;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (bits >> i & 1) drawn.push_back(all[i]);
    }
    sum += choice(drawn);
    count += 1;
  }
  return sum / count;
}

double over_draws(Candidates all, std::uint32_t k, int draws, const Choice& choice) {
  std::mt19937_64 random(1);
  double sum = 0;
  for (int draw = 0; draw < draws; ++draw) {
    std::shuffle(all.begin(), all.end(), random);
    sum += choice(Candidates(all.begin(), all.begin() + k));
  }
  return sum / draws;
}

constexpr std::uint64_t kAllSubsets = 1'000'000;

TEST(SelectionAtK, EqualsTheMeanOverAllSubsetsTiesIncluded) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Candidates all = make_candidates(1 + seed % 10, 1 + static_cast<std::uint32_t>(seed % 5), seed);
    for (std::uint32_t k = 1; k <= all.size(); ++k) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", k " + std::to_string(k));
      EXPECT_NEAR(pass_at_k(all, k), over_all_subsets(all, k, any_correct), 1e-12);
      EXPECT_NEAR(best_of_k(all, k), over_all_subsets(all, k, highest_scored), 1e-12);
      EXPECT_NEAR(majority_at_k(all, k), over_all_subsets(all, k, majority), 1e-12);
      const SampledValue sampled = weighted_majority_at_k(all, k, kAllSubsets, 0);
      EXPECT_NEAR(sampled.value, over_all_subsets(all, k, weighted), 1e-12);
      EXPECT_EQ(sampled.standard_error, 0);
    }
  }
}

// As V-STaR's authors checked theirs.
TEST(SelectionAtK, EqualsRepeatedDrawingWithinAPoint) {
  for (std::uint64_t seed = 100; seed < 103; ++seed) {
    const Candidates all = make_candidates(64, 4, seed);
    for (const std::uint32_t k : {1u, 4u, 16u}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", k " + std::to_string(k));
      EXPECT_NEAR(pass_at_k(all, k), over_draws(all, k, 10000, any_correct), 0.01);
      EXPECT_NEAR(best_of_k(all, k), over_draws(all, k, 10000, highest_scored), 0.01);
      EXPECT_NEAR(majority_at_k(all, k), over_draws(all, k, 10000, majority), 0.01);
      EXPECT_NEAR(weighted_majority_at_k(all, k, 10000, 7).value, over_draws(all, k, 10000, weighted), 0.015);  // two draws
    }
  }
}

TEST(SelectionAtK, OneCandidateIsTheMeanAccuracyAndAllAreTheFinalChoice) {
  for (std::uint64_t seed = 200; seed < 210; ++seed) {
    Candidates all = make_candidates(50, 3, seed);
    for (auto& one : all) one.score = std::isnan(one.score) ? -9 : one.score;  // else it has no weighted vote
    double correct = 0;
    for (const auto& one : all) correct += one.correct;
    EXPECT_NEAR(pass_at_k(all, 1), correct / 50, 1e-12);
    EXPECT_NEAR(best_of_k(all, 1), correct / 50, 1e-12);
    EXPECT_NEAR(majority_at_k(all, 1), correct / 50, 1e-12);
    EXPECT_NEAR(weighted_majority_at_k(all, 1, 1000, 0).value, correct / 50, 1e-12);
    EXPECT_EQ(pass_at_k(all, 50), any_correct(all));
    EXPECT_NEAR(best_of_k(all, 50), highest_scored(all), 1e-12);
    EXPECT_NEAR(majority_at_k(all, 50), majority(all), 1e-12);
    EXPECT_NEAR(weighted_majority_at_k(all, 50, 1000, 0).value, weighted(all), 1e-12);
  }
}

TEST(SelectionAtK, AJudgeThatLooksBeyondTheAnswerMakesAnswersPartlyRight) {
  Candidates all = make_candidates(9, 2, 3, false);
  for (std::size_t i = 0; i < all.size(); i += 2) all[i].correct = false;  // right answers among them, by wrong ways
  for (std::uint32_t k = 1; k <= 9; ++k) EXPECT_NEAR(majority_at_k(all, k), over_all_subsets(all, k, majority), 1e-12);
}

TEST(PassAtK, HoldsForManyCandidates) {
  EXPECT_NEAR(pass_at_k(10000, 1, 5000), 0.5, 1e-12);
  EXPECT_NEAR(pass_at_k(10000, 3, 1), 3e-4, 1e-15);
  EXPECT_EQ(pass_at_k(10000, 0, 10000), 0);
  EXPECT_EQ(pass_at_k(4, 3, 2), 1);
}

TEST(BestOfK, IsOneWhenTheVerifierIsPerfectAndAnyIsRight) {
  Candidates all(1000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {i == 700, i == 700 ? 0.0 : -1.0 - static_cast<double>(i), "x", 1};
  EXPECT_NEAR(best_of_k(all, 1000), 1, 1e-12);
  for (const std::uint64_t k : {1u, 2u, 64u, 999u}) EXPECT_NEAR(best_of_k(all, k), pass_at_k(all, k), 1e-12);
}

TEST(MajorityAtK, HoldsForManyCandidatesThatAllDifferOrAllAgree) {
  Candidates all(512);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {i < 2, 0, std::to_string(i), 1};
  for (const std::uint64_t k : {1u, 32u, 512u}) EXPECT_NEAR(majority_at_k(all, k), 2.0 / 512, 1e-12);
  for (auto& one : all) one.answer = "same";
  for (const std::uint64_t k : {1u, 256u, 511u, 512u}) EXPECT_NEAR(majority_at_k(all, k), 2.0 / 512, 1e-12);
}

TEST(MajorityAtK, WithoutAnyAnswerFindsNothing) {
  Candidates all = make_candidates(6, 2, 1);
  for (auto& one : all) one.answer.clear();
  EXPECT_EQ(majority_at_k(all, 3), 0);
  EXPECT_EQ(weighted_majority_at_k(all, 3, 100, 0).value, 0);
}

TEST(WeightedMajority, KnowsHowFarItsDrawsMayBeOff) {
  const Candidates all = make_candidates(20, 3, 4);
  const double exact = weighted_majority_at_k(all, 8, 200'000, 0).value;  // C(20, 8) = 125,970
  double squares = 0, claimed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SampledValue drawn = weighted_majority_at_k(all, 8, 400, seed);
    EXPECT_GT(drawn.standard_error, 0);
    squares += (drawn.value - exact) * (drawn.value - exact) / 200;
    claimed += drawn.standard_error / 200;
  }
  EXPECT_NEAR(std::sqrt(squares) / claimed, 1, 0.2);
  EXPECT_EQ(weighted_majority_at_k(all, 8, 400, 1).value, weighted_majority_at_k(all, 8, 400, 1).value);
}

TEST(WeightedMajority, DoesNotMindHowSmallLikelihoodsAre) {
  Candidates all = make_candidates(8, 3, 11);
  std::vector<double> plain;
  for (std::uint64_t k = 1; k <= 8; ++k) plain.push_back(weighted_majority_at_k(all, k, kAllSubsets, 0).value);
  for (auto& one : all) one.score -= 2000;  // exp of it is 0
  for (std::uint64_t k = 1; k <= 8; ++k) EXPECT_NEAR(weighted_majority_at_k(all, k, kAllSubsets, 0).value, plain[k - 1], 1e-12);
}

TEST(Subsets, AreAllThereOnce) {
  Subset subset = first_subset(3);
  std::uint64_t count = 1;
  for (Subset before = subset; next_subset(subset, 7); before = subset, ++count) EXPECT_LT(before, subset);
  EXPECT_EQ(count, 35u);
  EXPECT_EQ(count_subsets(7, 3, 1000), 35u);
  EXPECT_EQ(count_subsets(64, 32, 1000), 1000u);
  EXPECT_EQ(count_subsets(62, 31, ~0ull), 465428353255261088ull);
  EXPECT_EQ(count_subsets(3, 4, 1000), 0u);
}

TEST(Subsets, DrawsAreDistinctNumbersEachEquallyOften) {
  std::vector<int> seen(10, 0);
  Subset subset;
  for (std::uint64_t draw = 0; draw < 10000; ++draw) {
    draw_subset(10, 3, 5, draw, subset);
    ASSERT_EQ(subset.size(), 3u);
    for (const std::uint32_t i : subset) ++seen[i];
    std::sort(subset.begin(), subset.end());
    ASSERT_EQ(std::unique(subset.begin(), subset.end()), subset.end());
  }
  for (const int times : seen) EXPECT_NEAR(times, 3000, 200);
}

}  // namespace
}  // namespace autodidact
