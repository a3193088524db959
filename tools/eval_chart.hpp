#pragma once
// An evaluation's JSON as lines of a chart: what tokens buy, and what abstaining buys. Pure functions; any thread. Members that
// are missing or of another type are left out: the daemon may be of another version.

#include <string>
#include <vector>

#include "tools/chart.hpp"
#include "tools/json_view.hpp"

namespace autodidact {

// A strategy without its number of samples: "weighted:n=16,early_stop" is a point of the line "weighted:early_stop".
std::string strategy_family(const std::string& strategy);

// Accuracy by generated tokens a problem, with 95 % intervals: a line for each family of strategies, or for each way to choose
// among candidates. Empty when nothing of the kind was measured.
std::vector<ChartSeries> token_curves(const Json& evaluation);
// Error by the share that is answered, the least confident left out first: a line for each strategy, or for the votes.
std::vector<ChartSeries> risk_curves(const Json& evaluation);

std::string render_token_chart(const std::vector<ChartSeries>& lines, const std::string& title);
std::string render_risk_chart(const std::vector<ChartSeries>& lines, const std::string& title);

}  // namespace autodidact
