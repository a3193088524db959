#pragma once
// `ask`: one question, answered as [serve] or its options say, as a JSON object. What the admin verb and the offline path
// share. Any thread.

#include <functional>
#include <string>

#include "actors/answer_backend.hpp"
#include "tasks/task.hpp"

namespace autodidact {

struct AskOptions {
  std::string id;  // of the answer, for feedback
  ReasoningRequest reasoning;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

using AnswerTo = std::function<void(AnswerRequest, AnswerListener)>;
// {id, question, rationale, answer, version, tokens, logprob, outcome} of the answer, and {strategy, confidence, votes,
// verifier_score, tokens_spent, tokens_scored, verifier, abstained} of how it was found; what is not known is null. kUsage: the
// task cannot read the question.
void ask(std::shared_ptr<const Task> task, const std::string& question, const AskOptions& options, const AnswerTo& answer,
         std::function<void(Result<std::string>)> done);

}  // namespace autodidact
