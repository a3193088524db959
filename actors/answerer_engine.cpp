#include "actors/answerer_engine.hpp"

#include <algorithm>
#include <utility>

#include "config/log.hpp"

namespace autodidact {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};  // after clients that left: it costs as much as a token for each
constexpr std::chrono::seconds kGrace{2};           // behind a deadline, for the thread to see to it itself
constexpr std::size_t kScoredTokens = 16 * 1024;    // of echoed texts in one pass, at least one text

double seconds(std::chrono::steady_clock::duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

AnswererEngine::AnswererEngine(ContextPtr context, std::function<void(const std::string&)> broken)
    : context_(std::move(context)),
      thread_(context_->threads->start({"answerer", 4, std::move(broken)})),
      prompts_(context_),
      questions_(context_),
      options_(context_->options),
      turn_(*context_->gate, DeviceGate::Use::kAnswer, "answerer"),
      artefacts_(context_) {
  context_->gate->set_share(options_->serve.share);
}

void AnswererEngine::configure(std::shared_ptr<const Options> options) {
  context_->gate->set_share(options->serve.share);
  std::lock_guard lock(mutex_);
  options_ = std::move(options);
}

std::shared_ptr<const Options> AnswererEngine::options() const {
  std::lock_guard lock(mutex_);
  return options_;
}

void AnswererEngine::submit(std::string id, std::shared_ptr<const AnswerRequest> request, AskerPtr asker) {
  const auto now = std::chrono::steady_clock::now();
  const auto settings = options();
  const auto latest = now + std::chrono::milliseconds(settings->serve.deadline_ms);
  AnswerJob::Asked asked{std::move(id), std::move(request), std::move(asker), now, latest};
  asked.deadline = std::min(latest, asked.request->deadline);
  if (!context_->weights->serving())
    return refuse(asked, {Errc::kTemporary, "no weights serve yet: the base model is still being trained"}, "refused");
  std::unique_lock lock(mutex_);
  const auto room = static_cast<std::size_t>(settings->serve.queue);
  if (stopped_ || waiting_.size() >= room) {
    const Status status(Errc::kTemporary,
                        stopped_ ? "the answerer is being restarted; ask again"
                                 : std::to_string(room) + " requests wait, more than serve.queue allows; ask again later");
    lock.unlock();
    return refuse(asked, status, "refused");
  }
  unanswered_[asked.asker.get()] = {asked.asker, asked.deadline};
  waiting_.push_back(std::move(asked));
  if (pumping_) return;
  pumping_ = thread_->post([self = weak_from_this()] {
    if (auto engine = self.lock()) engine->pump();
  });
}

void AnswererEngine::refuse(const AnswerJob::Asked& asked, const Status& status, const char* label) {
  {
    std::lock_guard lock(mutex_);
    unanswered_.erase(asked.asker.get());
  }
  if (asked.asker->finish(status)) context_->metrics->add("autodidact_answers_total", label);
}

void AnswererEngine::stop() {
  stopping_ = true;
  fail_all({Errc::kTemporary, "the answerer has ended and is restarted; ask again"});
}

void AnswererEngine::fail_all(const Status& status) {
  std::unordered_map<Asker*, std::pair<AskerPtr, Time>> all;
  {
    std::lock_guard lock(mutex_);
    stopped_ = stopped_ || stopping_;
    all.swap(unanswered_);
    waiting_.clear();
  }
  for (const auto& [key, asker] : all)
    if (asker.first->finish(status)) context_->metrics->add("autodidact_answers_total", "error");
}

void AnswererEngine::expire() {
  const auto late = std::chrono::steady_clock::now() - kGrace;
  std::vector<AskerPtr> gone;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, asker] : unanswered_)
      if (asker.second < late) gone.push_back(asker.first);
    for (const AskerPtr& asker : gone) unanswered_.erase(asker.get());
  }
  const Status status(Errc::kTemporary, "no answer before the deadline: the answerer waits for " + waits_for());
  for (const AskerPtr& asker : gone)
    if (asker->finish(status)) context_->metrics->add("autodidact_answers_total", "error");
}

std::size_t AnswererEngine::queued() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::string AnswererEngine::waits_for() const {
  std::lock_guard lock(mutex_);
  return unanswered_.empty() ? "requests" : waits_for_;
}

void AnswererEngine::wait_on(const std::string& what) {
  std::lock_guard lock(mutex_);
  waits_for_ = what;
}

// ---- the compute thread

void AnswererEngine::pump() {
  while (!stopping_ && !thread_->stop_token().stop_requested()) {
    if (const auto now = std::chrono::steady_clock::now(); now - looked_ >= kLookEvery) {
      looked_ = now;
      drop_those_gone(now);
    }
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty() && open_.empty()) {
        pumping_ = false;
        break;
      }
    }
    if (const Status ready = prepare(); !ready.ok()) {
      fail_all(ready);
      continue;
    }
    if (!hold_device()) continue;
    admit();
    step();
    account();
  }
  turn_.leave();
  account();
}

// A decoder and its weights. Not ok: no request can be answered now.
Status AnswererEngine::prepare() {
  if (!decoder_) {
    const auto settings = options();
    AD_ASSIGN_OR_RETURN(auto decoder, context_->runtime->make_decoder(decoder_options(*settings, settings->serve.batch)));
    AD_ASSIGN_OR_RETURN(scorer_, context_->runtime->make_scorer());
    if (settings->verifier.kind != "none") {
      AD_ASSIGN_OR_RETURN(auto scorer, context_->runtime->make_scorer());
      verifier_ = std::make_unique<LearnedVerifier>(settings->verifier, std::move(scorer));
    }
    decoder_ = std::move(decoder);
    search_ = std::make_unique<SearchEngine>(*decoder_, verifier_.get());
  }
  return take_weights();
}

Status AnswererEngine::take_weights() {
  WeightsPtr serving = context_->weights->serving();
  const WeightsPtr verifier = context_->weights->verifier();
  if (!serving) return {Errc::kTemporary, "no weights serve"};
  if (serving == weights_ && verifier == verifier_weights_.verifier) return {};
  VerifierWeights scoring = verifier_weights_;
  if (verifier != scoring.verifier) {
    auto found = serving_verifier(*context_, options()->verifier);
    if (found.ok()) scoring = std::move(found).value();  // else its record is on its way to the store: looked for again
  }
  const auto begin = std::chrono::steady_clock::now();
  AD_RETURN_IF_ERROR(search_->set_weights(serving, scoring));
  context_->metrics->observe("autodidact_publish_seconds", "answerer", seconds(std::chrono::steady_clock::now() - begin));
  weights_ = std::move(serving);
  verifier_weights_ = std::move(scoring);
  return {};
}

bool AnswererEngine::hold_device() {
  if (turn_.is_to_leave())
    for (const auto& [number, open] : open_) open.job->show_held();
  wait_on("the device");
  const Status held = turn_.hold(thread_->stop_token());
  wait_on(held.ok() ? "" : held.message());
  return held.ok();
}

// Whose client left, or whose deadline passed before they were begun.
void AnswererEngine::drop_those_gone(Time now) {
  std::vector<AnswerJob::Asked> gone, late;
  {
    std::lock_guard lock(mutex_);
    const auto leaves = [&](AnswerJob::Asked& asked) {
      const bool left = !asked.asker->waits(), is_late = asked.deadline <= now;
      if (left || is_late) (left ? gone : late).push_back(std::move(asked));
      return left || is_late;
    };
    std::deque<AnswerJob::Asked> stay;
    for (AnswerJob::Asked& asked : waiting_)
      if (!leaves(asked)) stay.push_back(std::move(asked));
    waiting_.swap(stay);
  }
  for (auto open = open_.begin(); open != open_.end();) {
    const AnswerJob::Asked& asked = open->second.job->asked();
    const bool left = !asked.asker->waits();
    if (!left && asked.deadline + kGrace > now) {
      ++open;
      continue;
    }
    (left ? gone : late).push_back(asked);
    cancel(open->second);
    open = open_.erase(open);
  }
  running_ = open_.size();
  for (const auto& asked : gone) refuse(asked, {Errc::kTemporary, "the client left"}, "cancelled");
  for (const auto& asked : late) refuse(asked, {Errc::kTemporary, "no answer before the deadline"}, "deadline");
}

void AnswererEngine::cancel(Open& open) {
  for (std::size_t i = 0; i < open.searches; ++i) {
    search_->cancel(open.first_tag + i);
    of_.erase(open.first_tag + i);
  }
}

// In the order they came, while the batch has room for what they would draw.
void AnswererEngine::admit() {
  const auto batch = static_cast<std::size_t>(options()->serve.batch);
  std::size_t load = 0;
  for (const auto& [number, open] : open_) load += open.job->samples();
  while (load < batch) {
    AnswerJob::Asked asked;
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      asked = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const std::size_t before = open_.size();
    begin(std::move(asked));
    if (open_.size() > before) load += std::max<std::size_t>(1, open_.rbegin()->second.job->samples());
  }
}

void AnswererEngine::begin(AnswerJob::Asked asked) {
  const auto settings = options();
  auto job = AnswerJob::make(asked, {context_, prompts_, questions_, *settings});
  if (!job.ok()) return refuse(asked, job.status(), "refused");
  Open open{std::move(job).value()};
  if (!start(open)) return;
  open_.emplace(next_number_++, std::move(open));
  running_ = open_.size();
}

bool AnswererEngine::start(Open& open) {
  open.first_tag = next_tag_;
  for (SearchRequest& request : open.job->searches(open.first_tag)) {
    const std::uint64_t tag = request.tag;
    if (request.strategy.name == "auto") request.table = artefacts_.table(weights_->version);
    if (const Status status = search_->start(std::move(request)); !status.ok()) {
      cancel(open);
      refuse(open.job->asked(), status, "refused");
      return false;
    }
    of_[tag] = {next_number_, open.searches++};
    next_tag_ = tag + 1;
  }
  return true;
}

void AnswererEngine::step() {
  const ModelClock::Scope scope(*context_->model_clock);
  const auto begin = std::chrono::steady_clock::now();
  ended_.clear();
  if (search_->open() > 0) search_->step(ended_);
  for (SearchOutcome& outcome : ended_) {
    const auto found = of_.find(outcome.tag);
    if (found == of_.end()) continue;
    const auto [number, index] = found->second;
    of_.erase(found);
    open_.at(number).job->take(index, std::move(outcome));
  }
  score();
  context_->metrics->add("autodidact_model_seconds_total", "answerer", seconds(std::chrono::steady_clock::now() - begin));
  for (auto open = open_.begin(); open != open_.end();) {
    const bool over = open->second.job->searched() || !open->second.job->failed().ok();
    if (over) finish(open->second);
    open = over ? open_.erase(open) : std::next(open);
  }
  running_ = open_.size();
  ++progress_;
}

// The likelihood of echoed texts, for all that wait for it.
void AnswererEngine::score() {
  std::vector<TrainExample> batch;
  std::vector<std::pair<AnswerJob*, std::size_t>> of;
  std::size_t tokens = 0;
  const auto flush = [&] {
    if (batch.empty()) return;
    const auto scores = scorer_->ranked(*weights_, batch);
    std::size_t at = 0;
    for (const auto& [job, count] : of) {
      if (scores.ok()) {
        job->scored(std::span(*scores).subspan(at, count));
      } else {
        job->fail(scores.status());
      }
      at += count;
    }
    batch.clear(), of.clear(), tokens = 0;
  };
  for (auto& [number, open] : open_) {
    if (!open.job->searched()) continue;
    auto examples = open.job->to_score();
    if (examples.empty()) continue;
    of.emplace_back(open.job.get(), examples.size());
    for (TrainExample& example : examples) {
      tokens += example.tokens.size();
      batch.push_back(std::move(example));
    }
    if (tokens > kScoredTokens) flush();
  }
  flush();
}

void AnswererEngine::finish(Open& open) {
  AnswerJob& job = *open.job;
  ++progress_;
  if (!job.failed().ok()) {
    cancel(open);
    return refuse(job.asked(), job.failed(), "error");
  }
  const auto calibration = job.reasons() ? artefacts_.calibration(weights_->version) : nullptr;
  const VersionId verifier = verifier_weights_.verifier ? verifier_weights_.verifier->version : 0;
  Answer answer = job.answer(calibration.get(), weights_->version, verifier);
  if (answer.choices.front().finish == Finish::kDeadline && answer.completion_tokens == 0)
    return refuse(job.asked(), {Errc::kTemporary, "no answer before the deadline"}, "deadline");
  account(job, answer);
  if (context_->served != nullptr && job.problem() && options()->serve.learn_from_requests)
    context_->served->store(job.asked().id, *job.problem(), job.attempts(*context_));
  job.show(answer);
  {
    std::lock_guard lock(mutex_);
    unanswered_.erase(job.asked().asker.get());
  }
  job.asked().asker->finish(std::move(answer));
}

void AnswererEngine::account(const AnswerJob& job, const Answer& answer) {
  auto& m = *context_->metrics;
  const Time arrived = job.asked().arrived;
  const char* kind = job.reasons() ? "reasoning" : "plain";
  m.add("autodidact_answer_tokens_total", "prompt", double(answer.prompt_tokens));
  m.add("autodidact_answer_tokens_total", "cached", double(answer.cached_tokens));
  m.add("autodidact_answer_tokens_total", "completion", double(answer.completion_tokens));
  if (answer.reasoning) m.add("autodidact_answer_tokens_total", "scored", double(answer.reasoning->tokens_scored));
  m.observe("autodidact_answer_seconds", kind, seconds(std::chrono::steady_clock::now() - arrived));
  if (job.first_token()) m.observe("autodidact_first_token_seconds", kind, seconds(*job.first_token() - arrived));
  const bool abstained = answer.reasoning && answer.reasoning->abstained;
  m.add("autodidact_answers_total", abstained ? "abstained" : name(answer.choices.front().finish));
}

void AnswererEngine::account() {
  auto& m = *context_->metrics;
  m.set("autodidact_answer_queue_requests", "waiting", double(queued()));
  m.set("autodidact_answer_queue_requests", "running", double(running()));
  if (!decoder_) return;
  const DecoderStats now = decoder_->stats();
  tokens_ += now.tokens - accounted_.tokens;
  m.add("autodidact_preemptions_total", "answerer", double(now.preempted - accounted_.preempted));
  m.set("autodidact_kv_cache_pages", "answerer_in_use", double(now.pages_in_use));
  m.set("autodidact_kv_cache_pages", "answerer_all", double(now.pages));
  accounted_ = now;
}

}  // namespace autodidact
