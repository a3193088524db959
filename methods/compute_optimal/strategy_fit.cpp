#include "methods/compute_optimal/strategy_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kHalvesStream = 0x6861'6c76'6573;

double difficulty_of(const TrialSet& set, Difficulty by, std::size_t budget) {
  return by == Difficulty::kOracle ? set.oracle : set.difficulty[budget];
}

// What a strategy got for some sets.
struct Outcome {
  std::vector<double> right;  // by question, the share of its seeds: these are not independent
  double mean = 0;
  std::uint64_t tokens = 0;
};

Outcome outcome_of(const Recorded& recorded, std::span<const std::size_t> sets, std::size_t strategy, std::size_t budget) {
  std::map<std::size_t, std::pair<double, double>> questions;  // right, asked
  Outcome outcome;
  for (const std::size_t i : sets) {
    const Trial& trial = recorded.at(recorded.sets[i], strategy, budget);
    auto& [right, asked] = questions[recorded.sets[i].question];
    right += trial.right ? 1 : 0;
    asked += 1;
    outcome.mean += (trial.right ? 1.0 : 0.0) / static_cast<double>(sets.size());
    outcome.tokens += trial.tokens;
  }
  for (const auto& [question, counts] : questions) outcome.right.push_back(counts.first / counts.second);
  return outcome;
}

// Whether `better` is so by more than one standard error of the difference, over questions.
bool told_apart(const Outcome& better, const Outcome& other) {
  const auto n = static_cast<double>(better.right.size());
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < better.right.size(); ++i) mean += (better.right[i] - other.right[i]) / n;
  for (std::size_t i = 0; i < better.right.size(); ++i) {
    const double off = better.right[i] - other.right[i] - mean;
    squares += off * off;
  }
  const double error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  return mean > error + 1e-12;
}

// The cheapest of those that can't be told apart from the one that is right most often; the first of equals.
std::size_t best_strategy(const Recorded& recorded, std::span<const std::size_t> sets, std::size_t budget) {
  std::vector<Outcome> outcomes;
  for (std::size_t s = 0; s < recorded.strategies.size(); ++s) outcomes.push_back(outcome_of(recorded, sets, s, budget));
  const auto rank = [](const Outcome& o) { return std::pair(-o.mean, o.tokens); };
  const Outcome& top = *std::ranges::min_element(outcomes, {}, rank);
  std::size_t best = outcomes.size();
  for (std::size_t s = 0; s < outcomes.size(); ++s)
    if (!told_apart(top, outcomes[s]) && (best == outcomes.size() || outcomes[s].tokens < outcomes[best].tokens)) best = s;
  return best;
}

std::vector<std::size_t> all_of(const Recorded& recorded) {
  std::vector<std::size_t> sets(recorded.sets.size());
  std::iota(sets.begin(), sets.end(), 0);
  return sets;
}

}  // namespace

std::size_t Policy::choose(const TrialSet& set, std::size_t budget) const {
  return choice[budget][bin_of(edges, difficulty_of(set, by, budget))];
}

Policy choose_policy(const Recorded& recorded, std::span<const std::size_t> sets, Difficulty by, std::size_t count) {
  AD_REQUIRE(!sets.empty() && !recorded.strategies.empty() && !recorded.budgets.empty(), "nothing to choose from");
  Policy policy;
  policy.by = by;
  std::vector<double> difficulties;
  for (const std::size_t i : sets) difficulties.push_back(difficulty_of(recorded.sets[i], by, recorded.budgets.size() - 1));
  policy.edges = quantile_edges(std::move(difficulties), count);
  for (std::size_t budget = 0; budget < recorded.budgets.size(); ++budget) {
    std::vector<std::vector<std::size_t>> members(count);
    for (const std::size_t i : sets) members[bin_of(policy.edges, difficulty_of(recorded.sets[i], by, budget))].push_back(i);
    auto& row = policy.choice.emplace_back();
    for (const auto& of_bin : members) row.push_back(best_strategy(recorded, of_bin.empty() ? sets : of_bin, budget));
  }
  return policy;
}

std::array<std::vector<std::size_t>, 2> two_halves(const Recorded& recorded) {
  std::vector<std::pair<std::uint64_t, std::size_t>> questions;  // in an order that has nothing to do with the task's
  for (const TrialSet& set : recorded.sets) questions.emplace_back(counter_hash({kHalvesStream, set.question}), set.question);
  std::sort(questions.begin(), questions.end());
  questions.erase(std::unique(questions.begin(), questions.end()), questions.end());
  const std::size_t middle = questions.size() / 2;
  std::array<std::vector<std::size_t>, 2> halves;
  for (std::size_t i = 0; i < recorded.sets.size(); ++i) {
    const std::size_t question = recorded.sets[i].question;
    const std::pair key(counter_hash({kHalvesStream, question}), question);
    halves[questions.size() > 1 && key >= questions[middle] ? 1 : 0].push_back(i);
  }
  return halves;
}

CrossValidated cross_validate(const Recorded& recorded, Difficulty by, std::size_t count) {
  const auto halves = two_halves(recorded);
  AD_REQUIRE(!halves[0].empty() && !halves[1].empty(), "cross-validation needs two questions at least");
  CrossValidated out;
  out.used.assign(recorded.budgets.size(), std::vector<std::size_t>(recorded.sets.size()));
  for (std::size_t half = 0; half < 2; ++half) {
    out.policies[half] = choose_policy(recorded, halves[half], by, count);
    for (const std::size_t i : halves[1 - half])
      for (std::size_t budget = 0; budget < recorded.budgets.size(); ++budget)
        out.used[budget][i] = out.policies[half].choose(recorded.sets[i], budget);
  }
  return out;
}

StrategyTable fit_table(const Recorded& recorded, std::size_t count) {
  const Policy policy = choose_policy(recorded, all_of(recorded), Difficulty::kPredicted, count);
  const CrossValidated validated = cross_validate(recorded, Difficulty::kPredicted, count);
  const auto size = static_cast<double>(recorded.sets.size());
  StrategyTable table;
  table.edges = policy.edges;
  for (std::size_t budget = 0; budget < recorded.budgets.size(); ++budget) {
    StrategyRow row;
    row.budget_tokens = recorded.budgets[budget];
    for (const std::size_t s : policy.choice[budget]) row.strategies.push_back(recorded.strategies[s]);
    for (std::size_t i = 0; i < recorded.sets.size(); ++i) {
      const Trial& trial = recorded.at(recorded.sets[i], validated.used[budget][i], budget);
      row.accuracy += (trial.right ? 1 : 0) / size;
      row.tokens += static_cast<double>(trial.tokens) / size;
    }
    row.accuracy = std::min(1.0, row.accuracy);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace autodidact
