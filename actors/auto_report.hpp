#pragma once
// What a fit of strategy `auto` is worth, as JSON: compute-optimal by predicted and by oracle difficulty, beside fixed
// strategies at the same budgets. No CAF. Pure; any thread.

#include <nlohmann/json_fwd.hpp>

#include "methods/compute_optimal/strategy_fit.hpp"

namespace autodidact {

// {"questions", "sets", "budgets": [{"budget_tokens", "compute_optimal": {"predicted": COST, "oracle": COST, "gap"},
//  "fixed": {"best_of_n": COST and "strategy", …}, "saving": {"best_of_n": 4.1, …}}],
//  "strategies": [{"strategy", "budget_tokens"} and COST]}, where COST is {"n", "correct", "accuracy", "low", "high", "tokens",
// "probe_tokens"}: the interval over questions, tokens a question with those of the probes, and the probes' alone. The rows of
// "auto" among the strategies are compute_optimal.predicted again, for curves.
// compute_optimal is cross-validated, gap is oracle - predicted; fixed is a family's member that is right most often at this
// budget on these very questions, a choice that flatters it. saving: how many times the tokens the cheapest member at any
// budget takes to be right as often; null where none is.
nlohmann::json auto_report(const Recorded& recorded, std::size_t bins);

// [{"budget_tokens", "bins": [{"strategy", "sets", "accuracy", "tokens"}]}]: what the table chose, easiest bin first. The
// accuracies are those of the very sets that chose, so they flatter; the cross-validated ones are auto_report()'s.
nlohmann::json table_report(const Recorded& recorded, const StrategyTable& table);

}  // namespace autodidact
