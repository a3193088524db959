// The part of EvaluatorEngine that fits strategy `auto`.

#include <nlohmann/json.hpp>

#include "actors/auto_report.hpp"
#include "actors/auto_trials.hpp"
#include "actors/evaluator_engine.hpp"
#include "config/log.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::size_t kBins = 5;            // as the paper's
constexpr std::uint32_t kLeastOracle = 32;  // samples by which a question's Pass@1 is told
// Completions that predict a question's difficulty: a verifier has its say on one, votes take some.
constexpr std::uint32_t kProbesScored = 1, kProbesVoting = 4;

}  // namespace

Result<std::string> EvaluatorEngine::fit_auto(const StrategyEval& request) {
  const auto settings = options();
  AD_ASSIGN_OR_RETURN(AutoPlan plan, auto_plan(request.strategies, request.budgets));
  AD_ASSIGN_OR_RETURN(const WeightsPtr weights, context_->weights->get(request.version));
  AD_ASSIGN_OR_RETURN(const VerifierWeights verifier, serving_verifier(*context_, settings->verifier));
  const auto problems =
      held_out(request.limit > 0 ? request.limit : static_cast<std::uint64_t>(settings->eval.sample_problems));
  if (problems.size() < 2) return Status(Errc::kUsage, "fit-auto: two held-out problems at least, one for each half");
  AD_ASSIGN_OR_RETURN(const auto runner,
                      StrategyRunner::make(context_, *settings, {weights, verifier}, [this] { return hold_device(); }));
  const bool steps = verifier.verifier && settings->verifier.kind == "prm";
  if (plan.strategies.empty()) plan.strategies = default_strategies(verifier.verifier != nullptr, steps);
  plan.max_tokens = static_cast<std::uint64_t>(settings->sample.max_tokens);
  plan.oracle_samples = std::max(kLeastOracle, static_cast<std::uint32_t>(settings->eval.samples));

  StrategyTable like;
  like.generator = weights->version;
  like.verifier = verifier.verifier ? verifier.verifier->version : 0;
  like.measure = difficulty_measure(settings->verifier, verifier.verifier != nullptr);
  like.temperature = settings->eval.temperature;
  like.probes = verifier.verifier ? kProbesScored : kProbesVoting;
  if (request.probes > 0) like.probes = static_cast<std::uint32_t>(request.probes);
  AD_ASSIGN_OR_RETURN(const Recorded recorded, record_trials(*runner, *context_->task, problems, plan, like));

  StrategyTable table = fit_table(recorded, kBins);
  table.generator = like.generator;
  table.verifier = like.verifier;
  table.measure = like.measure;
  table.probes = like.probes;
  table.temperature = like.temperature;
  table.questions = problems.size();
  for (const TrialSet& set : recorded.sets)
    table.probe_tokens += static_cast<double>(set.probe_tokens.back()) / static_cast<double>(recorded.sets.size());
  const std::string directory = context_->weights->path_of(weights->version);
  AD_RETURN_IF_ERROR(save_strategy_table(table, directory));
  log_info("evaluator", "fitted strategy auto for version " + std::to_string(table.generator) + " and verifier " +
                            std::to_string(table.verifier) + " on " + std::to_string(problems.size()) + " problems");

  json report = auto_report(recorded, kBins);
  report["version"] = table.generator;
  report["verifier"] = table.verifier;
  report["measure"] = name(table.measure);
  report["probes"] = table.probes;
  report["probe_tokens"] = table.probe_tokens;
  report["temperature"] = table.temperature;
  report["seeds"] = plan.seeds;
  report["oracle_samples"] = plan.oracle_samples;
  report["edges"] = table.edges;
  report["table"] = table_report(recorded, table);
  report["file"] = directory + "/strategies.json";
  return report.dump();
}

}  // namespace autodidact
