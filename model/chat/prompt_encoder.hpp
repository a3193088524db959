#pragma once
// Makes a prompt's tokens of a question: what generators, evaluator and trainer share, so that a model is asked, judged and
// taught in one form. With a chat template the examples are turns of a conversation; without one everything is plain text.
// Immutable after make(); any thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/chat/chat_template.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

class PromptEncoder {
 public:
  struct Example {
    std::string question, answer;
  };
  struct Options {
    std::string system;             // the system's message; plain: what the text begins with
    std::vector<Example> examples;  // few-shot
    ChatOptions chat;               // variables and the time; add_generation_prompt is set as needed
  };

  // `chat`: null for plain text. kBadInput: the template refuses such a conversation, or hides an assistant's answer.
  static Result<PromptEncoder> make(std::shared_ptr<const Tokenizer> tokenizer, std::shared_ptr<const ChatTemplate> chat,
                                    Options options);

  // The tokens to continue. Plain: system, each example's question and answer, and the question, one behind the other as
  // they are: whoever wants lines between them writes them there. kBadInput: no token for a character.
  Result<std::vector<TokenId>> encode(std::string_view question) const;

  // What follows a completion that is whole: the template's end of turn up to the eos token, if it has that; plain: eos.
  const std::vector<TokenId>& completion_end() const { return completion_end_; }

 private:
  PromptEncoder(std::shared_ptr<const Tokenizer> tokenizer, std::shared_ptr<const ChatTemplate> chat, Options options)
      : tokenizer_(std::move(tokenizer)), chat_(std::move(chat)), options_(std::move(options)) {}
  std::vector<ChatMessage> conversation(std::string_view question) const;
  Status find_completion_end();

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const ChatTemplate> chat_;  // null: plain text
  Options options_;
  std::vector<TokenId> completion_end_;
};

}  // namespace autodidact
