#pragma once
// Log-probabilities of tokens in the two shapes of OpenAI's endpoints. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "actors/answer_backend.hpp"

namespace autodidact {

// {"content":[{"token","logprob","bytes","top_logprobs":[...]}]}; `top`: alternatives wanted, of which one is known.
nlohmann::ordered_json chat_logprobs(const std::vector<AnswerToken>& tokens, std::uint32_t top);

// {"tokens","token_logprobs","top_logprobs","text_offset"}; offsets count characters, from `first_offset`.
nlohmann::ordered_json completion_logprobs(const std::vector<AnswerToken>& tokens, std::uint32_t top, std::size_t first_offset);

// Of the tokens' texts together: what starts a character is counted.
std::size_t characters_of(const std::vector<AnswerToken>& tokens);

}  // namespace autodidact
