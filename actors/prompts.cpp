#include "actors/prompts.hpp"

#include <algorithm>

#include "model/stop_strings.hpp"
#include "tasks/plain_text.hpp"

namespace autodidact {
namespace {

std::vector<PromptEncoder::Example> examples_of(const Task& task, bool hinted) {
  std::vector<PromptEncoder::Example> examples;
  for (const WorkedExample& example : task.few_shot(hinted)) examples.push_back({example.problem.prompt, example.completion});
  return examples;
}

}  // namespace

Result<std::shared_ptr<const Prompts>> Prompts::make(std::shared_ptr<const Task> task,
                                                     std::shared_ptr<const Tokenizer> tokenizer,
                                                     std::shared_ptr<const ChatTemplate> chat, std::time_t now) {
  std::shared_ptr<Prompts> prompts(new Prompts(std::move(task), tokenizer));
  if (chat == nullptr) {
    prompts->stop_ = prompts->task_->plain_stop();
    if (!prompts->stop_.empty()) {
      AD_ASSIGN_OR_RETURN(prompts->ends_, make_stop_strings({prompts->stop_}, prompts->tokenizer_));
    }
    return std::shared_ptr<const Prompts>(std::move(prompts));
  }
  prompts->chat_ = chat;
  prompts->now_ = now;
  const auto encoder = [&](std::vector<PromptEncoder::Example> examples) {
    PromptEncoder::Options options;
    options.examples = std::move(examples);
    options.chat.now = now;
    return PromptEncoder::make(tokenizer, chat, std::move(options));
  };
  AD_ASSIGN_OR_RETURN(prompts->alone_, encoder({}));
  AD_ASSIGN_OR_RETURN(prompts->asked_, encoder(examples_of(*prompts->task_, false)));
  AD_ASSIGN_OR_RETURN(prompts->asked_hinted_, encoder(examples_of(*prompts->task_, true)));
  return std::shared_ptr<const Prompts>(std::move(prompts));
}

Result<std::vector<TokenId>> Prompts::asked(const Problem& problem, bool hinted) const {
  if (!alone_) return tokenizer_->encode(plain_text(*task_, problem, hinted));
  return hinted ? asked_hinted_->encode(task_->hinted_prompt(problem)) : asked_->encode(problem.prompt);
}

Result<std::vector<TokenId>> Prompts::stored(const Problem& problem) const {
  return alone_ ? alone_->encode(problem.prompt) : tokenizer_->encode(task_->plain_question(problem.prompt));
}

Result<std::vector<TokenId>> Prompts::conversation(const std::vector<ChatMessage>& messages) const {
  AD_REQUIRE(chat_ != nullptr, "a conversation without a chat template");
  ChatOptions options;
  options.now = now_;
  options.add_generation_prompt = true;
  AD_ASSIGN_OR_RETURN(const Markup markup, chat_->render(messages, options));
  return tokenizer_->encode_markup(markup);
}

std::string Prompts::text(std::span<const TokenId> completion) const {
  std::string text = tokenizer_->decode(completion);
  if (!stop_.empty()) text.erase(std::min(text.size(), text.find(stop_)));
  return text;
}

Result<Prompts::Pair> Prompts::seed(const WorkedExample& example) const {
  const std::string prompt = example.hinted ? task_->hinted_prompt(example.problem) : example.problem.prompt;
  Pair pair;
  AD_ASSIGN_OR_RETURN(pair.prompt, alone_ ? alone_->encode(prompt) : tokenizer_->encode(task_->plain_question(prompt)));
  AD_ASSIGN_OR_RETURN(pair.completion,
                      tokenizer_->encode(alone_ ? example.completion : task_->plain_completion(example.completion)));
  if (alone_) {
    const auto& end = alone_->completion_end();
    pair.completion.insert(pair.completion.end(), end.begin(), end.end());
  } else {
    pair.completion.push_back(tokenizer_->eos());
  }
  return pair;
}

}  // namespace autodidact
