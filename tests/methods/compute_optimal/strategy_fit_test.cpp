#include "methods/compute_optimal/strategy_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace autodidact {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kBins = 5;

Strategy strategy(const std::string& text) { return parse_strategy(text).value(); }

// Questions of five known difficulties, and for each difficulty and budget one strategy that is right far more often.
struct Planted {
  Recorded recorded;
  std::vector<std::vector<std::size_t>> best;  // [budget][bin]
};

Planted planted(std::uint64_t seed, std::size_t questions, std::size_t seeds, double right, double wrong) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  Planted made;
  made.recorded.strategies = {strategy("greedy"), strategy("majority:n=4"), strategy("weighted:n=16"),
                              strategy("best_of_n:n=64")};
  made.recorded.budgets = {100, 400, 1600};
  for (std::size_t budget = 0; budget < 3; ++budget) {
    auto& row = made.best.emplace_back();
    for (std::size_t bin = 0; bin < kBins; ++bin) row.push_back(random() % 4);
  }
  for (std::size_t i = 0; i < questions * seeds; ++i) {
    TrialSet set;
    set.question = i % questions;
    const std::size_t bin = set.question % kBins;
    set.oracle = static_cast<double>(bin) / kBins;
    const double predicted = (static_cast<double>(bin) + 0.9 * uniform(random)) / kBins;
    set.difficulty.assign(3, predicted);
    set.probe_tokens.assign(3, 40);
    set.trials.resize(12);
    for (std::size_t s = 0; s < 4; ++s)
      for (std::size_t b = 0; b < 3; ++b)
        set.trials[s * 3 + b] = {uniform(random) < (s == made.best[b][bin] ? right : wrong), 50 * (s + 1)};
    made.recorded.sets.push_back(std::move(set));
  }
  return made;
}

double accuracy(const Recorded& recorded, const CrossValidated& validated, std::size_t budget) {
  double right = 0;
  for (std::size_t i = 0; i < recorded.sets.size(); ++i)
    right += recorded.at(recorded.sets[i], validated.used[budget][i], budget).right ? 1 : 0;
  return right / static_cast<double>(recorded.sets.size());
}

TEST(StrategyFit, RecoversThePlantedBestStrategyOfEachBinAndBudget) {
  double validated = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Planted made = planted(seed, 200, 3, 0.9, 0.3);
    const StrategyTable table = fit_table(made.recorded, kBins);
    ASSERT_EQ(table.rows.size(), 3u);
    for (std::size_t budget = 0; budget < 3; ++budget)
      for (std::size_t bin = 0; bin < kBins; ++bin)
        EXPECT_EQ(table.rows[budget].strategies[bin].text(), made.recorded.strategies[made.best[budget][bin]].text())
            << "seed " << seed << " budget " << budget << " bin " << bin;
    EXPECT_GT(table.rows[0].accuracy, 0.75) << "a half's bins may end elsewhere";
    validated += table.rows[0].accuracy / 20;
  }
  EXPECT_NEAR(validated, 0.9, 0.03);
}

TEST(StrategyFit, ChoosingAmongEqualsIsWorthNoMoreThanAnyOfThem) {
  // All strategies are right half of the time: what a fit sees in its own half is luck, and cross-validation must not count it.
  double flattered = 0, validated = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Recorded recorded = planted(seed, 60, 1, 0.5, 0.5).recorded;
    std::vector<std::size_t> all(recorded.sets.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const Policy policy = choose_policy(recorded, all, Difficulty::kPredicted, kBins);
    double right = 0;
    for (const TrialSet& set : recorded.sets) right += recorded.at(set, policy.choose(set, 0), 0).right ? 1 : 0;
    flattered += right / static_cast<double>(recorded.sets.size()) / 40;
    validated += accuracy(recorded, cross_validate(recorded, Difficulty::kPredicted, kBins), 0) / 40;
  }
  EXPECT_GT(flattered, 0.58);
  EXPECT_NEAR(validated, 0.5, 0.03);
}

TEST(StrategyFit, WhatIsTestedHasNoSayInWhatIsChosen) {
  const Planted made = planted(7, 100, 2, 0.8, 0.3);
  for (const Difficulty by : {Difficulty::kPredicted, Difficulty::kOracle}) {
    const CrossValidated before = cross_validate(made.recorded, by, kBins);
    const auto halves = two_halves(made.recorded);
    for (std::size_t half = 0; half < 2; ++half) {
      Recorded changed = made.recorded;
      for (const std::size_t i : halves[1 - half]) {
        for (Trial& trial : changed.sets[i].trials) trial = {!trial.right, 1};
        for (double& difficulty : changed.sets[i].difficulty) difficulty = 1 - difficulty;
        changed.sets[i].oracle = 1 - changed.sets[i].oracle;
      }
      const CrossValidated after = cross_validate(changed, by, kBins);
      EXPECT_EQ(after.policies[half].edges, before.policies[half].edges);
      EXPECT_EQ(after.policies[half].choice, before.policies[half].choice);
      EXPECT_NE(after.policies[1 - half].choice, before.policies[1 - half].choice) << "the other half chose from these";
    }
  }
}

TEST(StrategyFit, EachSetIsAnsweredByThePolicyOfTheOtherHalf) {
  const Recorded recorded = planted(3, 50, 2, 0.8, 0.3).recorded;
  const CrossValidated validated = cross_validate(recorded, Difficulty::kPredicted, kBins);
  const auto halves = two_halves(recorded);
  for (std::size_t half = 0; half < 2; ++half)
    for (const std::size_t i : halves[half])
      for (std::size_t budget = 0; budget < 3; ++budget)
        EXPECT_EQ(validated.used[budget][i], validated.policies[1 - half].choose(recorded.sets[i], budget));
}

TEST(StrategyFit, AllSeedsOfAQuestionAreInOneHalf) {
  for (const std::size_t questions : {2u, 3u, 51u, 200u}) {
    const auto recorded = planted(1, questions, 3, 0.8, 0.3).recorded;
    std::set<std::size_t> in[2];
    const auto halves = two_halves(recorded);
    for (std::size_t half = 0; half < 2; ++half)
      for (const std::size_t i : halves[half]) in[half].insert(recorded.sets[i].question);
    EXPECT_EQ(in[0].size() + in[1].size(), questions);
    EXPECT_LE(in[1].size() - in[0].size(), 1u);
  }
}

TEST(StrategyFit, OfEquallyGoodStrategiesTheCheaperIsTaken) {
  Recorded recorded;
  recorded.strategies = {strategy("majority:n=64"), strategy("majority:n=4"), strategy("majority:n=16")};
  recorded.budgets = {1000};
  for (std::size_t i = 0; i < 10; ++i)
    recorded.sets.push_back({i, {0.1 * static_cast<double>(i)}, {4}, 0, {{true, 640}, {true, 40}, {true, 160}}});
  const StrategyTable table = fit_table(recorded, 2);
  for (const Strategy& chosen : table.rows[0].strategies) EXPECT_EQ(chosen.text(), "majority:n=4");
  EXPECT_DOUBLE_EQ(table.rows[0].tokens, 40);
  EXPECT_DOUBLE_EQ(table.rows[0].accuracy, 1);
}

// 100 questions, of which the dear strategy solves `gained` more and `lost` fewer: by hand, the mean difference is
// (gained - lost) / 100 and its error sqrt((gained + lost) / 100 - mean^2) / sqrt(99).
Recorded differing(std::size_t gained, std::size_t lost) {
  Recorded recorded;
  recorded.strategies = {strategy("best_of_n:n=64"), strategy("greedy")};
  recorded.budgets = {1000};
  for (std::size_t i = 0; i < 100; ++i) {
    const bool cheap = i < lost || i >= 50, dear = i >= 50 || (i >= lost && i < lost + gained);
    recorded.sets.push_back({i, {0.5}, {4}, 0, {{dear, 640}, {cheap, 10}}});
  }
  return recorded;
}

TEST(StrategyFit, PaysMoreOnlyForWhatIsMoreThanAStandardErrorBetter) {
  const auto chosen = [](const Recorded& recorded) { return fit_table(recorded, 1).rows[0].strategies[0].text(); };
  EXPECT_EQ(chosen(differing(2, 0)), "best_of_n:n=64");   // 0.02 > 0.0141
  EXPECT_EQ(chosen(differing(8, 5)), "greedy");           // 0.03 < 0.0361
  EXPECT_EQ(chosen(differing(12, 5)), "best_of_n:n=64");  // 0.07 > 0.0409
  EXPECT_EQ(chosen(differing(5, 8)), "greedy");
}

TEST(StrategyFit, ABinThatNothingFallsIntoGetsTheBestOfAll) {
  Recorded recorded;
  recorded.strategies = {strategy("greedy"), strategy("majority:n=4")};
  recorded.budgets = {1000};
  for (std::size_t i = 0; i < 8; ++i) recorded.sets.push_back({i, {0.5}, {4}, 0.5, {{false, 10}, {true, 40}}});
  const StrategyTable table = fit_table(recorded, 3);  // all are equally hard: two of the bins stay empty
  ASSERT_EQ(table.rows[0].strategies.size(), 3u);
  for (const Strategy& chosen : table.rows[0].strategies) EXPECT_EQ(chosen.text(), "majority:n=4");
}

TEST(StrategyFit, OracleBinsGoByLabelsAndPredictedOnesDoNot) {
  Planted made = planted(5, 200, 1, 0.95, 0.2);
  std::mt19937_64 random(1);
  for (TrialSet& set : made.recorded.sets)  // predictions that say nothing
    set.difficulty.assign(3, std::uniform_real_distribution<double>()(random));
  const double oracle = accuracy(made.recorded, cross_validate(made.recorded, Difficulty::kOracle, kBins), 0);
  const double predicted = accuracy(made.recorded, cross_validate(made.recorded, Difficulty::kPredicted, kBins), 0);
  EXPECT_GT(oracle, 0.85);
  EXPECT_LT(predicted, oracle - 0.1);
}

// ---- difficulty

TEST(QuantileEdges, CutIntoEqualParts) {
  std::vector<double> difficulties;
  for (int i = 99; i >= 0; --i) difficulties.push_back(i / 100.0);
  const auto edges = quantile_edges(difficulties, 4);
  ASSERT_EQ(edges.size(), 3u);
  std::vector<std::size_t> sizes(4);
  for (const double difficulty : difficulties) ++sizes[bin_of(edges, difficulty)];
  EXPECT_THAT(sizes, ElementsAre(25, 25, 25, 25));
  EXPECT_EQ(bin_of(edges, -1), 0u);
  EXPECT_EQ(bin_of(edges, 2), 3u);
}

TEST(QuantileEdges, KeepEqualValuesInOneBin) {
  const auto edges = quantile_edges({0, 0, 0, 0, 0, 0, 0.5, 1}, 4);
  EXPECT_TRUE(std::is_sorted(edges.begin(), edges.end()));
  EXPECT_EQ(bin_of(edges, 0), 0u);
  EXPECT_GT(bin_of(edges, 0.5), 0u);
  EXPECT_THAT(quantile_edges({0.25}, 3), ElementsAre(0.25, 0.25));
}

TEST(QuantileEdges, OfFewValuesCutBetweenThem) {
  std::vector<double> difficulties(21, 0.0);
  difficulties.insert(difficulties.end(), 18, 0.2);
  difficulties.insert(difficulties.end(), 21, 0.4);
  const auto edges = quantile_edges(difficulties, 3);
  EXPECT_EQ(bin_of(edges, 0), 0u);
  EXPECT_EQ(bin_of(edges, 0.2), 1u);
  EXPECT_EQ(bin_of(edges, 0.4), 2u);
}

Candidate probe(const std::string& answer, float score, std::size_t tokens, bool whole = true) {
  Candidate made;
  made.answer = answer;
  made.tokens.assign(tokens, 5);
  made.whole = whole;
  made.score = VerifierScore{score, {}};
  return made;
}

TEST(PredictedDifficulty, IsOneLessTheMeanProbabilityOfBeingRight) {
  const std::vector<Candidate> probes = {probe("a", std::log(0.9f), 3), probe("b", std::log(0.5f), 30),
                                         probe("", std::log(0.8f), 64, false)};
  EXPECT_NEAR(predicted_difficulty(DifficultyMeasure::kProbability, probes), 1 - (0.9 + 0.5 + 0) / 3, 1e-6)
      << "one that was cut has no answer, whatever the verifier thinks of it";
  EXPECT_EQ(predicted_difficulty(DifficultyMeasure::kProbability, {}), 1);
}

TEST(PredictedDifficulty, ByLikelihoodDoesNotGoByLength) {
  const std::vector<Candidate> brief = {probe("a", -1, 10)}, lengthy = {probe("a", -10, 100)};
  EXPECT_NEAR(predicted_difficulty(DifficultyMeasure::kTokenLikelihood, brief),
              predicted_difficulty(DifficultyMeasure::kTokenLikelihood, lengthy), 1e-9);
  EXPECT_NEAR(predicted_difficulty(DifficultyMeasure::kMeanLikelihood, {{probe("a", -0.1f, 100)}}), 1 - std::exp(-0.1), 1e-6);
}

TEST(PredictedDifficulty, ByRewardIsBetweenNoughtAndOneForAnyReward) {
  EXPECT_NEAR(predicted_difficulty(DifficultyMeasure::kReward, {{probe("a", 0, 5)}}), 0.5, 1e-9);
  for (const float reward : {-1e9f, -3.0f, 3.0f, 1e9f}) {
    const double difficulty = predicted_difficulty(DifficultyMeasure::kReward, {{probe("a", reward, 5)}});
    EXPECT_GE(difficulty, 0);
    EXPECT_LE(difficulty, 1);
    EXPECT_EQ(difficulty<0.5, reward> 0);
  }
}

TEST(PredictedDifficulty, ByAgreementCountsTheCommonestAnswer) {
  const std::vector<Candidate> probes = {probe("a", 0, 5), probe("b", 0, 5), probe("a", 0, 5), probe("", 0, 5)};
  EXPECT_DOUBLE_EQ(predicted_difficulty(DifficultyMeasure::kAgreement, probes), 0.5);
}

TEST(DifficultyMeasure, FollowsTheVerifiersKindOfScore) {
  VerifierOptions options;
  options.kind = "prm";
  EXPECT_EQ(difficulty_measure(options, true), DifficultyMeasure::kProbability);
  EXPECT_EQ(difficulty_measure(options, false), DifficultyMeasure::kAgreement) << "none serves yet";
  options.kind = "dpo";
  EXPECT_EQ(difficulty_measure(options, true), DifficultyMeasure::kTokenLikelihood);
  options.score = "mean_likelihood";
  EXPECT_EQ(difficulty_measure(options, true), DifficultyMeasure::kMeanLikelihood);
  options.score = "implicit_reward";
  EXPECT_EQ(difficulty_measure(options, true), DifficultyMeasure::kReward);
}

}  // namespace
}  // namespace autodidact
