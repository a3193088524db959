#pragma once
// Records what strategies are worth behind the probes of strategy `auto`, on held-out problems: what its table is fitted from.
// No CAF. Owner and thread: who owns the runner. Nothing survives a crash.

#include <span>

#include "actors/strategy_runner.hpp"
#include "methods/compute_optimal/strategy_fit.hpp"

namespace autodidact {

struct AutoPlan {
  std::vector<Strategy> strategies;    // none: default_strategies()
  std::vector<std::uint64_t> budgets;  // ascending; none: what 8, 16, 32 and 64 samples cost on average
  std::uint32_t oracle_samples = 32;   // by which a problem's Pass@1 is known
  std::uint32_t seeds = 3;             // each problem is asked with
  std::uint64_t max_tokens = 0;        // of a sample
};

// Greedy, and 4, 16 and 64 samples chosen among in each way that the verifier allows.
std::vector<Strategy> default_strategies(bool verifier, bool steps);

// kUsage: a strategy is unknown, `auto` itself, given twice, or there are more than 256 pairs of a strategy and a budget.
Result<AutoPlan> auto_plan(std::span<const std::string> strategies, std::span<const std::uint64_t> budgets);

// `like` says what the table will be fitted for. Every strategy draws the same samples for a problem and seed.
Result<Recorded> record_trials(StrategyRunner& runner, const Task& task, std::span<const Problem> problems, AutoPlan plan,
                               const StrategyTable& like);

}  // namespace autodidact
