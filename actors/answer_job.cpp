#include "actors/answer_job.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/answer_report.hpp"
#include "config/entropy.hpp"
#include "model/stop_strings.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

constexpr std::uint32_t kMostChoices = 1024;
constexpr std::chrono::milliseconds kShowEvery{20};
constexpr std::size_t kMostStops = 16, kLongestStop = 1024, kMostStored = 64;

Status check(const AnswerRequest& request) {
  if (request.n < 1 || request.n > kMostChoices)
    return {Errc::kUsage, "n is a whole number from 1 to " + std::to_string(kMostChoices)};
  if (request.stop.size() > kMostStops) return {Errc::kUsage, "at most " + std::to_string(kMostStops) + " stop texts"};
  for (const std::string& stop : request.stop)
    if (stop.empty() || stop.size() > kLongestStop)
      return {Errc::kUsage, "a stop text has 1 to " + std::to_string(kLongestStop) + " bytes"};
  if (request.reasoning && request.n > 1)
    return {Errc::kUsage,
            "a request that asks for reasoning has one choice, n = 1; its strategy says how many samples are drawn"};
  if (request.reasoning && request.echo) return {Errc::kUsage, "a request that asks for reasoning has no echo"};
  return {};
}

}  // namespace

Result<std::unique_ptr<AnswerJob>> AnswerJob::make(Asked asked, const Tools& tools) {
  AD_RETURN_IF_ERROR(check(*asked.request));
  AD_ASSIGN_OR_RETURN(AnswerPrompt prompt, tools.prompts.of(*asked.request));
  std::unique_ptr<AnswerJob> job(new AnswerJob(std::move(asked), std::move(prompt)));
  AD_RETURN_IF_ERROR(job->prepare(tools));
  return job;
}

Status AnswerJob::prepare(const Tools& tools) {
  const AnswerRequest& request = *asked_.request;
  tokenizer_ = tools.context->tokenizer;
  sampler_ = request.sampler;
  seed_ = request.seed ? *request.seed : entropy64();
  stops_ = request.stop;
  const std::string& own = tools.context->prompts->stop();
  if (prompt_.problem && !own.empty()) stops_.push_back(own);
  if (request.reasoning) AD_RETURN_IF_ERROR(prepare_reasoning(tools));
  AD_ASSIGN_OR_RETURN(const auto ends, make_stop_strings(stops_, tokenizer_));
  for (std::size_t i = 0; i < request.n; ++i) choices_.emplace_back(TextStream(tokenizer_, stops_, request.logprobs));
  const bool generates = !request.echo || request.sampler.max_tokens > 0;
  if (!generates) return {};
  for (std::size_t i = 0; i < request.n; ++i) questions_.push_back(question(tools, i, ends));
  missing_ = questions_.size();
  return {};
}

Status AnswerJob::prepare_reasoning(const Tools& tools) {
  const ReasoningRequest& reasoning = *asked_.request->reasoning;
  const ServeOptions& serve = tools.options.serve;
  AD_ASSIGN_OR_RETURN(strategy_, parse_strategy(reasoning.strategy.empty() ? serve.strategy : reasoning.strategy));
  budget_ = reasoning.budget_tokens != 0 ? reasoning.budget_tokens : static_cast<std::uint64_t>(serve.budget_tokens);
  abstain_below_ = reasoning.abstain_below.value_or(serve.abstain_below);
  if (!(abstain_below_ >= 0 && abstain_below_ <= 1)) return {Errc::kUsage, "abstain_below is a probability, from 0 to 1"};
  // A draw reserves its longest: that of training, not all of the context.
  if (sampler_.max_tokens <= 0) sampler_.max_tokens = static_cast<std::int32_t>(tools.options.sample.max_tokens);
  return {};
}

std::shared_ptr<const Question> AnswerJob::question(const Tools& tools, std::size_t choice,
                                                    const std::shared_ptr<const EndOfText>& ends) {
  auto made = std::make_shared<Question>(*tools.questions.of(prompt_.tokens, sampler_, counter_hash({seed_, choice})));
  made->ends = ends;
  made->text = [prompts = tools.context->prompts, stops = stops_](std::span<const TokenId> tokens) {
    return before_stop(prompts->text(tokens), stops);
  };
  if (reasons()) {
    made->drawn = [this](TokenId, float) {
      if (!first_token_) first_token_ = std::chrono::steady_clock::now();
    };
  } else {
    made->answer = [](const std::string&) { return std::string(); };  // nobody votes
    made->drawn = [this, choice](TokenId token, float logprob) { drawn(choice, token, logprob); };
  }
  return made;
}

std::size_t AnswerJob::samples() const { return reasons() ? strategy_->n : questions_.size(); }

std::vector<SearchRequest> AnswerJob::searches(std::uint64_t first_tag) {
  std::vector<SearchRequest> requests;
  Strategy sample;
  sample.name = "sample";
  sample.n = 1;
  for (const auto& question : questions_) {
    const auto longest = static_cast<std::uint64_t>(question->sampler.max_tokens);
    requests.push_back(
        {first_tag + requests.size(), question, strategy_.value_or(sample), reasons() ? budget_ : longest, asked_.deadline});
  }
  if (asked_.request->echo && !whole_at_once())
    for (std::size_t i = 0; i < choices_.size(); ++i) give(i, {0, prompt_.text, {}});
  return requests;
}

// The first token is shown at once; those that come faster than anybody reads share a part.
void AnswerJob::drawn(std::size_t choice, TokenId token, float logprob) {
  const Time now = std::chrono::steady_clock::now();
  if (!first_token_) first_token_ = now;
  Choice& of = choices_[choice];
  AnswerPart part = of.stream.push(token, logprob);
  if (whole_at_once() || !asked_.asker->streams()) return;
  of.held.text += part.text;
  std::move(part.tokens.begin(), part.tokens.end(), std::back_inserter(of.held.tokens));
  const bool nothing = of.held.text.empty() && of.held.tokens.empty();
  if (nothing || now - of.shown_at < kShowEvery) return;
  of.shown_at = now;
  show_held(choice);
}

void AnswerJob::show_held(std::size_t choice) { give(choice, std::exchange(choices_[choice].held, {})); }

void AnswerJob::show_held() {
  for (std::size_t i = 0; i < choices_.size(); ++i) show_held(i);
}

void AnswerJob::give(std::size_t choice, AnswerPart part) const {
  if (!asked_.asker->streams()) return;
  if (!asked_.request->logprobs) part.tokens.clear();
  if (part.text.empty() && part.tokens.empty()) return;
  part.choice = static_cast<std::uint32_t>(choice);
  asked_.asker->part(part);
}

void AnswerJob::take(std::size_t search, SearchOutcome outcome) {
  --missing_;
  if (!outcome.status.ok()) failed_ = outcome.status;
  Choice& choice = choices_[search];
  if (reasons()) {
    outcome_ = std::move(outcome);
    if (outcome_.result.candidates.empty()) return;
    choice.candidate = outcome_.result.candidates[outcome_.result.chosen];
    for (std::size_t i = 0; i < choice.candidate.tokens.size(); ++i)
      choice.stream.push(choice.candidate.tokens[i], choice.candidate.logprobs[i]);
    choice.stream.finish();
    return;
  }
  AnswerPart rest = choice.stream.finish();
  show_held(search);
  if (!whole_at_once()) give(search, std::move(rest));
  if (!outcome.result.candidates.empty()) choice.candidate = std::move(outcome.result.candidates.front());
}

std::vector<TrainExample> AnswerJob::to_score() const {
  std::vector<TrainExample> examples;
  if (!asked_.request->echo || !asked_.request->logprobs) return examples;
  for (const Choice& choice : choices_) {
    TrainExample example;
    example.tokens = prompt_.tokens;
    example.tokens.insert(example.tokens.end(), choice.candidate.tokens.begin(), choice.candidate.tokens.end());
    example.prompt_length = 1;
    if (example.tokens.size() > 1) examples.push_back(std::move(example));  // of one token there is nothing to say
  }
  return examples;
}

void AnswerJob::scored(std::span<const std::vector<RankedToken>> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) choices_[i].ranks = scores[i];
}

// The prompt's tokens, and the generated ones with the likeliest in their place.
std::vector<AnswerToken> AnswerJob::echoed(const Choice& choice) const {
  std::vector<AnswerToken> tokens;
  for (const TokenId id : prompt_.tokens) tokens.push_back({id, tokenizer_->token_bytes(id), std::nullopt, std::nullopt});
  tokens.insert(tokens.end(), choice.stream.tokens().begin(), choice.stream.tokens().end());
  for (std::size_t i = 1; i < tokens.size() && i <= choice.ranks.size(); ++i) {
    const RankedToken& rank = choice.ranks[i - 1];
    tokens[i].logprob = rank.logprob;
    tokens[i].best = std::pair(tokenizer_->token_bytes(rank.best), rank.best_logprob);
  }
  return tokens;
}

AnswerChoice AnswerJob::choice_of(const Choice& choice) const {
  const AnswerRequest& request = *asked_.request;
  AnswerChoice made;
  made.text = (request.echo ? prompt_.text : std::string()) + choice.stream.text();
  made.finish = questions_.empty() ? Finish::kLength : choice.candidate.finish;
  if (request.logprobs) made.tokens = request.echo ? echoed(choice) : choice.stream.tokens();
  return made;
}

void AnswerJob::reason(Answer& answer, const Calibration* calibration) {
  AnswerChoice& choice = answer.choices.front();
  answer.reasoning = reasoning_report(outcome_, calibration, abstain_below_);
  answer.completion_tokens = outcome_.tokens_spent;
  const bool nothing = outcome_.result.candidates.empty();
  if (nothing) choice.finish = std::chrono::steady_clock::now() >= asked_.deadline ? Finish::kDeadline : Finish::kLength;
  if (!answer.reasoning->abstained) return;
  choice.text = kDontKnow;
  choice.tokens.clear();
  choice.finish = Finish::kStop;
}

Answer AnswerJob::answer(const Calibration* calibration, VersionId serving, VersionId verifier) {
  Answer answer;
  answer.version = serving;
  answer.prompt_tokens = prompt_.tokens.size();
  std::uint64_t cached = prompt_.tokens.size();
  for (const Choice& choice : choices_) {
    answer.choices.push_back(choice_of(choice));
    answer.completion_tokens += choice.candidate.tokens.size();
    if (!choice.candidate.versions.empty()) answer.version = choice.candidate.versions.back();
  }
  for (const Candidate* candidate : candidates()) cached = std::min<std::uint64_t>(cached, candidate->cached);
  answer.cached_tokens = candidates().empty() ? 0 : cached;
  if (reasons()) {
    if (outcome_.tokens_scored > 0) answer.verifier = verifier;
    reason(answer, calibration);
  }
  return answer;
}

void AnswerJob::show(const Answer& answer) {
  if (!whole_at_once()) return;
  for (std::size_t i = 0; i < answer.choices.size(); ++i) give(i, {0, answer.choices[i].text, answer.choices[i].tokens});
}

std::vector<const Candidate*> AnswerJob::candidates() const {
  std::vector<const Candidate*> all;
  const auto add = [&](const Candidate& candidate) {
    if (!candidate.tokens.empty()) all.push_back(&candidate);
  };
  for (const Choice& choice : choices_) add(choice.candidate);
  for (std::size_t i = 0; i < outcome_.result.candidates.size(); ++i)
    if (i != outcome_.result.chosen) add(outcome_.result.candidates[i]);
  return all;
}

std::vector<Attempt> AnswerJob::attempts(const Context& context) const {
  std::vector<Attempt> attempts;
  if (!prompt_.problem) return attempts;
  const auto stored = context.prompts->stored(*prompt_.problem);
  if (!stored.ok()) return attempts;
  for (const Candidate* candidate : candidates()) {
    if (attempts.size() == kMostStored) break;
    Attempt attempt;
    attempt.problem = prompt_.problem->id;
    attempt.method = "served";
    attempt.prompt_tokens = *stored;
    attempt.tokens = candidate->tokens;
    attempt.logprobs = candidate->logprobs;
    attempt.versions = candidate->versions;
    attempt.text = context.prompts->text(candidate->tokens);
    attempt.sampler = questions_.front()->sampler;
    attempt.seed = seed_;
    attempt.finish = candidate->finish;
    attempt.created_us = context.clock->now_us();
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

}  // namespace autodidact
