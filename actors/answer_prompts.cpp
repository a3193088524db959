#include "actors/answer_prompts.hpp"

#include <algorithm>

#include "tasks/problem_id.hpp"

namespace autodidact {
namespace {

Status check_tokens(const std::vector<TokenId>& tokens, std::int64_t vocabulary) {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= vocabulary)
      return {Errc::kUsage, "prompt token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                                ", the model's vocabulary has " + std::to_string(vocabulary)};
  return {};
}

}  // namespace

Result<AnswerPrompt> AnswerPrompts::of(const AnswerRequest& request) const {
  auto prompt = encoded(request);
  // The request is at fault, whatever it was that could not read it.
  if (!prompt.ok())
    return prompt.status().code() == Errc::kBadInput ? Status(Errc::kUsage, prompt.status().message()) : prompt.status();
  const std::int64_t positions = context_->model_config.max_position_embeddings;
  const bool generates = !request.echo || request.sampler.max_tokens > 0;
  const std::int64_t longest = positions - (generates ? 1 : 0);
  if (prompt->tokens.empty()) return Status(Errc::kUsage, "the prompt is empty");
  if (static_cast<std::int64_t>(prompt->tokens.size()) > longest)
    return Status(Errc::kUsage, "the prompt has " + std::to_string(prompt->tokens.size()) +
                                    " tokens, the model's context has room for " + std::to_string(longest));
  return prompt;
}

Result<AnswerPrompt> AnswerPrompts::encoded(const AnswerRequest& request) const {
  AnswerPrompt prompt;
  if (request.prompt_tokens) {
    AD_RETURN_IF_ERROR(check_tokens(*request.prompt_tokens, context_->model_config.vocab_size));
    prompt.tokens = *request.prompt_tokens;
    prompt.text = context_->tokenizer->decode(prompt.tokens);
    return prompt;
  }
  if (request.prompt) {
    AD_ASSIGN_OR_RETURN(prompt.tokens, context_->tokenizer->encode(*request.prompt));
    prompt.text = *request.prompt;
    return prompt;
  }
  return from_messages(request.messages);
}

Result<AnswerPrompt> AnswerPrompts::from_messages(const std::vector<ChatMessage>& messages) const {
  const Prompts& prompts = *context_->prompts;
  const auto asked = std::find_if(messages.rbegin(), messages.rend(), [](const auto& m) { return m.role == "user"; });
  if (asked == messages.rend()) return Status(Errc::kUsage, "the conversation has no message of the user");
  AnswerPrompt prompt;
  if (!prompts.chats()) {
    prompt.problem = problem_of(asked->content);
    AD_ASSIGN_OR_RETURN(prompt.tokens, prompts.asked(*prompt.problem, /*hinted=*/false));
  } else {
    AD_ASSIGN_OR_RETURN(prompt.tokens, prompts.conversation(messages));
    // Asked as training asks: only then is what is learnt from it the same question.
    Problem problem = problem_of(asked->content);
    if (messages.size() == 1 && problem.prompt == asked->content) prompt.problem = std::move(problem);
  }
  prompt.text = context_->tokenizer->decode(prompt.tokens);
  return prompt;
}

Problem AnswerPrompts::problem_of(const std::string& question) const {
  auto parsed = context_->task->parse_question(question);
  Problem problem;
  if (parsed.ok()) {
    problem = std::move(parsed).value();
  } else {
    problem.task = context_->task->name();
    problem.prompt = question;
    problem.has_reference = false;
    problem.id = make_problem_id(problem.task, problem.prompt);
  }
  problem.source = "served";
  return problem;
}

}  // namespace autodidact
