// The part of EvaluatorEngine that spends more than one greedy sample on a problem.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "actors/candidate_report.hpp"
#include "actors/evaluator_engine.hpp"
#include "actors/strategy_runner.hpp"
#include "config/files.hpp"
#include "config/interval.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRuns = 256;                      // strategies times budgets
constexpr std::uint64_t kCandidateStream = 0x6576'616c'73;  // draws of evaluations are alike in every round

struct Run {
  Strategy strategy;
  std::uint64_t budget;
};

Result<std::vector<Run>> runs_of(const StrategyEval& request) {
  if (request.strategies.size() * std::max<std::size_t>(1, request.budgets.size()) > kMostRuns)
    return Status(Errc::kUsage, "eval: at most 256 pairs of a strategy and a budget at once");
  std::vector<Run> runs;
  for (const std::string& text : request.strategies) {
    AD_ASSIGN_OR_RETURN(const Strategy strategy, parse_strategy(text));
    for (const std::uint64_t budget : request.budgets) runs.push_back({strategy, budget});
  }
  if (runs.empty()) return Status(Errc::kUsage, "eval: a strategy needs a budget, as --budget 2048");
  return runs;
}

// Accuracy and cost in each group of problems that has some.
class GroupTally {
 public:
  explicit GroupTally(const Task& task) : task_(task), names_(task.group_names()), groups_(names_.size()) {}
  void add(const Problem& problem, bool correct, std::uint64_t tokens) {
    Group& group = groups_[task_.group_of(problem)];
    ++group.n, group.tokens += tokens;
    group.correct += correct ? 1 : 0;
  }
  json rows() const {
    json rows = json::array();
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const auto n = static_cast<double>(groups_[g].n);
      if (groups_[g].n > 0)
        rows.push_back({{"name", names_[g]},
                        {"n", groups_[g].n},
                        {"correct", groups_[g].correct},
                        {"accuracy", static_cast<double>(groups_[g].correct) / n},
                        {"tokens", static_cast<double>(groups_[g].tokens) / n}});
    }
    return rows;
  }

 private:
  struct Group {
    std::uint64_t n = 0, correct = 0, tokens = 0;
  };
  const Task& task_;
  const std::vector<std::string> names_;
  std::vector<Group> groups_;
};

json run_json(const Context& context, const Run& run, const std::vector<Problem>& problems,
              const std::vector<SearchOutcome>& outcomes) {
  std::uint64_t right = 0, tokens = 0, scored = 0, probes = 0;
  std::map<std::string, std::size_t> chosen;  // by strategy auto
  std::vector<JudgedAnswer> answers;
  GroupTally groups(*context.task);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const SearchResult& result = outcomes[i].result;
    const bool correct = !result.candidates.empty() && is_right(*context.task, problems[i], result.candidates[result.chosen]);
    right += correct ? 1 : 0;
    tokens += outcomes[i].tokens_spent;
    scored += outcomes[i].tokens_scored;
    groups.add(problems[i], correct, outcomes[i].tokens_spent);
    if (result.probing) probes += result.probing->tokens, ++chosen[result.probing->strategy];
    const auto judged = judged_candidates(*context.task, problems[i], outcomes[i], 1);
    const std::string& answer = result.candidates.empty() ? std::string() : result.candidates[result.chosen].answer;
    answers.push_back({answer_evidence(judged, answer), correct});
  }
  const auto n = static_cast<double>(problems.size());
  const auto interval = wilson(right, problems.size());
  json row = {{"strategy", run.strategy.text()},
              {"budget_tokens", run.budget},
              {"n", problems.size()},
              {"correct", right},
              {"accuracy", static_cast<double>(right) / n},
              {"low", interval.low},
              {"high", interval.high},
              {"tokens", static_cast<double>(tokens) / n},
              {"tokens_scored", static_cast<double>(scored) / n},
              {"groups", groups.rows()}};
  if (!chosen.empty()) row["probe_tokens"] = static_cast<double>(probes) / n, row["chosen"] = chosen;
  if (const auto confidences = cross_fitted(answers, 1); !confidences.empty()) row["confidence"] = confidence_json(confidences);
  return row;
}

}  // namespace

Result<std::string> EvaluatorEngine::measure_strategies(const StrategyEval& request) {
  const auto settings = options();
  AD_ASSIGN_OR_RETURN(const auto runs, runs_of(request));
  AD_ASSIGN_OR_RETURN(const WeightsPtr weights, context_->weights->get(request.version));
  AD_ASSIGN_OR_RETURN(const VerifierWeights verifier, serving_verifier(*context_, settings->verifier));
  const auto problems =
      held_out(request.limit > 0 ? request.limit : static_cast<std::uint64_t>(settings->eval.sample_problems));
  if (problems.empty()) return Status(Errc::kUsage, "eval: the task holds out no problems");
  AD_ASSIGN_OR_RETURN(const auto runner,
                      StrategyRunner::make(context_, *settings, {weights, verifier}, [this] { return hold_device(); }));
  StrategyTablePtr table;
  if (std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.strategy.name == "auto"; })) {
    AD_ASSIGN_OR_RETURN(table, load_strategy_table(context_->weights->path_of(request.version)));
  }
  json rows = json::array();
  for (const Run& run : runs) {
    AD_ASSIGN_OR_RETURN(const auto outcomes,
                        runner->run(problems, {run.strategy, run.budget, settings->eval.temperature, kCandidateStream, table}));
    rows.push_back(run_json(*context_, run, problems, outcomes));
  }
  return json{{"version", request.version},
              {"verifier", verifier.verifier ? verifier.verifier->version : 0},
              {"temperature", settings->eval.temperature},
              {"strategies", std::move(rows)}}
      .dump();
}

Result<std::string> EvaluatorEngine::measure_candidates(const WeightsPtr& weights, bool keep) {
  const auto settings = options();
  AD_ASSIGN_OR_RETURN(const VerifierWeights verifier, serving_verifier(*context_, settings->verifier));
  const auto problems = held_out(static_cast<std::uint64_t>(settings->eval.sample_problems));
  AD_ASSIGN_OR_RETURN(const auto runner,
                      StrategyRunner::make(context_, *settings, {weights, verifier}, [this] { return hold_device(); }));
  const auto samples = static_cast<std::uint32_t>(settings->eval.samples);
  StrategyRunner::Plan plan;
  plan.strategy.name = verifier.verifier ? "best_of_n" : "majority";
  plan.strategy.n = samples;
  plan.budget_tokens = std::uint64_t{samples} * static_cast<std::uint64_t>(settings->sample.max_tokens);
  plan.temperature = settings->eval.temperature;
  plan.seed = kCandidateStream;
  AD_ASSIGN_OR_RETURN(const auto outcomes, runner->run(problems, plan));
  std::vector<std::vector<JudgedCandidate>> judged;
  for (std::size_t i = 0; i < problems.size(); ++i)
    judged.push_back(judged_candidates(*context_->task, problems[i], outcomes[i], samples));

  SelectionOptions selection;
  selection.max_k = samples;
  const SelectionCurve curve = selection_curve(judged, selection);
  json metrics = {{"problems", problems.size()},
                  {"samples", samples},
                  {"temperature", plan.temperature},
                  {"verifier", verifier.verifier ? verifier.verifier->version : 0},
                  {"curve", curve_json(curve)}};
  if (!curve.empty()) {
    const SelectionPoint& last = curve.back();
    const std::string k = "@" + std::to_string(last.k);
    const std::pair<const char*, double> values[] = {{"pass", last.pass.value},
                                                     {"best_of", last.best.value},
                                                     {"majority", last.majority.value},
                                                     {"weighted", last.weighted.value}};
    for (const auto& [name, value] : values)
      if (value == value) context_->metrics->set("autodidact_candidates_ratio", name + k, value);
  }
  const auto answers = judged_votes(judged);
  if (answers.empty()) return metrics.dump();
  const auto confidences = cross_fitted(answers, answers.size() / judged.size());
  if (!confidences.empty()) metrics["confidence"] = confidence_json(confidences);
  AD_ASSIGN_OR_RETURN(const Calibration calibration, Calibration::fit(answers));
  if (keep)
    AD_RETURN_IF_ERROR(
        write_file_atomic(context_->weights->path_of(weights->version) + "/calibration.json", calibration.to_json() + "\n"));
  return metrics.dump();
}

}  // namespace autodidact
