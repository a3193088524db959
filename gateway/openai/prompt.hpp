#pragma once
// What is asked: the messages of a chat, the prompts of a completion. Part of request.cpp's parser.

#include <optional>
#include <string>
#include <vector>

#include "actors/answer_backend.hpp"
#include "gateway/openai/json_fields.hpp"

namespace autodidact {

// One of the two.
struct Prompt {
  std::optional<std::string> text;
  std::optional<std::vector<TokenId>> tokens;
};

// `messages`: roles system (or developer), user and assistant; content a string or a list of text parts, put together with
// newlines.
std::vector<ChatMessage> read_messages(const JsonFields& fields, std::optional<ApiError>& error);

// `prompt`: a string, a list of strings, a list of token ids, or a list of such lists.
std::vector<Prompt> read_prompts(const JsonFields& fields);

}  // namespace autodidact
