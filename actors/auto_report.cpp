#include "actors/auto_report.hpp"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "methods/estimators/mean_estimate.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

struct Cost {
  MeanEstimate accuracy;
  double tokens = 0, probe_tokens = 0;
  std::size_t correct = 0, n = 0;
};

// strategy_of(set): the index of what the set is answered with.
Cost cost_of(const Recorded& recorded, std::size_t budget, const std::function<std::size_t(std::size_t set)>& strategy_of) {
  std::map<std::size_t, std::pair<double, double>> questions;  // right, asked
  Cost cost;
  for (std::size_t i = 0; i < recorded.sets.size(); ++i) {
    const TrialSet& set = recorded.sets[i];
    const Trial& trial = recorded.at(set, strategy_of(i), budget);
    auto& [right, asked] = questions[set.question];
    right += trial.right ? 1 : 0;
    asked += 1;
    cost.correct += trial.right ? 1 : 0;
    cost.tokens += static_cast<double>(trial.tokens);
    cost.probe_tokens += static_cast<double>(set.probe_tokens[budget]);
  }
  std::vector<double> shares;
  for (const auto& [question, counts] : questions) shares.push_back(counts.first / counts.second);
  const auto size = static_cast<double>(recorded.sets.size());
  return {normal_mean(shares), cost.tokens / size, cost.probe_tokens / size, cost.correct, recorded.sets.size()};
}

json cost_json(const Cost& cost) {
  return {{"n", cost.n},
          {"correct", cost.correct},
          {"accuracy", cost.accuracy.value},
          {"low", cost.accuracy.low},
          {"high", cost.accuracy.high},
          {"tokens", cost.tokens},
          {"probe_tokens", cost.probe_tokens}};
}

struct Fixed {
  std::size_t strategy, budget;
  Cost cost;
};

json row_json(const std::string& strategy, std::uint64_t budget, const Cost& cost) {
  json row = cost_json(cost);
  row["strategy"] = strategy;
  row["budget_tokens"] = budget;
  return row;
}

// Every strategy with every budget.
std::vector<Fixed> fixed_costs(const Recorded& recorded) {
  std::vector<Fixed> all;
  for (std::size_t s = 0; s < recorded.strategies.size(); ++s)
    for (std::size_t b = 0; b < recorded.budgets.size(); ++b)
      all.push_back({s, b, cost_of(recorded, b, [s](std::size_t) { return s; })});
  return all;
}

const Fixed* best_at(const std::vector<Fixed>& family, std::size_t budget) {
  const Fixed* best = nullptr;
  for (const Fixed& one : family) {
    if (one.budget != budget) continue;
    const auto rank = [](const Fixed& f) { return std::pair(f.cost.accuracy.value, -f.cost.tokens); };
    if (best == nullptr || rank(one) > rank(*best)) best = &one;
  }
  return best;
}

json saving_of(const std::vector<Fixed>& family, const Cost& own) {
  std::optional<double> cheapest;
  for (const Fixed& one : family)
    if (one.cost.accuracy.value >= own.accuracy.value && (!cheapest || one.cost.tokens < *cheapest)) cheapest = one.cost.tokens;
  return cheapest && own.tokens > 0 ? json(*cheapest / own.tokens) : json();
}

}  // namespace

json auto_report(const Recorded& recorded, std::size_t bins) {
  const CrossValidated predicted = cross_validate(recorded, Difficulty::kPredicted, bins);
  const CrossValidated oracle = cross_validate(recorded, Difficulty::kOracle, bins);
  const std::vector<Fixed> fixed = fixed_costs(recorded);
  std::map<std::string, std::vector<Fixed>> families;
  json rows = json::array(), budgets = json::array();
  for (const Fixed& one : fixed) {
    families[recorded.strategies[one.strategy].name].push_back(one);
    rows.push_back(row_json(recorded.strategies[one.strategy].text(), recorded.budgets[one.budget], one.cost));
  }
  std::size_t questions = 0;
  for (const TrialSet& set : recorded.sets) questions = std::max(questions, set.question + 1);
  for (std::size_t b = 0; b < recorded.budgets.size(); ++b) {
    const Cost own = cost_of(recorded, b, [&](std::size_t i) { return predicted.used[b][i]; });
    const Cost best = cost_of(recorded, b, [&](std::size_t i) { return oracle.used[b][i]; });
    rows.push_back(row_json("auto", recorded.budgets[b], own));
    json family_rows = json::object(), savings = json::object();
    for (const auto& [name, family] : families) {
      const Fixed& strongest = *best_at(family, b);
      family_rows[name] = cost_json(strongest.cost);
      family_rows[name]["strategy"] = recorded.strategies[strongest.strategy].text();
      savings[name] = saving_of(family, own);
    }
    budgets.push_back(
        {{"budget_tokens", recorded.budgets[b]},
         {"compute_optimal",
          {{"predicted", cost_json(own)}, {"oracle", cost_json(best)}, {"gap", best.accuracy.value - own.accuracy.value}}},
         {"fixed", std::move(family_rows)},
         {"saving", std::move(savings)}});
  }
  return {{"questions", questions},
          {"sets", recorded.sets.size()},
          {"budgets", std::move(budgets)},
          {"strategies", std::move(rows)}};
}

json table_report(const Recorded& recorded, const StrategyTable& table) {
  json out = json::array();
  for (std::size_t b = 0; b < table.rows.size(); ++b) {
    json bins = json::array();
    for (std::size_t bin = 0; bin < table.rows[b].strategies.size(); ++bin) {
      const std::string text = table.rows[b].strategies[bin].text();
      std::size_t strategy = 0;
      while (recorded.strategies[strategy].text() != text) ++strategy;
      double sets = 0, right = 0, tokens = 0;
      for (const TrialSet& set : recorded.sets) {
        if (bin_of(table.edges, set.difficulty[b]) != bin) continue;
        const Trial& trial = recorded.at(set, strategy, b);
        sets += 1, right += trial.right ? 1 : 0, tokens += static_cast<double>(trial.tokens);
      }
      json row = {{"strategy", text}, {"sets", sets}};
      if (sets > 0) row["accuracy"] = right / sets, row["tokens"] = tokens / sets;
      bins.push_back(std::move(row));
    }
    out.push_back({{"budget_tokens", table.rows[b].budget_tokens}, {"bins", std::move(bins)}});
  }
  return out;
}

}  // namespace autodidact
