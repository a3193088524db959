#pragma once
// One request on its way to an answer: what is to be searched for it, the text as it comes, the answer in the end. Knows no
// decoder, no thread and no actor. Owned by the answerer's engine, on its compute thread. Nothing survives a crash.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/answer_prompts.hpp"
#include "actors/asker.hpp"
#include "actors/questions.hpp"
#include "actors/text_stream.hpp"
#include "methods/estimators/calibration.hpp"
#include "methods/search/search_engine.hpp"
#include "model/train_example.hpp"

namespace autodidact {

class AnswerJob {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Asked {
    std::string id;
    std::shared_ptr<const AnswerRequest> request;
    AskerPtr asker;
    Time arrived, deadline;
  };
  struct Tools {
    ContextPtr context;
    const AnswerPrompts& prompts;
    const Questions& questions;
    const Options& options;
  };
  // kUsage: what is wrong with the request.
  static Result<std::unique_ptr<AnswerJob>> make(Asked asked, const Tools& tools);

  const Asked& asked() const { return asked_; }
  bool reasons() const { return strategy_.has_value(); }
  std::size_t samples() const;  // that it would have decoded at once
  // To be started: search i has the tag first_tag + i. None for a request that only scores its prompt.
  std::vector<SearchRequest> searches(std::uint64_t first_tag);
  void take(std::size_t search, SearchOutcome outcome);
  bool searched() const { return missing_ == 0; }
  const Status& failed() const { return failed_; }
  void fail(Status status) { failed_ = std::move(status); }

  // With `echo` and `logprobs`: what the likelihood of every token is wanted of; then scored() has it.
  std::vector<TrainExample> to_score() const;
  void scored(std::span<const std::vector<RankedToken>> scores);

  // Once all is there. calibration: null for none.
  Answer answer(const Calibration* calibration, VersionId serving, VersionId verifier);
  void show(const Answer& answer);  // the parts that were not shown yet
  void show_held();                 // what waits for the next token, which may take long to come

  const std::optional<Problem>& problem() const { return prompt_.problem; }
  std::vector<Attempt> attempts(const Context& context) const;  // the answer's first
  std::optional<Time> first_token() const { return first_token_; }
  std::uint64_t prompt_tokens() const { return prompt_.tokens.size(); }

 private:
  struct Choice {
    explicit Choice(TextStream stream) : stream(std::move(stream)) {}
    TextStream stream;
    AnswerPart held;  // drawn, not shown yet
    Time shown_at;
    Candidate candidate;
    std::vector<RankedToken> ranks;  // of all tokens but the prompt's first
  };
  AnswerJob(Asked asked, AnswerPrompt prompt) : asked_(std::move(asked)), prompt_(std::move(prompt)) {}

  Status prepare(const Tools& tools);
  Status prepare_reasoning(const Tools& tools);
  std::shared_ptr<const Question> question(const Tools& tools, std::size_t choice,
                                           const std::shared_ptr<const EndOfText>& ends);
  bool whole_at_once() const { return reasons() || (asked_.request->echo && asked_.request->logprobs); }
  void drawn(std::size_t choice, TokenId token, float logprob);
  void show_held(std::size_t choice);
  void give(std::size_t choice, AnswerPart part) const;
  AnswerChoice choice_of(const Choice& choice) const;
  std::vector<AnswerToken> echoed(const Choice& choice) const;
  void reason(Answer& answer, const Calibration* calibration);
  std::vector<const Candidate*> candidates() const;

  const Asked asked_;
  const AnswerPrompt prompt_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<std::string> stops_;
  SamplerSettings sampler_;
  std::uint64_t seed_ = 0, budget_ = 0;
  std::optional<Strategy> strategy_;
  double abstain_below_ = 0;
  std::vector<std::shared_ptr<const Question>> questions_;
  std::vector<Choice> choices_;
  SearchOutcome outcome_;  // of a strategy
  std::size_t missing_ = 0;
  Status failed_;
  std::optional<Time> first_token_;
};

}  // namespace autodidact
