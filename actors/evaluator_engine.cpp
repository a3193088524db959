#include "actors/evaluator_engine.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/log.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

// Correct and total, of one group or of all.
struct Tally {
  std::uint64_t n = 0, answer = 0, process = 0;
  void add(bool answer_right, bool process_right) {
    ++n;
    answer += answer_right ? 1 : 0;
    process += process_right ? 1 : 0;
  }
  double accuracy() const { return n == 0 ? 0 : double(answer) / double(n); }
  json to_json() const {
    return {{"accuracy", accuracy()},
            {"process_accuracy", n == 0 ? 0 : double(process) / double(n)},
            {"n", n},
            {"correct", answer}};
  }
};

}  // namespace

EvaluatorEngine::EvaluatorEngine(ContextPtr context, std::function<void(const std::string&)> broken)
    : context_(std::move(context)),
      thread_(context_->threads->start({"evaluator", 16, std::move(broken)})),
      options_(context_->options),
      turn_(*context_->gate, DeviceGate::Use::kSample, "evaluator") {}

void EvaluatorEngine::configure(std::shared_ptr<const Options> options) {
  std::lock_guard lock(mutex_);
  options_ = std::move(options);
}

std::shared_ptr<const Options> EvaluatorEngine::options() const {
  std::lock_guard lock(mutex_);
  return options_;
}

std::string EvaluatorEngine::waits_for() const {
  std::lock_guard lock(mutex_);
  return queued_ == 0 ? "a version" : waits_for_;
}

void EvaluatorEngine::post(std::function<void()> job, const std::function<void(Status)>& refuse) {
  ++queued_;
  const bool posted = thread_->post([self = shared_from_this(), job = std::move(job)] {
    job();
    self->turn_.leave();
    --self->queued_;
  });
  if (posted) return;
  --queued_;
  refuse(Status(Errc::kTemporary, "the evaluator has its 16 requests queued; try again later"));
}

void EvaluatorEngine::evaluate(VersionId version, std::uint64_t limit, bool keep, DoneEvaluation done) {
  post([this, version, limit, keep, done] { done(measure(version, limit, keep)); }, done);
}

void EvaluatorEngine::compare(StrategyEval request, std::function<void(Result<std::string>)> done) {
  post([this, request = std::move(request), done] { done(request.fit_auto ? fit_auto(request) : measure_strategies(request)); },
       done);
}

void EvaluatorEngine::ask(std::string question, bool hint, DoneAnswer done) {
  post([this, question = std::move(question), hint, done] { done(answer(question, hint)); }, done);
}

Status EvaluatorEngine::hold_device() {
  while (true) {
    if (stopping_ || thread_->stop_token().stop_requested()) return {Errc::kTemporary, "the evaluator is stopping"};
    const Status held = turn_.hold(thread_->stop_token());
    ++progress_;
    if (held.ok()) return {};
    std::lock_guard lock(mutex_);
    waits_for_ = held.message();
  }
}

Result<std::vector<DecodeResult>> EvaluatorEngine::decode(const WeightsPtr& weights, const std::vector<Problem>& problems,
                                                          bool hinted) {
  const auto batch = std::min<std::int64_t>(context_->options->eval.batch, static_cast<std::int64_t>(problems.size()));
  AD_ASSIGN_OR_RETURN(const auto decoder, context_->runtime->make_decoder(decoder_options(*context_->options, batch)));
  AD_RETURN_IF_ERROR(decoder->set_weights(weights));
  SamplerSettings greedy;
  greedy.temperature = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    AD_ASSIGN_OR_RETURN(auto tokens, context_->prompts->asked(problems[i], hinted));
    const auto room = context_->model_config.max_position_embeddings - static_cast<std::int64_t>(tokens.size());
    greedy.max_tokens = static_cast<std::int32_t>(
        std::max<std::int64_t>(1, std::min<std::int64_t>(context_->options->sample.max_tokens, room)));
    decoder->submit({i, std::move(tokens), greedy, 0, context_->prompts->ends()});
  }
  std::vector<DecodeResult> finished;
  std::size_t left = 1;
  while (left > 0) {
    AD_RETURN_IF_ERROR(hold_device());
    ModelClock::Scope scope(*context_->model_clock);
    left = decoder->step(finished);
  }
  context_->metrics->add("autodidact_model_seconds_total", "evaluator", double(decoder->stats().step_ns) * 1e-9);
  std::sort(finished.begin(), finished.end(), [](const auto& a, const auto& b) { return a.tag < b.tag; });
  return finished;
}

std::vector<Problem> EvaluatorEngine::held_out(std::uint64_t limit) const {
  const std::uint64_t size = context_->task->held_out_size();
  const std::uint64_t count = limit == 0 ? size : std::min(limit, size);
  std::vector<Problem> problems;
  for (std::uint64_t i = 0; i < count; ++i) problems.push_back(context_->task->held_out_problem(i * size / count));
  return problems;
}

Result<EvaluationResult> EvaluatorEngine::measure(VersionId version, std::uint64_t limit, bool keep) {
  const Task& task = *context_->task;
  AD_ASSIGN_OR_RETURN(const auto weights, context_->weights->get(version));
  const std::vector<Problem> problems = held_out(limit);
  AD_ASSIGN_OR_RETURN(const auto results, decode(weights, problems, /*hinted=*/false));
  const auto names = task.group_names();
  std::vector<Tally> groups(names.size());
  Tally all;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string text = context_->prompts->text(results[i].tokens);
    const bool whole = results[i].status.ok() && results[i].finish == Finish::kStop;
    const Verdict verdict = task.judge(problems[i], text, true);
    const bool answer = whole && verdict.answer_correct;
    const bool process = whole && verdict.outcome == Outcome::kCorrect;
    all.add(answer, process);
    groups[task.group_of(problems[i])].add(answer, process);
  }
  json metrics = all.to_json();
  AD_ASSIGN_OR_RETURN(const auto gap, logprob_gap(weights, problems, results));
  if (gap) {
    metrics["logprob_gap"] = *gap;
    context_->metrics->set("autodidact_logprob_gap_nats", "max", *gap);
  }
  metrics["groups"] = json::array();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    json row = groups[g].to_json();
    row["name"] = names[g];
    metrics["groups"].push_back(std::move(row));
  }
  if (options()->eval.samples > 0) {
    AD_ASSIGN_OR_RETURN(const std::string candidates, measure_candidates(weights, keep));
    metrics["candidates"] = json::parse(candidates);
  }
  return EvaluationResult{version, all.accuracy(), metrics.dump()};
}

// Policy gradients weigh what was sampled by what the trainer thinks of it: the two must agree. On one machine's kernels they
// do to the bit; where sampler and trainer compute differently, this tells by how much.
Result<std::optional<double>> EvaluatorEngine::logprob_gap(const WeightsPtr& weights, const std::vector<Problem>& problems,
                                                           const std::vector<DecodeResult>& results) {
  constexpr std::size_t kScored = 4;
  std::vector<TrainExample> examples;
  std::vector<const DecodeResult*> sampled;
  for (std::size_t i = 0; i < results.size() && sampled.size() < kScored; ++i) {
    const DecodeResult& result = results[i];
    if (!result.status.ok() || result.tokens.empty() || result.logprobs.size() != result.tokens.size()) continue;
    AD_ASSIGN_OR_RETURN(auto tokens, context_->prompts->asked(problems[result.tag], /*hinted=*/false));
    const auto prompt = static_cast<std::uint32_t>(tokens.size());
    tokens.insert(tokens.end(), result.tokens.begin(), result.tokens.end());
    examples.push_back({std::move(tokens), prompt, 1, {}});
    sampled.push_back(&result);
  }
  if (examples.empty()) return std::optional<double>();
  const ModelClock::Scope scope(*context_->model_clock);
  AD_ASSIGN_OR_RETURN(const auto scorer, context_->runtime->make_scorer());
  AD_ASSIGN_OR_RETURN(const auto scored, scorer->logprobs(*weights, examples));
  double gap = 0;
  for (std::size_t i = 0; i < sampled.size(); ++i)
    for (std::size_t t = 0; t < sampled[i]->logprobs.size(); ++t)
      gap = std::max(gap, std::abs(static_cast<double>(scored[i][t]) - sampled[i]->logprobs[t]));
  return std::optional(gap);
}

Result<std::string> EvaluatorEngine::answer(const std::string& question, bool hint) {
  const Task& task = *context_->task;
  AD_ASSIGN_OR_RETURN(const Problem problem, task.parse_question(question));
  const auto weights = context_->weights->serving();
  if (!weights) return Status(Errc::kTemporary, "no weights serve yet: the base model is still being trained");
  AD_ASSIGN_OR_RETURN(const auto results, decode(weights, {problem}, hint));
  AD_RETURN_IF_ERROR(results[0].status);
  const std::string text = context_->prompts->text(results[0].tokens);
  const Verdict verdict = task.judge(problem, text, true);
  double logprob = 0;
  for (float lp : results[0].logprobs) logprob += lp;
  return json{{"question", question},
              {"rationale", text},
              {"answer", verdict.extracted},
              {"version", weights->version},
              {"tokens", results[0].tokens.size()},
              {"logprob", logprob},
              {"outcome", name(verdict.outcome)}}
      .dump();
}

}  // namespace autodidact
