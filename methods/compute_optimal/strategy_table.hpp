#pragma once
// Which strategy answers a question best, by its predicted difficulty and the tokens it may cost: what strategy `auto` looks
// up (arXiv 2408.03314, "compute-optimal scaling"). Fitted by strategy_fit.hpp for one generator and one verifier, kept as
// strategies.json beside the generator's weights, and of no use to others. An immutable value: any thread may hold one. The
// file is replaced atomically, so a crash leaves the old table or the new one.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "methods/compute_optimal/difficulty.hpp"
#include "methods/search/strategy.hpp"

namespace autodidact {

struct StrategyRow {
  std::uint64_t budget_tokens = 0;   // of a request, its probes included
  std::vector<Strategy> strategies;  // by bin, the easiest first
  // Of the questions it was fitted on, each answered by what the other half's questions chose.
  double accuracy = 0, tokens = 0;
};

struct StrategyTable {
  static constexpr std::uint32_t kMaxProbes = 64;
  static constexpr std::size_t kMaxBins = 32, kMaxRows = 64;

  VersionId generator = 0, verifier = 0;  // fitted for; verifier 0: none
  DifficultyMeasure measure = DifficultyMeasure::kAgreement;
  std::uint32_t probes = 4;  // completions that predict a question's difficulty, the first one greedy
  double temperature = 1;    // at which all was sampled
  std::uint64_t questions = 0;
  double probe_tokens = 0;        // the mean cost of a question's probes
  std::vector<double> edges;      // between the bins, ascending
  std::vector<StrategyRow> rows;  // by budget, ascending, at least one

  // The row of the largest fitted budget that `budget_tokens` allows; of the smallest one when it allows none.
  const Strategy& choose(double difficulty, std::uint64_t budget_tokens) const;

  std::string to_json() const;
  // kBadInput with the field at fault: hostile until checked.
  static Result<StrategyTable> from_json(std::string_view text);
};

using StrategyTablePtr = std::shared_ptr<const StrategyTable>;

// Made for what `like` is for, but always `strategy`: how a fit measures what a strategy is worth behind the probes of `auto`.
StrategyTablePtr fixed_table(const StrategyTable& like, const Strategy& strategy);

// strategies.json in a version's directory. kNotFound says how one is fitted; kBadInput what is wrong in it.
Result<StrategyTablePtr> load_strategy_table(const std::string& directory);
Status save_strategy_table(const StrategyTable& table, const std::string& directory);

}  // namespace autodidact
