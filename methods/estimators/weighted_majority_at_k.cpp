#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "config/status.hpp"
#include "methods/estimators/ballot.hpp"
#include "methods/estimators/subsets.hpp"
#include "methods/estimators/vote_at_k.hpp"

namespace autodidact {
namespace {

// Counts one subset's vote after another. Tallies are cleared by who voted, so a vote costs O(k) however many answers there
// are.
class WeightedVote {
 public:
  explicit WeightedVote(JudgedCandidates candidates)
      : candidates_(candidates), ballot_(make_ballot(candidates)), tallies_(ballot_.answers) {}

  // The probability that the winner is correct.
  double count(const Subset& subset) {
    double highest = -std::numeric_limits<double>::infinity();  // weights relative to it: exp of a log-likelihood is 0
    for (const std::uint32_t i : subset) {
      if (votes(i)) highest = std::max(highest, candidates_[i].score);
    }
    for (const std::uint32_t i : subset) {
      if (!votes(i)) continue;
      Tally& tally = tally_of(i);
      tally.weight += std::exp(candidates_[i].score - highest);
      tally.voters += 1;
      tally.correct += candidates_[i].correct ? 1 : 0;
    }
    const double won = winner(subset);
    for (const std::uint32_t i : subset) {
      if (votes(i)) tally_of(i) = {};
    }
    return won;
  }

 private:
  struct Tally {
    double weight = 0, voters = 0, correct = 0;
    bool counted = false;
  };

  bool votes(std::uint32_t i) const { return ballot_.answer[i] >= 0 && std::isfinite(candidates_[i].score); }
  Tally& tally_of(std::uint32_t i) { return tallies_[static_cast<std::size_t>(ballot_.answer[i])]; }

  double winner(const Subset& subset) {
    double largest = 0;
    for (const std::uint32_t i : subset) {
      if (votes(i)) largest = std::max(largest, tally_of(i).weight);
    }
    double tied = 0, right = 0;
    for (const std::uint32_t i : subset) {
      // The same scores added in another order differ in their last bits, and are a tie all the same.
      if (!votes(i) || tally_of(i).counted || tally_of(i).weight < largest * (1 - 1e-12)) continue;
      tally_of(i).counted = true;
      tied += 1;
      right += tally_of(i).correct / tally_of(i).voters;
    }
    return tied > 0 ? right / tied : 0;
  }

  const JudgedCandidates candidates_;
  const Ballot ballot_;
  std::vector<Tally> tallies_;
};

}  // namespace

SampledValue weighted_majority_at_k(JudgedCandidates candidates, std::uint64_t k, std::uint64_t draws, std::uint64_t seed) {
  const auto n = static_cast<std::uint32_t>(candidates.size());
  AD_REQUIRE(k >= 1 && k <= n, "weighted majority@k is of 1 <= k <= N candidates");
  AD_REQUIRE(draws >= 2, "subsets to draw: at least 2");
  WeightedVote vote(candidates);
  Subset subset = first_subset(static_cast<std::uint32_t>(k));
  double sum = 0, squares = 0;
  if (count_subsets(n, k, draws + 1) <= draws) {
    std::uint64_t subsets = 0;
    do {
      sum += vote.count(subset);
      ++subsets;
    } while (next_subset(subset, n));
    return {sum / static_cast<double>(subsets), 0};
  }
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    draw_subset(n, static_cast<std::uint32_t>(k), seed, draw, subset);
    const double won = vote.count(subset);
    sum += won;
    squares += won * won;
  }
  const double count = static_cast<double>(draws), mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean) * count / (count - 1);
  return {mean, std::sqrt(variance / count)};
}

}  // namespace autodidact
