#pragma once
// How a run's problems become a model's tokens: with the checkpoint's chat template as a conversation, else as plain text. What
// samplers, evaluator and trainer share, so that a model is asked, judged and taught in one form. Immutable; any thread.

#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/chat/prompt_encoder.hpp"
#include "model/decoder.hpp"
#include "tasks/task.hpp"

namespace autodidact {

class Prompts {
 public:
  // `chat`: null for plain text. `now`: what templates that print a date take for it, the same as long as a run lasts.
  // kBadInput: the template refuses the task's worked examples.
  static Result<std::shared_ptr<const Prompts>> make(std::shared_ptr<const Task> task,
                                                     std::shared_ptr<const Tokenizer> tokenizer,
                                                     std::shared_ptr<const ChatTemplate> chat, std::time_t now);

  // What the model is asked: the task's worked examples and the problem, hinted or not.
  Result<std::vector<TokenId>> asked(const Problem& problem, bool hinted) const;
  // What a kept attempt is stored with and trained on: the problem alone.
  Result<std::vector<TokenId>> stored(const Problem& problem) const;
  // Whether the checkpoint has a chat template.
  bool chats() const { return chat_ != nullptr; }
  // With a template only: a conversation of a user's own, up to where the assistant is to speak. kBadInput: the template
  // refuses.
  Result<std::vector<TokenId>> conversation(const std::vector<ChatMessage>& messages) const;
  // Without a chat template a model that is done goes on with a question of its own: the text that begins one ends an attempt.
  // Null when there is no such text.
  const std::shared_ptr<const EndOfText>& ends() const { return ends_; }
  const std::string& stop() const { return stop_; }  // that text; "" = none
  // What a completion says: without special tokens and without the text that ended it.
  std::string text(std::span<const TokenId> completion) const;
  // A worked example as training data: what it is shown under, its hint included, and the completion with what ends it.
  struct Pair {
    std::vector<TokenId> prompt, completion;
  };
  Result<Pair> seed(const WorkedExample& example) const;

 private:
  Prompts(std::shared_ptr<const Task> task, std::shared_ptr<const Tokenizer> tokenizer)
      : task_(std::move(task)), tokenizer_(std::move(tokenizer)) {}

  const std::shared_ptr<const Task> task_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const ChatTemplate> chat_;
  std::time_t now_ = 0;
  std::string stop_;
  std::shared_ptr<const EndOfText> ends_;
  std::optional<PromptEncoder> alone_, asked_, asked_hinted_;  // with a template only
};

}  // namespace autodidact
