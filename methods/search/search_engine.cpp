#include "methods/search/search_engine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

// Of a candidate that the verifier can say nothing about: below all others.
constexpr float kNoScore = -std::numeric_limits<float>::infinity();

// Several separators in a row end one step: a draw ends at the first of them, and the others begin the next one.
std::uint32_t steps_ended(const StepBoundaries& steps, std::span<const TokenId> drawn) {
  std::uint32_t ended = 0;
  for (std::size_t i = 1; i < drawn.size(); ++i) ended += steps.ends_step(drawn[i]) && !steps.ends_step(drawn[i - 1]) ? 1 : 0;
  return ended;
}

// Of a draw that goes on from `from`. What ends a text may have begun in an earlier step: it is looked for in all of it.
std::shared_ptr<const EndOfText> ends_of(const std::shared_ptr<const Question>& question, const DrawSpec& spec) {
  if (spec.steps == 0 || !question->steps) return question->ends;
  return std::make_shared<const EndOfText>([question, steps = spec.steps, before = spec.from.tokens.size(),
                                            whole = spec.from.tokens](std::span<const TokenId> drawn) mutable {
    if (question->ends) {
      whole.resize(before);
      whole.insert(whole.end(), drawn.begin(), drawn.end());
      if ((*question->ends)(whole)) return true;
    }
    return question->steps->ends_step(drawn.back()) && steps_ended(*question->steps, drawn) >= steps;
  });
}

bool is_whole(const Question& question, const Candidate& candidate) {
  if (candidate.finish != Finish::kStop || candidate.tokens.empty()) return false;
  return candidate.tokens.back() == question.eos || (question.ends && (*question.ends)(candidate.tokens));
}

Candidate extended(const Question& question, Candidate from, DecodeResult result) {
  if (from.tokens.empty()) from.cached = result.cached;
  from.tokens.insert(from.tokens.end(), result.tokens.begin(), result.tokens.end());
  from.logprobs.insert(from.logprobs.end(), result.logprobs.begin(), result.logprobs.end());
  from.versions.insert(from.versions.end(), result.versions.begin(), result.versions.end());
  from.finish = result.finish;
  from.whole = is_whole(question, from);
  from.score.reset();
  from.text = question.text(from.tokens);
  from.answer = from.whole ? question.answer(from.text) : "";
  return from;
}

}  // namespace

SearchEngine::~SearchEngine() {
  for (const auto& [tag, owner] : tags_) decoder_.cancel(tag);
}

Status SearchEngine::set_weights(WeightsPtr generator, VerifierWeights verifier) {
  const VersionId version = generator->version;
  AD_RETURN_IF_ERROR(decoder_.set_weights(std::move(generator)));
  generator_version_ = version;
  verifier_weights_ = std::move(verifier);
  return {};
}

Status SearchEngine::check(const Strategy& strategy) const {
  const std::string name = "strategy " + strategy.text();
  if (strategy.scores() && !verifies()) return {Errc::kUsage, name + " needs a learned verifier, and none serves yet"};
  if (strategy.scores_steps() && !verifier_->per_step())
    return {Errc::kUsage, name + " needs a process verifier, set verifier.kind = \"prm\""};
  return {};
}

// Scores of another verifier, or of another generator's samples, fall into other bins.
Status SearchEngine::check(const StrategyTable* table) const {
  const std::string remedy = "; fit one: autodidact eval --fit-auto";
  if (table == nullptr) return {Errc::kUsage, "strategy auto has no table for these weights yet" + remedy};
  const VersionId verifier = verifies() ? verifier_weights_.verifier->version : 0;
  if (table->generator != generator_version_ || table->verifier != verifier)
    return {Errc::kUsage, "the table of strategy auto is for version " + std::to_string(table->generator) + " and verifier " +
                              std::to_string(table->verifier) + ", and " + std::to_string(generator_version_) + " and " +
                              std::to_string(verifier) + " serve" + remedy};
  if (needs_verifier(table->measure) && !verifies())
    return {Errc::kUsage, "the table of strategy auto predicts difficulty by a verifier, and none serves" + remedy};
  for (const StrategyRow& row : table->rows)
    for (const Strategy& strategy : row.strategies) AD_RETURN_IF_ERROR(check(strategy).with_context("strategy auto"));
  return {};
}

Status SearchEngine::start(SearchRequest request) {
  const Question& question = *request.question;
  AD_RETURN_IF_ERROR(request.strategy.name == "auto" ? check(request.table.get()) : check(request.strategy));
  if (request.budget_tokens == 0) return {Errc::kUsage, "a budget of 0 tokens leaves nothing to answer with"};
  if (static_cast<std::int64_t>(question.prompt.size()) >= question.max_positions)
    return {Errc::kUsage, "the prompt has " + std::to_string(question.prompt.size()) + " tokens, the model has room for " +
                              std::to_string(question.max_positions - 1)};
  AD_REQUIRE(!runs_.contains(request.tag), "two searches of one tag");
  const std::optional<ScoreBounds> bounds = verifies() ? std::optional(verifier_->bounds()) : std::nullopt;
  auto run = std::unique_ptr<Run>(
      new Run{request, SearchContext(request.question, request.budget_tokens, bounds, request.table), {}, {}, {}, {}, {}});
  run->search = run_strategy(run->context, request.strategy);
  Run& started = *run;
  runs_.emplace(request.tag, std::move(run));
  started.context.waiting_ = {};
  started.search.start();
  after_resume(started);
  return {};
}

void SearchEngine::cancel(std::uint64_t tag) {
  const auto found = runs_.find(tag);
  if (found == runs_.end()) return;
  for (const auto& [decode_tag, place] : found->second->out) {
    decoder_.cancel(decode_tag);
    tags_.erase(decode_tag);
  }
  runs_.erase(found);
}

void SearchEngine::resume(Run& run) {
  std::exchange(run.context.waiting_, {}).resume();
  after_resume(run);
}

// What the search asks for next.
void SearchEngine::after_resume(Run& run) {
  if (run.search.done()) return;
  run.scoring = run.context.to_score_ != nullptr;
  if (run.scoring) return;
  run.waiting.clear();
  for (std::size_t i = 0; i < run.context.specs_.size(); ++i) run.waiting.push_back(i);
  admit(run);
}

void SearchEngine::admit(Run& run) {
  while (!run.waiting.empty() && submit(run, run.waiting.front())) run.waiting.pop_front();
}

// False: the budget has no room for it while others hold theirs, or it is too late.
bool SearchEngine::submit(Run& run, std::size_t place) {
  SearchContext& context = run.context;
  const Question& question = context.question();
  const DrawSpec& spec = context.specs_[place];
  const bool whole = spec.steps == 0 && spec.from.tokens.empty() && spec.from.context.empty();
  if (whole && !context.kept_.empty() && (!spec.greedy || context.greedy_kept_)) {
    run.drawn.emplace(place, std::move(context.kept_.front()));
    context.kept_.pop_front();
    context.greedy_kept_ = false;
    return true;
  }
  if (run.expired) return false;
  const std::uint64_t free = context.budget_ - context.spent_ - run.reserved;
  const auto before = static_cast<std::int64_t>(question.prompt.size() + spec.from.context.size() + spec.from.tokens.size());
  const std::int64_t room = std::min<std::int64_t>(question.max_positions - before,
                                                   question.sampler.max_tokens - std::int64_t(spec.from.tokens.size()));
  if (room <= 0) {  // at its longest already
    Candidate cut = spec.from;
    cut.finish = Finish::kLength;
    cut.score.reset();  // it may be what a search made of it
    run.drawn.emplace(place, std::move(cut));
    return true;
  }
  if (free < static_cast<std::uint64_t>(room) && (!run.out.empty() || free == 0)) return false;
  const auto tokens = static_cast<std::uint32_t>(std::min<std::uint64_t>(static_cast<std::uint64_t>(room), free));
  DecodeRequest request;
  request.tag = next_tag_++;
  request.prompt = question.prompt;
  request.prompt.insert(request.prompt.end(), spec.from.context.begin(), spec.from.context.end());
  request.prompt.insert(request.prompt.end(), spec.from.tokens.begin(), spec.from.tokens.end());
  request.sampler = question.sampler;
  request.sampler.max_tokens = static_cast<std::int32_t>(tokens);
  if (spec.greedy) request.sampler.temperature = 0;
  request.seed = counter_hash({question.seed, context.draws_++});
  request.ends = ends_of(context.question_, spec);
  request.continues = spec.steps > 0;
  request.deadline = run.request.deadline;
  request.drawn = question.drawn;
  run.reserved += tokens;
  run.out.emplace(request.tag, place);
  tags_.emplace(request.tag, std::pair(run.request.tag, tokens));
  decoder_.submit(std::move(request));
  return true;
}

void SearchEngine::collect(DecodeResult result) {
  const auto found = tags_.find(result.tag);
  if (found == tags_.end()) return;  // of a cancelled search
  const auto [tag, reserved] = found->second;
  tags_.erase(found);
  Run& run = *runs_.at(tag);
  const std::size_t place = run.out.at(result.tag);
  run.out.erase(result.tag);
  run.reserved -= reserved;
  run.context.spent_ += result.tokens.size();
  run.expired |= result.finish == Finish::kDeadline;
  if (!result.status.ok()) {
    run.failed = result.status;
    return;
  }
  run.drawn.emplace(place, extended(run.context.question(), std::move(run.context.specs_[place].from), std::move(result)));
}

// All draws that the budget had room for are there: the search goes on.
void SearchEngine::finish_draws(Run& run) {
  run.context.specs_.clear();
  for (auto& [place, candidate] : run.drawn) run.context.drawn_.push_back(std::move(candidate));
  run.drawn.clear();
  resume(run);
}

Result<std::vector<VerifierScore>> SearchEngine::score(std::span<const ScoreCall> calls) {
  if (calls.empty()) return std::vector<VerifierScore>();
  if (verifier_weights_.verifier == nullptr) return Status(Errc::kTemporary, "no verifier serves any more; ask again");
  return verifier_->score(verifier_weights_, calls);
}

// One call for all searches that wait for scores: the verifier packs its batches from it.
void SearchEngine::score_waiting() {
  std::vector<ScoreCall> calls;
  std::vector<std::pair<Run*, Candidate*>> of;
  for (const auto& [tag, run] : runs_) {
    if (!run->scoring) continue;
    const Question& question = run->context.question();
    for (Candidate& candidate : *run->context.to_score_) {
      if (candidate.score) continue;
      candidate.score = VerifierScore{kNoScore, {}};
      if (candidate.tokens.empty()) continue;
      calls.push_back({question.prompt, candidate.tokens,
                       question.steps ? question.steps->ends(candidate.tokens)
                                      : std::vector<std::uint32_t>{static_cast<std::uint32_t>(candidate.tokens.size() - 1)}});
      of.emplace_back(run.get(), &candidate);
    }
  }
  const auto scores = score(calls);
  for (std::size_t i = 0; i < of.size(); ++i) {
    auto& [run, candidate] = of[i];
    if (!scores.ok())
      run->failed = scores.status();
    else if (!std::isnan((*scores)[i].score))
      candidate->score = (*scores)[i];
    run->scored += verifier_->passes() * (calls[i].prompt.size() + calls[i].completion.size());
  }
  for (const auto& [tag, run] : runs_) {
    if (!std::exchange(run->scoring, false)) continue;
    if (run->failed.ok()) resume(*run);
  }
}

bool SearchEngine::end(Run& run, std::vector<SearchOutcome>& ended) {
  if (run.failed.ok() && !run.search.done()) return false;
  SearchOutcome outcome{run.request.tag, run.failed, {}, run.context.spent_, run.scored};
  if (run.failed.ok()) {
    outcome.result = run.search.take();
    const auto& probing = outcome.result.probing;
    outcome.result.strategy = run.request.strategy.text() + (probing ? " -> " + probing->strategy : "");
  }
  ended.push_back(std::move(outcome));
  return true;
}

std::size_t SearchEngine::step(std::vector<SearchOutcome>& ended) {
  score_waiting();
  finished_.clear();
  if (!tags_.empty()) decoder_.step(finished_);
  for (DecodeResult& result : finished_) collect(std::move(result));
  std::vector<std::uint64_t> over;
  for (const auto& [tag, run] : runs_) {
    if (!run->scoring && run->failed.ok() && !run->search.done()) {
      admit(*run);
      if (run->out.empty()) finish_draws(*run);
    }
    if (end(*run, ended)) over.push_back(tag);
  }
  for (const std::uint64_t tag : over) cancel(tag);
  return runs_.size();
}

}  // namespace autodidact
