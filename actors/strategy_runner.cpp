#include "actors/strategy_runner.hpp"

#include <algorithm>

#include "tasks/counter_hash.hpp"

namespace autodidact {

StrategyRunner::StrategyRunner(ContextPtr context, const Options& options, std::function<Status()> before_step)
    : context_(std::move(context)),
      questions_(context_),
      max_tokens_(options.sample.max_tokens),
      batch_(options.eval.batch),
      before_step_(std::move(before_step)) {}

Result<std::unique_ptr<StrategyRunner>> StrategyRunner::make(ContextPtr context, const Options& options, const Weights& weights,
                                                             std::function<Status()> before_step) {
  std::unique_ptr<StrategyRunner> runner(new StrategyRunner(context, options, std::move(before_step)));
  AD_ASSIGN_OR_RETURN(runner->decoder_, context->runtime->make_decoder(decoder_options(options, runner->batch_)));
  if (weights.verifier.verifier) {
    AD_ASSIGN_OR_RETURN(auto scorer, context->runtime->make_scorer());
    runner->verifier_ = std::make_unique<LearnedVerifier>(options.verifier, std::move(scorer));
  }
  runner->engine_ = std::make_unique<SearchEngine>(*runner->decoder_, runner->verifier_.get());
  AD_RETURN_IF_ERROR(runner->engine_->set_weights(weights.generator, weights.verifier));
  return runner;
}

Result<std::vector<SearchOutcome>> StrategyRunner::run(std::span<const Problem> problems, const Plan& plan) {
  // Searches that fill the batch twice: it stays full while some of them end, or wait for scores.
  const auto open_at_once = static_cast<std::size_t>(std::max<std::int64_t>(2, 2 * batch_ / std::int64_t(plan.strategy.n)));
  SamplerSettings sampler;
  sampler.temperature = static_cast<float>(plan.temperature);
  sampler.max_tokens = static_cast<std::int32_t>(max_tokens_);
  std::vector<SearchOutcome> outcomes(problems.size()), ended;
  std::size_t next = 0;
  while (next < problems.size() || engine_->open() > 0) {
    for (; next < problems.size() && engine_->open() < open_at_once; ++next) {
      auto question = questions_.of(problems[next], sampler, counter_hash({plan.seed, next}));
      if (!question.ok()) {
        outcomes[next].status = question.status();
        continue;
      }
      AD_RETURN_IF_ERROR(engine_->start(
          {next, std::move(question).value(), plan.strategy, plan.budget_tokens, SearchRequest().deadline, plan.table}));
    }
    AD_RETURN_IF_ERROR(before_step_());
    const ModelClock::Scope scope(*context_->model_clock);
    engine_->step(ended);
    for (SearchOutcome& outcome : ended) outcomes[outcome.tag] = std::move(outcome);
    ended.clear();
  }
  return outcomes;
}

}  // namespace autodidact
