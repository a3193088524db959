#pragma once
// Which strategy to use for which difficulty and budget, from recorded outcomes of all of them: the best of each bin, and by
// two-fold cross-validation what choosing so is worth on questions that had no say in the choice (arXiv 2408.03314, section
// 5.3). Pure functions of their arguments; any thread.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "methods/compute_optimal/strategy_table.hpp"

namespace autodidact {

// One strategy's answer to one question within one budget.
struct Trial {
  bool right = false;
  std::uint64_t tokens = 0;  // generated, probes included
};

// One question asked with one seed. All of a question's seeds are in one half.
struct TrialSet {
  std::size_t question = 0;
  std::vector<double> difficulty;           // by budget: small ones may cut the probes short
  std::vector<std::uint64_t> probe_tokens;  // by budget; part of each trial's
  double oracle = 0;                        // difficulty by labels: 1 - Pass@1 of many samples. For comparison only
  std::vector<Trial> trials;                // [strategy * budgets + budget]
};

struct Recorded {
  std::vector<Strategy> strategies;
  std::vector<std::uint64_t> budgets;  // ascending
  std::vector<TrialSet> sets;          // not empty

  const Trial& at(const TrialSet& set, std::size_t strategy, std::size_t budget) const {
    return set.trials[strategy * budgets.size() + budget];
  }
};

enum class Difficulty { kPredicted, kOracle };

// What was chosen from some sets: edges and the index of a strategy for each budget and bin.
struct Policy {
  Difficulty by = Difficulty::kPredicted;
  std::vector<double> edges;
  std::vector<std::vector<std::size_t>> choice;  // [budget][bin]

  std::size_t choose(const TrialSet& set, std::size_t budget) const;
};

// Edges at the quantiles of the sets' difficulty at the largest budget, where no probe is cut; in each bin the cheapest of
// those strategies that are not worse than the one that is right most often by more than a standard error (the rule of Breiman
// et al. 1984, section 3.4.3): bins are small, and paying many times the tokens for luck is what a budget is not for. A bin
// that no set falls into gets the best of all sets.
Policy choose_policy(const Recorded& recorded, std::span<const std::size_t> sets, Difficulty by, std::size_t count);

// The indices of the sets of two halves of the questions, by a hash of the question: strata of a task are in both.
std::array<std::vector<std::size_t>, 2> two_halves(const Recorded& recorded);

// What each set gets from the policy of the half it is not in.
struct CrossValidated {
  std::array<Policy, 2> policies;              // chosen from half i, used on the other
  std::vector<std::vector<std::size_t>> used;  // [budget][set]: index of a strategy
};
CrossValidated cross_validate(const Recorded& recorded, Difficulty by, std::size_t count);

// The table of what all sets choose, with the cross-validated numbers beside. What it was fitted for is the caller's to set.
StrategyTable fit_table(const Recorded& recorded, std::size_t count);

}  // namespace autodidact
