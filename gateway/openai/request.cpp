#include "gateway/openai/request.hpp"

#include "gateway/openai/json_fields.hpp"
#include "gateway/openai/prompt.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMaxTokens = INT32_MAX;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxStopBytes = 1024;
constexpr std::int64_t kMaxTopLogprobs = 20;
constexpr float kLeastTopP = 1e-6f;

// Fields that change what a client gets and that we cannot honour. Refused unless they say the default.
void refuse_foreign(const JsonFields& fields) {
  for (const char* name : {"tools", "functions", "logit_bias", "suffix", "audio", "web_search_options", "prediction"}) {
    const Json* value = fields.find(name);
    const bool nothing =
        value == nullptr || value->empty() || (value->is_string() && value->get_ref<const std::string&>().empty());
    if (!nothing) fields.refuse(name, "is not supported", "unsupported_parameter");
  }
  for (const char* name : {"presence_penalty", "frequency_penalty"}) {
    if (fields.number(name, -2, 2).value_or(0) != 0) {
      fields.refuse(name, "is not supported; repetition_penalty is", "unsupported_parameter");
    }
  }
  const Json* format = fields.find("response_format");
  if (format != nullptr && (!format->is_object() || format->value("type", Json()) != "text")) {
    fields.refuse("response_format", "must be {\"type\":\"text\"}: nothing else is supported", "unsupported_parameter");
  }
  const Json* modalities = fields.find("modalities");
  if (modalities != nullptr && *modalities != Json::array({"text"})) {
    fields.refuse("modalities", "must be [\"text\"]", "unsupported_parameter");
  }
}

void read_sampler(const JsonFields& fields, SamplerSettings& sampler) {
  sampler.temperature = static_cast<float>(fields.number("temperature", 0, 2).value_or(1));
  // 0 means the likeliest token alone.
  sampler.top_p = std::max(static_cast<float>(fields.number("top_p", 0, 1).value_or(1)), kLeastTopP);
  sampler.top_k = static_cast<std::int32_t>(std::max<std::int64_t>(fields.integer("top_k", -1, INT32_MAX).value_or(0), 0));
  sampler.min_p = static_cast<float>(fields.number("min_p", 0, 1).value_or(0));
  sampler.repetition_penalty = static_cast<float>(fields.number("repetition_penalty", 0.01, 100).value_or(1));
}

std::vector<std::string> read_stops(const JsonFields& fields) {
  const Json* value = fields.find("stop");
  if (value == nullptr) return {};
  std::vector<std::string> stops;
  const Json list = value->is_array() ? *value : Json::array({*value});
  for (const Json& stop : list) {
    const bool usable = stop.is_string() && !stop.get_ref<const std::string&>().empty() &&
                        stop.get_ref<const std::string&>().size() <= kMaxStopBytes;
    if (!usable || stops.size() == kMaxStops) {
      fields.refuse("stop", "must be a string or a list of at most 4, none empty or longer than 1024 bytes");
      return {};
    }
    stops.push_back(stop.get<std::string>());
  }
  return stops;
}

// OpenAI's seed is an int64; clients also send uint64.
std::optional<std::uint64_t> read_seed(const JsonFields& fields) {
  const Json* value = fields.find("seed");
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value->is_number_integer()) return static_cast<std::uint64_t>(value->get<std::int64_t>());
  fields.refuse("seed", "must be an integer of 64 bits");
  return std::nullopt;
}

// An object; OpenAI's own `reasoning_effort`, or a bare word here, changes nothing.
std::optional<ReasoningRequest> read_reasoning(const JsonFields& fields, std::optional<ApiError>& error) {
  const Json* value = fields.find("reasoning");
  if (value == nullptr || value->is_string()) return std::nullopt;
  if (!value->is_object()) {
    fields.refuse("reasoning", "must be an object: {strategy, budget_tokens, abstain_below}");
    return std::nullopt;
  }
  const JsonFields inner(*value, "reasoning.", error);
  ReasoningRequest reasoning;
  reasoning.strategy = inner.text("strategy", kMaxNameBytes).value_or("");
  reasoning.budget_tokens = static_cast<std::uint64_t>(inner.integer("budget_tokens", 1, kMaxBudget).value_or(0));
  reasoning.abstain_below = inner.number("abstain_below", 0, 1);
  return reasoning;
}

void read_stream(const JsonFields& fields, std::optional<ApiError>& error, CompletionCall& call) {
  call.stream = fields.boolean("stream", false);
  const Json* options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!call.stream || !options->is_object()) {
    return fields.refuse("stream_options", "must be an object, and goes with stream: true alone");
  }
  call.include_usage = JsonFields(*options, "stream_options.", error).boolean("include_usage", false);
}

// What chat and completions have in common.
AnswerRequest read_common(const JsonFields& fields, std::optional<ApiError>& error, CompletionCall& call) {
  refuse_foreign(fields);
  AnswerRequest request;
  call.model = fields.text("model", kMaxNameBytes).value_or("");
  if (call.model.empty()) fields.refuse("model", "must name a model; GET /v1/models lists them");
  read_sampler(fields, request.sampler);
  read_stream(fields, error, call);
  request.n = static_cast<std::uint32_t>(fields.integer("n", 1, kMaxChoicesPerPrompt).value_or(1));
  request.seed = read_seed(fields);
  request.stop = read_stops(fields);
  request.reasoning = read_reasoning(fields, error);
  if (request.reasoning && request.n > 1) {
    fields.refuse("n", "must be 1 with reasoning: the strategy says how many samples are drawn");
  }
  return request;
}

void read_chat_logprobs(const JsonFields& fields, CompletionCall& call, AnswerRequest& request) {
  call.logprobs = request.logprobs = fields.boolean("logprobs", false);
  const auto top = fields.integer("top_logprobs", 0, kMaxTopLogprobs);
  if (top.value_or(0) > 0 && !call.logprobs) fields.refuse("top_logprobs", "goes with logprobs: true alone");
  call.top_logprobs = static_cast<std::uint32_t>(top.value_or(0));
}

// `echo`, `logprobs`, `best_of`, `max_tokens`: the older endpoint's own.
void read_completion_fields(const JsonFields& fields, CompletionCall& call, AnswerRequest& request) {
  request.echo = fields.boolean("echo", false);
  const auto top = fields.integer("logprobs", 0, kMaxTopLogprobs);
  call.logprobs = request.logprobs = top.has_value();
  call.top_logprobs = static_cast<std::uint32_t>(top.value_or(0));
  if (fields.integer("best_of", 1, kMaxChoicesPerPrompt).value_or(request.n) != request.n) {
    fields.refuse("best_of", "must equal n; for the best of several ask for reasoning: {\"strategy\":\"best_of_n:n=16\"}",
                  "unsupported_parameter");
  }
  request.sampler.max_tokens = static_cast<std::int32_t>(fields.integer("max_tokens", 0, kMaxTokens).value_or(16));
  if (request.sampler.max_tokens == 0 && !request.echo) fields.refuse("max_tokens", "may be 0 with echo: true alone");
  if (request.reasoning && request.echo) fields.refuse("echo", "does not go with reasoning");
}

}  // namespace

std::variant<CompletionCall, ApiError> parse_chat_call(std::string_view body) {
  const auto parsed = parse_json_object(body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
  std::optional<ApiError> error;
  const JsonFields fields(std::get<Json>(parsed), "", error);
  CompletionCall call;
  call.chat = true;
  AnswerRequest request = read_common(fields, error, call);
  read_chat_logprobs(fields, call, request);
  const auto newer = fields.integer("max_completion_tokens", 1, kMaxTokens);
  const auto older = fields.integer("max_tokens", 1, kMaxTokens);
  request.sampler.max_tokens = static_cast<std::int32_t>(newer ? *newer : older.value_or(0));
  request.messages = read_messages(fields, error);
  if (error) return *error;
  call.requests.push_back(std::move(request));
  return call;
}

std::variant<CompletionCall, ApiError> parse_completion_call(std::string_view body) {
  const auto parsed = parse_json_object(body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
  std::optional<ApiError> error;
  const JsonFields fields(std::get<Json>(parsed), "", error);
  CompletionCall call;
  AnswerRequest request = read_common(fields, error, call);
  read_completion_fields(fields, call, request);
  std::vector<Prompt> prompts = read_prompts(fields);
  if (prompts.size() * request.n > kMaxChoices) fields.refuse("n", "times the prompts must be at most 1024");
  if (request.reasoning && prompts.size() > 1) fields.refuse("prompt", "must be one with reasoning");
  if (error) return *error;
  for (Prompt& prompt : prompts) {
    request.prompt = std::move(prompt.text);
    request.prompt_tokens = std::move(prompt.tokens);
    call.requests.push_back(request);
  }
  return call;
}

std::variant<Feedback, ApiError> parse_feedback(std::string_view body) {
  const auto parsed = parse_json_object(body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
  std::optional<ApiError> error;
  const JsonFields fields(std::get<Json>(parsed), "", error);
  Feedback feedback;
  feedback.id = fields.text("id", kMaxNameBytes).value_or("");
  if (feedback.id.empty()) fields.refuse("id", "must be the id of an answer");
  feedback.accepted = fields.boolean("accepted", false);
  feedback.correction = fields.text("correction", body.size());
  if (feedback.accepted == feedback.correction.has_value()) {
    fields.refuse("accepted", "must be true, or 'correction' must be the right answer: one of the two");
  }
  if (error) return *error;
  return feedback;
}

}  // namespace autodidact
