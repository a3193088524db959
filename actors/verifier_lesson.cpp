#include "actors/verifier_lesson.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "methods/estimators/roc_auc.hpp"
#include "methods/step_labels.hpp"
#include "tasks/counter_hash.hpp"
#include "tasks/shuffle.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kPage = 4096, kReadAtOnce = 512, kLabelAtOnce = 64, kLabelledValidation = 256;
constexpr std::uint64_t kOrderStream = 0x6f72'6465'72, kValidationProblems = 256;

Result<std::unique_ptr<Scorer>> scorer_of(const Context& context) { return context.runtime->make_scorer(); }

std::unique_ptr<Scorer> scorer_or_null(const Context& context) {
  auto scorer = scorer_of(context);
  return scorer.ok() ? std::move(scorer).value() : nullptr;
}

std::uint32_t last_of(const TrainExample& example) { return static_cast<std::uint32_t>(example.tokens.size() - 1); }

std::vector<ValueLabel> step_labels(const AttemptScore& score, std::uint32_t prompt, bool hard) {
  std::vector<ValueLabel> labels;
  for (std::size_t s = 0; s < score.steps.size(); ++s)
    labels.push_back({prompt + score.step_ends[s], hard ? (score.steps[s] > 0 ? 1.0f : 0.0f) : score.steps[s], 1.0f});
  return labels;
}

// Each label's weight is shared by the tokens up to it: what spoils a step is learnt at the token that does.
void spread_labels(TrainExample& example) {
  std::vector<ValueLabel> all;
  std::uint32_t first = example.prompt_length;
  for (const ValueLabel& label : example.labels) {
    const float weight = label.weight / static_cast<float>(label.at + 1 - first);
    for (; first <= label.at; ++first) all.push_back({first, label.target, weight});
  }
  example.labels = std::move(all);
}

// A part of them is then a fair part; by ids alone, so that a restart goes on with the same ones.
std::uint64_t place_of(AttemptId id) { return counter_hash({kOrderStream, id}); }
std::uint64_t place_of(const std::array<AttemptId, 2>& pair) { return counter_hash({kOrderStream, pair[0], pair[1]}); }

template <class Drawn>
void shuffle_by_id(std::vector<Drawn>& all) {
  std::ranges::sort(all, {}, [](const Drawn& one) { return place_of(one); });
}

// A step counts as right when most rollouts from its end are.
void add_judged_steps(const AttemptScore& rollouts, const AttemptScore& score, std::vector<LabelledValue>& judged) {
  for (std::size_t s = 0; s < std::min(rollouts.steps.size(), score.steps.size()); ++s)
    judged.push_back({score.steps[s], rollouts.steps[s] >= 0.5f});
}

double sum_of(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

VerifierLesson::VerifierLesson(ContextPtr context, std::shared_ptr<const Options> options, const TrainCommand& command,
                               WeightsPtr start, Hooks hooks)
    : context_(std::move(context)),
      options_(std::move(options)),
      command_(command),
      start_(std::move(start)),
      hooks_(std::move(hooks)),
      scorer_(scorer_or_null(*context_)),
      ranker_(options_->verifier, scorer_or_null(*context_)) {}

StepBoundaries VerifierLesson::boundaries() const { return {*context_->tokenizer, context_->task->step_separator()}; }

// D_VER: everything that was judged so far. Hinted attempts come from another distribution and are left out.
Result<std::vector<GradedAttempt>> VerifierLesson::graded_attempts() const {
  std::vector<GradedAttempt> graded;
  AttemptQuery query;
  query.hinted = false;
  query.oldest_first = true;
  query.limit = kPage;
  do {
    AD_ASSIGN_OR_RETURN(const AttemptPage page, context_->store->find(query));
    std::vector<AttemptId> ids;
    for (const AttemptSummary& row : page.rows) {
      if (row.outcome == Outcome::kCannotJudge || row.length == 0 || row.round > command_.round) continue;
      if (!row.seed_example && row.round < command_.plan.min_round) continue;
      graded.push_back({row.id, row.problem, row.outcome == Outcome::kCorrect, 0, row.seed_example ? 0 : row.round});
      ids.push_back(row.id);
    }
    for (std::size_t first = 0; first < ids.size(); first += kReadAtOnce) {
      const auto part = std::span(ids).subspan(first, std::min(kReadAtOnce, ids.size() - first));
      AD_ASSIGN_OR_RETURN(const auto attempts, context_->store->read(part));
      for (std::size_t i = 0; i < part.size(); ++i)
        graded[graded.size() - ids.size() + first + i].hash = token_hash(attempts[i].attempt.tokens);
    }
    query.after = page.next;
  } while (query.after != 0);
  return graded;
}

// The candidates of the newest round that has some: what this round's generator is most like.
void VerifierLesson::keep_validation(const std::vector<GradedAttempt>& attempts) {
  std::unordered_map<ProblemId, std::uint32_t> newest;
  for (const GradedAttempt& attempt : attempts) {
    std::uint32_t& round = newest[attempt.problem];
    round = std::max(round, attempt.round);
  }
  for (const GradedAttempt& attempt : attempts)
    if (attempt.round > 0 && attempt.round == newest[attempt.problem]) validation_.push_back(attempt);
  std::stable_sort(validation_.begin(), validation_.end(),
                   [](const GradedAttempt& a, const GradedAttempt& b) { return a.problem < b.problem; });
  std::uint64_t problems = 0;
  for (std::size_t i = 0; i < validation_.size(); ++i) {
    problems += i == 0 || validation_[i].problem != validation_[i - 1].problem ? 1 : 0;
    if (problems > kValidationProblems) return validation_.resize(i);
  }
}

Status VerifierLesson::gather() {
  AD_REQUIRE(scorer_ != nullptr, "this runtime has no scorer, which a verifier needs");
  const VerifierOptions& v = options_->verifier;
  const auto seed = static_cast<std::uint64_t>(options_->seed);
  const auto limit = static_cast<std::uint64_t>(v.pairs_per_problem);
  AD_ASSIGN_OR_RETURN(auto graded, graded_attempts());
  const auto held_back = [&](const GradedAttempt& a) { return is_validation(a.problem, v.validation_share, seed); };
  const auto first_held_back =
      std::stable_partition(graded.begin(), graded.end(), [&](const auto& a) { return !held_back(a); });
  keep_validation({first_held_back, graded.end()});
  graded.erase(first_held_back, graded.end());
  for (const PreferencePair& pair : draw_pairs(graded, limit, seed)) pairs_.push_back({pair.chosen, pair.rejected});
  for (const Pair& pair : pairs_) correct_[pair.front()] = true, correct_[pair.back()] = false;
  return command_.plan.objective == Objective::kProcess ? label_steps() : Status();
}

// As many attempts as the settings allow a round; pairs that were labelled in earlier rounds are learnt from too. A function of
// the pairs alone, whatever was labelled before a restart.
Status VerifierLesson::label_steps() {
  shuffle_by_id(pairs_);
  std::vector<AttemptId> all, chosen;
  std::unordered_set<AttemptId> seen;
  for (const Pair& pair : pairs_)
    for (const AttemptId id : pair) {
      if (!seen.insert(id).second) continue;
      all.push_back(id);
      const auto summary = context_->store->summary(id);
      const bool of_now = summary && (summary->seed_example || summary->round == command_.round);
      if (of_now && chosen.size() < static_cast<std::size_t>(options_->verifier.label_attempts)) chosen.push_back(id);
    }
  AD_RETURN_IF_ERROR(load_labels(std::move(all)));
  AD_RETURN_IF_ERROR(label_missing(std::move(chosen)));
  std::erase_if(pairs_, [&](const Pair& pair) { return !labels_.contains(pair.front()) || !labels_.contains(pair.back()); });
  return label_validation();
}

// Some of the attempts that choose the checkpoint: they tell how well steps are judged.
Status VerifierLesson::label_validation() {
  std::vector<AttemptId> ids;
  for (const GradedAttempt& attempt : validation_) ids.push_back(attempt.id);
  shuffle_by_id(ids);
  if (ids.size() > kLabelledValidation) ids.resize(kLabelledValidation);
  AD_RETURN_IF_ERROR(load_labels(ids));
  return label_missing(std::move(ids));
}

Status VerifierLesson::load_labels(std::vector<AttemptId> ids) {
  std::sort(ids.begin(), ids.end());
  for (std::size_t first = 0; first < ids.size(); first += kReadAtOnce) {
    const auto part = std::span(ids).subspan(first, std::min(kReadAtOnce, ids.size() - first));
    AD_ASSIGN_OR_RETURN(auto scores, context_->store->scores(part));
    for (AttemptScore& score : scores)
      if (score.scorer == 0) labels_[score.attempt] = std::move(score);
  }
  return {};
}

Status VerifierLesson::label_missing(std::vector<AttemptId> ids) {
  std::erase_if(ids, [&](AttemptId id) { return labels_.contains(id); });
  std::sort(ids.begin(), ids.end());
  for (std::size_t first = 0; first < ids.size(); first += kLabelAtOnce)
    AD_RETURN_IF_ERROR(make_labels(std::span(ids).subspan(first, std::min(kLabelAtOnce, ids.size() - first))));
  return {};
}

Status VerifierLesson::make_labels(std::span<const AttemptId> ids) {
  const SampleOptions& sample = options_->sample;
  const WeightsPtr generator = context_->weights->serving();
  if (generator == nullptr) return {Errc::kTemporary, "no weights serve yet to roll steps out with"};
  AD_ASSIGN_OR_RETURN(auto decoder, context_->runtime->make_decoder(decoder_options(*options_, options_->eval.batch)));
  AD_RETURN_IF_ERROR(decoder->set_weights(generator));
  StepLabeler::Settings settings;
  settings.rollouts = static_cast<std::uint32_t>(options_->verifier.rollouts);
  settings.sampler.temperature = static_cast<float>(sample.temperature > 0 ? sample.temperature : 1.0);
  settings.sampler.max_tokens = static_cast<std::int32_t>(sample.max_tokens);
  settings.seed = counter_hash({static_cast<std::uint64_t>(options_->seed), command_.round});
  settings.max_positions = context_->model_config.max_position_embeddings;
  settings.ends = context_->prompts->ends();
  settings.before_step = hooks_.before_step;
  const bool process = options_->method.check == "process";
  settings.judge = [this, process](const Problem& problem, std::span<const TokenId> completion) {
    return context_->task->judge(problem, context_->prompts->text(completion), process).outcome == Outcome::kCorrect;
  };
  StepLabeler labeler(std::move(decoder), std::move(settings));

  const StepBoundaries steps = boundaries();
  AD_ASSIGN_OR_RETURN(const auto attempts, context_->store->read(ids));
  std::vector<Problem> problems(ids.size());
  std::vector<LabelCall> calls(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    AD_ASSIGN_OR_RETURN(problems[i], context_->store->problem(attempts[i].attempt.problem));
    AD_ASSIGN_OR_RETURN(calls[i].prompt, context_->prompts->asked(problems[i], /*hinted=*/false));
    calls[i].problem = &problems[i];
    calls[i].completion = attempts[i].attempt.tokens;
    calls[i].step_ends = steps.ends(calls[i].completion);
    calls[i].correct = attempts[i].verdict.outcome == Outcome::kCorrect;
  }
  AD_ASSIGN_OR_RETURN(const auto labels, labeler.label(calls));
  context_->metrics->add("autodidact_rollout_tokens_total", "all", double(labeler.tokens()));
  WriteSet set;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    AttemptScore score{ids[i], 0, "rollouts", labels[i].empty() ? 0 : labels[i].back(), calls[i].step_ends, labels[i]};
    labels_[ids[i]] = score;
    set.scores.push_back(std::move(score));
  }
  return hooks_.commit(std::move(set));
}

std::vector<AttemptId> VerifierLesson::batch_of(std::uint64_t step) const {
  const auto size = static_cast<std::uint64_t>(options_->verifier.batch);
  std::vector<AttemptId> batch;
  for (std::uint64_t draw = step * size; draw < (step + 1) * size; ++draw) {
    const std::uint64_t epoch = draw / pairs_.size();
    const std::uint64_t key = counter_hash({static_cast<std::uint64_t>(options_->seed), kOrderStream, command_.round, epoch});
    const Pair& pair = pairs_[shuffled(draw % pairs_.size(), pairs_.size(), key)];
    batch.insert(batch.end(), pair.begin(), pair.end());
  }
  return batch;
}

Result<double> VerifierLesson::prepare(std::span<const AttemptId> ids, std::vector<TrainExample>& batch, Learner& learner) {
  if (command_.plan.objective == Objective::kDpo) return prepare_pairs(ids, batch, learner);
  const bool process = command_.plan.objective == Objective::kProcess, hard = options_->verifier.step_labels == "hard";
  double labels = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    TrainExample& example = batch[i];
    const auto tokens = static_cast<double>(example.tokens.size() - example.prompt_length);
    example.weight = correct_.at(ids[i]) ? static_cast<float>(options_->verifier.nll_weight / tokens) : 0.0f;
    example.labels = process ? step_labels(labels_.at(ids[i]), example.prompt_length, hard)
                             : std::vector<ValueLabel>(1, {last_of(example), correct_.at(ids[i]) ? 1.0f : 0.0f, 1.0f});
    if (options_->verifier.label_every_token) spread_labels(example);
    for (const ValueLabel& label : example.labels) labels += label.weight;
  }
  return labels;
}

Status VerifierLesson::reference_logprobs(std::span<const AttemptId> ids, std::span<const TrainExample> batch) {
  std::vector<TrainExample> missing;
  std::vector<AttemptId> of;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (reference_.contains(ids[i])) continue;
    missing.push_back(batch[i]);
    of.push_back(ids[i]);
  }
  if (of.empty()) return {};
  AD_ASSIGN_OR_RETURN(const auto logprobs, scorer_->logprobs(*start_, missing));
  for (std::size_t i = 0; i < of.size(); ++i) reference_[of[i]] = sum_of(logprobs[i]);
  return {};
}

Result<double> VerifierLesson::prepare_pairs(std::span<const AttemptId> ids, std::vector<TrainExample>& batch,
                                             Learner& learner) {
  AD_RETURN_IF_ERROR(reference_logprobs(ids, batch));
  AD_ASSIGN_OR_RETURN(const auto logprobs, learner.logprobs(batch));
  std::vector<double> policy, reference;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    policy.push_back(sum_of(logprobs[i]));
    reference.push_back(reference_.at(ids[i]));
  }
  const PreferenceStats stats = weigh_pairs(batch, policy, reference, options_->verifier);
  auto& m = *context_->metrics;
  m.set("autodidact_verifier_preference", "loss_nats", stats.loss);
  m.set("autodidact_verifier_preference", "accuracy", stats.accuracy);
  m.set("autodidact_verifier_preference", "margin", stats.margin);
  return static_cast<double>(ids.size() / 2);
}

Result<std::vector<AttemptScore>> VerifierLesson::scores_of(const WeightsPtr& weights, std::size_t begin, std::size_t end) {
  if (!hooks_.before_step()) return Status(Errc::kTemporary, "scoring validation problems was stopped");
  const StepBoundaries steps = boundaries();
  std::vector<AttemptId> ids;
  for (std::size_t i = begin; i < end; ++i) ids.push_back(validation_[i].id);
  AD_ASSIGN_OR_RETURN(const auto attempts, context_->store->read(ids));
  std::vector<ScoreCall> calls;
  for (const JudgedAttempt& judged : attempts)
    calls.push_back({judged.attempt.prompt_tokens, judged.attempt.tokens, steps.ends(judged.attempt.tokens)});
  AD_ASSIGN_OR_RETURN(auto values, ranker_.score({weights, start_}, calls));
  std::vector<AttemptScore> scores;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto ends = values[i].steps.empty() ? std::vector<std::uint32_t>() : std::move(calls[i].step_ends);
    scores.push_back(
        {ids[i], command_.produce, options_->verifier.kind, values[i].score, std::move(ends), std::move(values[i].steps)});
  }
  return scores;
}

std::size_t VerifierLesson::end_of_problem(std::size_t begin) const {
  std::size_t end = begin;
  while (end < validation_.size() && validation_[end].problem == validation_[begin].problem) ++end;
  return end;
}

Result<std::vector<AttemptScore>> VerifierLesson::score_validation(const WeightsPtr& weights) {
  std::vector<AttemptScore> all;
  for (std::size_t begin = 0, end = 0; begin < validation_.size(); begin = end) {
    end = end_of_problem(begin);
    AD_ASSIGN_OR_RETURN(auto scores, scores_of(weights, begin, end));
    std::move(scores.begin(), scores.end(), std::back_inserter(all));
  }
  return all;
}

Result<VerifierLesson::Validation> VerifierLesson::validate(const WeightsPtr& weights) {
  Validation result;
  std::vector<LabelledValue> judged_steps;
  for (std::size_t begin = 0, end = 0; begin < validation_.size(); begin = end) {
    end = end_of_problem(begin);
    AD_ASSIGN_OR_RETURN(const auto scores, scores_of(weights, begin, end));
    double best = -std::numeric_limits<double>::infinity(), tied = 0, right = 0, all_right = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double correct = validation_[begin + i].correct ? 1 : 0;
      if (scores[i].score > best) best = scores[i].score, tied = right = 0;
      if (scores[i].score == best) ++tied, right += correct;
      all_right += correct;
      if (const auto label = labels_.find(scores[i].attempt); label != labels_.end())
        add_judged_steps(label->second, scores[i], judged_steps);
    }
    result.best_of_k += right / tied;
    result.pass_at_1 += all_right / double(scores.size());
    result.k = std::max<std::uint64_t>(result.k, scores.size());
    ++result.problems;
  }
  if (result.problems > 0) {
    result.best_of_k /= double(result.problems);
    result.pass_at_1 /= double(result.problems);
  }
  if (const double auc = roc_auc(judged_steps); auc == auc) result.step_auc = auc;
  return result;
}

}  // namespace autodidact
