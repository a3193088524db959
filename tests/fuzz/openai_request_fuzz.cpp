// A body under /v1: the first byte says of which route, the rest is taken or refused. What is taken keeps what the parser
// promises to whoever answers; what is refused is a JSON error with a message.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "gateway/openai/request.hpp"
#include "model/bpe/utf8.hpp"

namespace {

using namespace autodidact;

void check_error(const ApiError& error) {
  AD_REQUIRE(error.status == 400 && !error.message.empty(), "an error without its message");
  const auto json = nlohmann::json::parse(api_error_json(error));
  AD_REQUIRE(json.at("error").at("message").is_string(), "an error that is not OpenAI's");
}

void check_request(const AnswerRequest& request, bool chat) {
  const SamplerSettings& sampler = request.sampler;
  AD_REQUIRE(sampler.temperature >= 0 && sampler.temperature <= 2, "temperature");
  AD_REQUIRE(sampler.top_p > 0 && sampler.top_p <= 1 && sampler.min_p >= 0 && sampler.min_p <= 1 && sampler.top_k >= 0,
             "sampler");
  AD_REQUIRE(sampler.repetition_penalty > 0 && sampler.max_tokens >= (chat || request.echo ? 0 : 1), "sampler");
  AD_REQUIRE(request.n >= 1 && request.n <= kMaxChoicesPerPrompt && request.stop.size() <= kMaxStops, "bounds");
  AD_REQUIRE(request.messages.empty() == !chat, "messages of a chat alone");
  AD_REQUIRE(!chat == (request.prompt.has_value() != request.prompt_tokens.has_value()), "one prompt of a completion alone");
  for (const std::string& stop : request.stop) AD_REQUIRE(!stop.empty() && is_well_formed(stop), "stop");
  for (const ChatMessage& message : request.messages) {
    AD_REQUIRE(message.role == "system" || message.role == "user" || message.role == "assistant", "role");
    AD_REQUIRE(is_well_formed(message.content), "content");
  }
  AD_REQUIRE(is_well_formed(request.prompt.value_or("")), "prompt");
  for (const TokenId token : request.prompt_tokens.value_or(std::vector<TokenId>())) AD_REQUIRE(token >= 0, "token");
  if (!request.reasoning) return;
  AD_REQUIRE(request.n == 1 && !request.echo && request.reasoning->budget_tokens <= kMaxBudget, "reasoning");
  const double below = request.reasoning->abstain_below.value_or(0);
  AD_REQUIRE(below >= 0 && below <= 1, "abstain_below");
}

void check_call(const std::variant<CompletionCall, ApiError>& parsed) {
  if (const auto* error = std::get_if<ApiError>(&parsed)) return check_error(*error);
  const auto& call = std::get<CompletionCall>(parsed);
  AD_REQUIRE(!call.model.empty() && !call.requests.empty() && call.requests.size() <= kMaxPrompts, "call");
  AD_REQUIRE(call.requests.size() * call.requests[0].n <= kMaxChoices, "choices");
  for (const AnswerRequest& request : call.requests) check_request(request, call.chat);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'c') {
    check_call(parse_chat_call(body));
  } else if (data[0] == 'p') {
    check_call(parse_completion_call(body));
  } else {
    const auto feedback = parse_feedback(body);
    if (const auto* error = std::get_if<ApiError>(&feedback)) {
      check_error(*error);
    } else {
      AD_REQUIRE(std::get<Feedback>(feedback).accepted != std::get<Feedback>(feedback).correction.has_value(), "feedback");
    }
  }
  return 0;
}
