#pragma once
// The body of a request under /v1, checked, as what AnswerBackend takes. What a field means and which are refused:
// docs/serving.md. Pure functions; any thread. Fuzzed by tests/fuzz/openai_request_fuzz.cpp.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/answer_backend.hpp"
#include "gateway/openai/api_error.hpp"

namespace autodidact {

// Of one request; the body's size bounds the rest.
inline constexpr std::int64_t kMaxChoicesPerPrompt = 128;
inline constexpr std::size_t kMaxPrompts = 256;
inline constexpr std::size_t kMaxChoices = 1024;  // over all prompts
inline constexpr std::size_t kMaxMessages = 4096;
inline constexpr std::size_t kMaxStops = 4;
inline constexpr std::int64_t kMaxBudget = 1'000'000'000;  // tokens; what serve.budget_tokens allows at most

struct CompletionCall {
  bool chat = false;
  std::string model;                    // as asked for
  std::vector<AnswerRequest> requests;  // one per prompt, in their order; alike but for the prompt; at least one
  bool stream = false;
  bool include_usage = false;  // a last chunk of a stream with the usage
  bool logprobs = false;
  std::uint32_t top_logprobs = 0;  // alternatives to show; the backend knows one
};

std::variant<CompletionCall, ApiError> parse_chat_call(std::string_view body);
std::variant<CompletionCall, ApiError> parse_completion_call(std::string_view body);
std::variant<Feedback, ApiError> parse_feedback(std::string_view body);

}  // namespace autodidact
