#include "actors/auto_trials.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "actors/candidate_report.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMostRuns = 256;                                       // strategies times budgets
constexpr std::uint64_t kOracleStream = 0x6f72'6163, kStream = 0x6175'746f;  // the oracle's samples are not the probes

// Draws for the oracle; returns the mean tokens of a sample.
Result<double> ask_oracle(StrategyRunner& runner, const Task& task, std::span<const Problem> problems, const AutoPlan& plan,
                          double temperature, std::vector<TrialSet>& sets) {
  StrategyRunner::Plan draw;
  draw.strategy.name = "majority";
  draw.strategy.n = plan.oracle_samples;
  draw.budget_tokens = plan.oracle_samples * plan.max_tokens;
  draw.temperature = temperature;
  draw.seed = kOracleStream;
  AD_ASSIGN_OR_RETURN(const auto outcomes, runner.run(problems, draw));
  double tokens = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    std::uint32_t right = 0;
    for (const Candidate& candidate : outcomes[i].result.candidates) right += is_right(task, problems[i], candidate) ? 1 : 0;
    const double difficulty = 1 - double(right) / plan.oracle_samples;
    for (std::uint32_t seed = 0; seed < plan.seeds; ++seed) sets[seed * problems.size() + i].oracle = difficulty;
    tokens += static_cast<double>(outcomes[i].tokens_spent);
  }
  return tokens / static_cast<double>(problems.size()) / plan.oracle_samples;
}

std::vector<std::uint64_t> default_budgets(double sample_tokens, std::uint64_t max_tokens) {
  std::set<std::uint64_t> budgets;
  for (const double samples : {8, 16, 32, 64})
    budgets.insert(std::max<std::uint64_t>(max_tokens, static_cast<std::uint64_t>(std::ceil(samples * sample_tokens))));
  return {budgets.begin(), budgets.end()};
}

// No draw was kept waiting, cut or left out: more budget changes nothing.
bool unhindered(std::span<const SearchOutcome> outcomes, std::uint64_t budget, std::uint64_t max_tokens) {
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [&](const SearchOutcome& outcome) { return outcome.tokens_spent + max_tokens <= budget; });
}

// Fills one TrialSet per problem and seed, seed by seed.
class Recorder {
 public:
  Recorder(StrategyRunner& runner, const Task& task, std::span<const Problem> problems, const StrategyTable& like,
           std::uint64_t max_tokens, Recorded& recorded)
      : runner_(runner), task_(task), problems_(problems), like_(like), max_tokens_(max_tokens), recorded_(recorded) {}

  void make_room() {
    for (std::size_t i = 0; i < recorded_.sets.size(); ++i) {
      TrialSet& set = recorded_.sets[i];
      set.question = i % problems_.size();
      set.trials.resize(recorded_.strategies.size() * recorded_.budgets.size());
      set.difficulty.resize(recorded_.budgets.size());
      set.probe_tokens.resize(recorded_.budgets.size());
    }
  }

  Status measure(std::size_t strategy, std::uint32_t seed) {
    StrategyRunner::Plan plan;
    plan.strategy.name = "auto";
    plan.strategy.n = std::max(like_.probes, recorded_.strategies[strategy].n);
    plan.table = fixed_table(like_, recorded_.strategies[strategy]);
    plan.temperature = like_.temperature;
    plan.seed = counter_hash({kStream, seed});
    std::vector<SearchOutcome> outcomes;
    for (std::size_t budget = 0; budget < recorded_.budgets.size(); ++budget) {
      plan.budget_tokens = recorded_.budgets[budget];
      if (budget == 0 || !unhindered(outcomes, recorded_.budgets[budget - 1], max_tokens_)) {
        AD_ASSIGN_OR_RETURN(outcomes, runner_.run(problems_, plan));
      }
      record(outcomes, strategy, budget, recorded_.sets.data() + seed * problems_.size());
    }
    return {};
  }

 private:
  void record(std::span<const SearchOutcome> outcomes, std::size_t strategy, std::size_t budget, TrialSet* sets) const {
    for (std::size_t i = 0; i < problems_.size(); ++i) {
      const SearchResult& result = outcomes[i].result;
      const bool right = !result.candidates.empty() && is_right(task_, problems_[i], result.candidates[result.chosen]);
      sets[i].trials[strategy * recorded_.budgets.size() + budget] = {right, outcomes[i].tokens_spent};
      sets[i].difficulty[budget] = result.probing ? result.probing->difficulty : 1;
      sets[i].probe_tokens[budget] = result.probing ? result.probing->tokens : 0;
    }
  }

  StrategyRunner& runner_;
  const Task& task_;
  const std::span<const Problem> problems_;
  const StrategyTable& like_;
  const std::uint64_t max_tokens_;
  Recorded& recorded_;
};

}  // namespace

std::vector<Strategy> default_strategies(bool verifier, bool steps) {
  std::vector<std::string> names = {"majority"};
  if (verifier) names.insert(names.end(), {"best_of_n", "weighted"});
  if (steps) names.insert(names.end(), {"beam", "dvts"});
  std::vector<Strategy> strategies = {parse_strategy("greedy").value()};
  for (const std::string& name : names)
    for (const char* n : {":n=4", ":n=16", ":n=64"}) strategies.push_back(parse_strategy(name + n).value());
  return strategies;
}

Result<AutoPlan> auto_plan(std::span<const std::string> strategies, std::span<const std::uint64_t> budgets) {
  AutoPlan plan;
  std::set<std::string> seen;
  for (const std::string& text : strategies) {
    AD_ASSIGN_OR_RETURN(Strategy strategy, parse_strategy(text));
    if (strategy.name == "auto") return Status(Errc::kUsage, "fit-auto: auto is what is fitted; name those it may choose");
    if (seen.insert(strategy.text()).second) plan.strategies.push_back(std::move(strategy));
  }
  plan.budgets.assign(budgets.begin(), budgets.end());
  std::sort(plan.budgets.begin(), plan.budgets.end());
  plan.budgets.erase(std::unique(plan.budgets.begin(), plan.budgets.end()), plan.budgets.end());
  if (plan.budgets.size() > StrategyTable::kMaxRows)
    return Status(Errc::kUsage, "fit-auto: at most " + std::to_string(StrategyTable::kMaxRows) + " budgets");
  const std::size_t runs = plan.strategies.empty() ? default_strategies(true, true).size() : plan.strategies.size();
  if (runs * plan.budgets.size() > kMostRuns)
    return Status(Errc::kUsage, "fit-auto: at most 256 pairs of a strategy and a budget");
  return plan;
}

Result<Recorded> record_trials(StrategyRunner& runner, const Task& task, std::span<const Problem> problems, AutoPlan plan,
                               const StrategyTable& like) {
  Recorded recorded;
  recorded.strategies = std::move(plan.strategies);
  recorded.sets.resize(plan.seeds * problems.size());
  AD_ASSIGN_OR_RETURN(const double sample_tokens, ask_oracle(runner, task, problems, plan, like.temperature, recorded.sets));
  recorded.budgets = plan.budgets.empty() ? default_budgets(sample_tokens, plan.max_tokens) : std::move(plan.budgets);
  Recorder recorder(runner, task, problems, like, plan.max_tokens, recorded);
  recorder.make_room();
  for (std::uint32_t seed = 0; seed < plan.seeds; ++seed)
    for (std::size_t s = 0; s < recorded.strategies.size(); ++s) AD_RETURN_IF_ERROR(recorder.measure(s, seed));
  return recorded;
}

}  // namespace autodidact
