#pragma once
// What a request asks, as the model's tokens. Owned by whoever answers; immutable, any thread. Nothing survives a crash.
//
// A conversation with a checkpoint that has a chat template is rendered by that. Without one its last user message is the
// question: the problem the task makes of it, or else the message itself in the task's plain form. Text and tokens are
// continued as they are.

#include <optional>
#include <vector>

#include "actors/answer_backend.hpp"
#include "actors/context.hpp"

namespace autodidact {

struct AnswerPrompt {
  std::vector<TokenId> tokens;
  std::string text;                // of the prompt, for `echo`
  std::optional<Problem> problem;  // where the request is one question: it can be judged, and learnt from
};

class AnswerPrompts {
 public:
  explicit AnswerPrompts(ContextPtr context) : context_(std::move(context)) {}
  // kUsage: empty, too long, or not of the model's vocabulary. longest: tokens that leave room for what is to follow.
  Result<AnswerPrompt> of(const AnswerRequest& request) const;

 private:
  Result<AnswerPrompt> encoded(const AnswerRequest& request) const;
  Result<AnswerPrompt> from_messages(const std::vector<ChatMessage>& messages) const;
  Problem problem_of(const std::string& question) const;

  const ContextPtr context_;
};

}  // namespace autodidact
