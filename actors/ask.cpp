#include "actors/ask.hpp"

#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

std::string to_json(const Task& task, const Problem& problem, const std::string& id, const std::string& question,
                    const Answer& answer) {
  const AnswerChoice& choice = answer.choices.front();
  const ReasoningReport& report = *answer.reasoning;
  const Verdict verdict = report.abstained ? Verdict() : task.judge(problem, choice.text, true);
  double logprob = 0;
  for (const AnswerToken& token : choice.tokens) logprob += token.logprob.value_or(0);
  json votes = json::array();
  for (const auto& [said, share] : report.votes) votes.push_back({said, share});
  return json{{"id", id},
              {"question", question},
              {"rationale", choice.text},
              {"answer", report.abstained ? "" : verdict.extracted},
              {"version", answer.version},
              {"tokens", choice.tokens.size()},
              {"logprob", logprob},
              {"outcome", name(verdict.outcome)},
              {"finish", name(choice.finish)},
              {"strategy", report.strategy},
              {"confidence", or_null(report.confidence)},
              {"votes", std::move(votes)},
              {"verifier_score", or_null(report.verifier_score)},
              {"tokens_spent", report.tokens_spent},
              {"tokens_scored", report.tokens_scored},
              {"verifier", answer.verifier},
              {"abstained", report.abstained}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void ask(std::shared_ptr<const Task> task, const std::string& question, const AskOptions& options, const AnswerTo& answer,
         std::function<void(Result<std::string>)> done) {
  const auto problem = task->parse_question(question);
  if (!problem.ok()) return done(problem.status());
  AnswerRequest request;
  request.messages.push_back({"user", question});
  request.sampler.max_tokens = 0;
  request.logprobs = true;
  request.reasoning = options.reasoning;
  request.deadline = options.deadline;
  AnswerListener listener;
  listener.done = [task = std::move(task), problem = *problem, id = options.id, question, done](Result<Answer> given) {
    done(given.ok() ? Result<std::string>(to_json(*task, problem, id, question, *given)) : Result<std::string>(given.status()));
  };
  answer(std::move(request), std::move(listener));
}

}  // namespace autodidact
