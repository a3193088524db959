// What a body under /v1 becomes, and which bodies are refused with what.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gateway/openai/request.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

const std::string kMessages = R"("messages":[{"role":"user","content":"2+2"}])";

json chat_body() { return json::parse(R"({"model":"autodidact",)" + kMessages + "}"); }
json completion_body() { return json::parse(R"({"model":"autodidact","prompt":"2+2="})"); }

CompletionCall taken(std::variant<CompletionCall, ApiError> parsed) {
  const auto* error = std::get_if<ApiError>(&parsed);
  EXPECT_EQ(error, nullptr) << (error == nullptr ? "" : error->message);
  if (error == nullptr) return std::get<CompletionCall>(std::move(parsed));
  CompletionCall none;
  none.requests.emplace_back();
  return none;
}

ApiError refused(std::variant<CompletionCall, ApiError> parsed) {
  const auto* error = std::get_if<ApiError>(&parsed);
  return error == nullptr ? ApiError{200, "taken", "", ""} : *error;
}

CompletionCall chat(const json& extra = json::object()) {
  json body = chat_body();
  body.update(extra);
  return taken(parse_chat_call(body.dump()));
}

ApiError bad_chat(const json& extra) {
  json body = chat_body();
  body.update(extra);
  return refused(parse_chat_call(body.dump()));
}

CompletionCall completion(const json& extra = json::object()) {
  json body = completion_body();
  body.update(extra);
  return taken(parse_completion_call(body.dump()));
}

ApiError bad_completion(const json& extra) {
  json body = completion_body();
  body.update(extra);
  return refused(parse_completion_call(body.dump()));
}

TEST(OpenAiRequest, AChatAloneHasTheDefaultsOfOpenAi) {
  const CompletionCall call = chat();
  ASSERT_EQ(call.requests.size(), 1u);
  const AnswerRequest& request = call.requests[0];
  EXPECT_TRUE(call.chat);
  EXPECT_FALSE(call.stream);
  ASSERT_EQ(request.messages.size(), 1u);
  EXPECT_EQ(request.messages[0].role, "user");
  EXPECT_EQ(request.messages[0].content, "2+2");
  EXPECT_EQ(request.sampler.temperature, 1);
  EXPECT_EQ(request.sampler.top_p, 1);
  EXPECT_EQ(request.sampler.max_tokens, 0);
  EXPECT_EQ(request.n, 1u);
  EXPECT_FALSE(request.seed || request.reasoning || request.logprobs || request.echo);
  EXPECT_TRUE(request.stop.empty());
}

TEST(OpenAiRequest, EveryFieldOfAChatArrives) {
  const CompletionCall call = chat({{"temperature", 0.5},
                                    {"top_p", 0.9},
                                    {"top_k", 40},
                                    {"min_p", 0.1},
                                    {"n", 3},
                                    {"seed", -1},
                                    {"stop", {"\n", "Q"}},
                                    {"max_completion_tokens", 9},
                                    {"max_tokens", 5},
                                    {"logprobs", true},
                                    {"top_logprobs", 2},
                                    {"repetition_penalty", 1.5},
                                    {"stream", true},
                                    {"stream_options", {{"include_usage", true}}}});
  const AnswerRequest& request = call.requests[0];
  EXPECT_EQ(request.sampler.temperature, 0.5f);
  EXPECT_EQ(request.sampler.top_p, 0.9f);
  EXPECT_EQ(request.sampler.top_k, 40);
  EXPECT_EQ(request.sampler.min_p, 0.1f);
  EXPECT_EQ(request.sampler.repetition_penalty, 1.5f);
  EXPECT_EQ(request.sampler.max_tokens, 9) << "max_completion_tokens replaces max_tokens";
  EXPECT_EQ(request.n, 3u);
  EXPECT_EQ(request.seed, UINT64_MAX);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"\n", "Q"}));
  EXPECT_TRUE(request.logprobs && call.logprobs && call.stream && call.include_usage);
  EXPECT_EQ(call.top_logprobs, 2u);
}

TEST(OpenAiRequest, ContentMayBeTextParts) {
  const CompletionCall call =
      chat({{"messages",
             {{{"role", "developer"}, {"content", "Be brief."}},
              {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "a"}}, {{"type", "text"}, {"text", "b"}}}}},
              {{"role", "assistant"}, {"content", "c"}, {"name", "x"}}}}});
  const auto& messages = call.requests[0].messages;
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].content, "a\nb");
  EXPECT_EQ(messages[2].content, "c");
}

TEST(OpenAiRequest, NullIsAbsentAndHarmlessFieldsAreIgnored) {
  json body = chat_body();
  for (const char* name : {"temperature", "top_p", "n", "seed", "stop", "max_tokens", "logprobs", "top_logprobs", "stream",
                           "stream_options", "reasoning", "tools", "response_format", "logit_bias", "presence_penalty"}) {
    body[name] = nullptr;
  }
  body.update({{"user", "me"},
               {"metadata", {{"a", "b"}}},
               {"store", false},
               {"tools", json::array()},
               {"parallel_tool_calls", true},
               {"reasoning_effort", "high"},
               {"presence_penalty", 0},
               {"logit_bias", json::object()},
               {"response_format", {{"type", "text"}}},
               {"modalities", {"text"}},
               {"of_the_future", {1, 2, 3}}});
  const CompletionCall call = taken(parse_chat_call(body.dump()));
  EXPECT_EQ(call.requests[0].sampler, (SamplerSettings{.max_tokens = 0}));
}

TEST(OpenAiRequest, WhatCannotBeHonouredIsRefusedByName) {
  const std::vector<std::pair<std::string, json>> cases = {
      {"tools", {{{"type", "function"}}}}, {"functions", {{{"name", "f"}}}}, {"response_format", {{"type", "json_object"}}},
      {"logit_bias", {{"50256", -100}}},   {"presence_penalty", 0.5},        {"frequency_penalty", -1},
      {"modalities", {"text", "audio"}},   {"response_format", "text"},      {"audio", {{"voice", "x"}}},
  };
  for (const auto& [name, value] : cases) {
    const ApiError error = bad_chat({{name, value}});
    EXPECT_EQ(error.status, 400) << name;
    EXPECT_EQ(error.param, name);
    EXPECT_EQ(error.code, "unsupported_parameter");
  }
}

TEST(OpenAiRequest, AFieldOutOfBoundsIsNamed) {
  const std::vector<std::pair<std::string, json>> cases = {
      {"temperature", -0.1},
      {"temperature", 2.1},
      {"temperature", "hot"},
      {"top_p", 1.5},
      {"top_k", 1.5},
      {"top_k", 1e10},
      {"min_p", 2},
      {"n", 0},
      {"n", 129},
      {"n", 1.0},
      {"n", "2"},
      {"seed", 1.5},
      {"seed", "1"},
      {"stop", ""},
      {"stop", {"a", "b", "c", "d", "e"}},
      {"stop", {1}},
      {"stop", {""}},
      {"max_tokens", 0},
      {"max_tokens", -1},
      {"max_tokens", 1ull << 31},
      {"logprobs", 1},
      {"top_logprobs", 1},
      {"top_logprobs", 21},
      {"stream", "true"},
      {"repetition_penalty", 0},
      {"model", ""},
      {"model", 3},
      {"messages", "hi"},
      {"messages", json::array()},
      {"messages", nullptr},
      {"model", nullptr},
      {"stream_options", {{"include_usage", true}}},
  };
  for (const auto& [name, value] : cases) {
    const ApiError error = bad_chat({{name, value}});
    EXPECT_EQ(error.status, 400) << name << " = " << value;
    EXPECT_EQ(error.param, name) << value;
  }
}

TEST(OpenAiRequest, AMessageThatIsNoneIsNamedByItsPlace) {
  const std::vector<std::pair<std::string, json>> cases = {
      {"messages[1]", "hi"},
      {"messages[1].role", {{"content", "a"}}},
      {"messages[1].role", {{"role", "tool"}, {"content", "a"}}},
      {"messages[1].content", {{"role", "user"}}},
      {"messages[1].content", {{"role", "user"}, {"content", 4}}},
      {"messages[1].content", {{"role", "user"}, {"content", json::array()}}},
      {"messages[1].content", {{"role", "user"}, {"content", {{{"type", "image_url"}, {"image_url", "x"}}}}}},
      {"messages[1].content", {{"role", "user"}, {"content", {{{"type", "text"}}}}}},
      {"messages[1].content", {{"role", "user"}, {"content", {"text"}}}},
  };
  for (const auto& [param, message] : cases) {
    const ApiError error = bad_chat({{"messages", {{{"role", "user"}, {"content", "ok"}}, message}}});
    EXPECT_EQ(error.param, param) << message;
  }
}

TEST(OpenAiRequest, ReasoningArrivesAndAWordIsIgnored) {
  const CompletionCall call =
      chat({{"reasoning", {{"strategy", "majority:n=16"}, {"budget_tokens", 4096}, {"abstain_below", 0.25}}}});
  ASSERT_TRUE(call.requests[0].reasoning.has_value());
  EXPECT_EQ(call.requests[0].reasoning->strategy, "majority:n=16");
  EXPECT_EQ(call.requests[0].reasoning->budget_tokens, 4096u);
  EXPECT_EQ(call.requests[0].reasoning->abstain_below, 0.25);
  EXPECT_TRUE(chat({{"reasoning", json::object()}}).requests[0].reasoning.has_value());
  EXPECT_FALSE(chat({{"reasoning", "high"}}).requests[0].reasoning.has_value());
}

TEST(OpenAiRequest, ABudgetIsAnIntegerThatADaemonCouldMean) {
  for (const char* budget : {"0", "-1", "9223372036854775808", "18446744073709551616", "9223372036854775807", "1e3", "1.5",
                             "\"64\"", "true", "[]", "1000000001", "1e400"}) {
    const std::string body = R"({"model":"autodidact",)" + kMessages + R"(,"reasoning":{"budget_tokens":)" + budget + "}}";
    const ApiError error = refused(parse_chat_call(body));
    EXPECT_EQ(error.status, 400) << budget;
    EXPECT_TRUE(error.param == "reasoning.budget_tokens" || error.code == "invalid_json") << budget << ": " << error.message;
  }
  EXPECT_EQ(chat({{"reasoning", {{"budget_tokens", 1'000'000'000}}}}).requests[0].reasoning->budget_tokens, 1'000'000'000u);
}

TEST(OpenAiRequest, ReasoningThatCannotBeMeantIsRefused) {
  EXPECT_EQ(bad_chat({{"reasoning", 3}}).param, "reasoning");
  EXPECT_EQ(bad_chat({{"reasoning", {{"strategy", 3}}}}).param, "reasoning.strategy");
  EXPECT_EQ(bad_chat({{"reasoning", {{"abstain_below", 1.5}}}}).param, "reasoning.abstain_below");
  EXPECT_EQ(bad_chat({{"reasoning", json::object()}, {"n", 2}}).param, "n");
  EXPECT_EQ(bad_completion({{"reasoning", json::object()}, {"echo", true}}).param, "echo");
  EXPECT_EQ(bad_completion({{"reasoning", json::object()}, {"prompt", {"a", "b"}}}).param, "prompt");
}

TEST(OpenAiRequest, APromptMayBeTextTokensOrAListOfEither) {
  EXPECT_EQ(completion().requests[0].prompt, "2+2=");
  EXPECT_EQ(completion({{"prompt", {5, 6}}}).requests[0].prompt_tokens, (std::vector<TokenId>{5, 6}));
  const CompletionCall texts = completion({{"prompt", {"a", "b"}}});
  ASSERT_EQ(texts.requests.size(), 2u);
  EXPECT_EQ(texts.requests[1].prompt, "b");
  const CompletionCall tokens = completion({{"prompt", {{1}, {2, 3}, {4}}}});
  ASSERT_EQ(tokens.requests.size(), 3u);
  EXPECT_EQ(tokens.requests[1].prompt_tokens, (std::vector<TokenId>{2, 3}));
  EXPECT_FALSE(tokens.requests[1].prompt.has_value());
}

TEST(OpenAiRequest, AnyOtherPromptIsRefused) {
  const json many(std::vector<std::string>(257, "a"));
  for (const json& prompt : {json(nullptr), json(3), json::array(), json({{json::array()}}), json({1, "a"}), json({1, -1}),
                             json({1.5}), json({1ull << 31}), json({{1}, {"a"}}), json({{{1}}}), json::object(), many}) {
    EXPECT_EQ(bad_completion({{"prompt", prompt}}).param, "prompt") << prompt;
  }
  EXPECT_EQ(bad_completion({{"prompt", std::vector<std::string>(200, "a")}, {"n", 6}}).param, "n");
}

TEST(OpenAiRequest, ACompletionAloneHasSixteenTokens) {
  const CompletionCall call = completion();
  EXPECT_EQ(call.requests[0].sampler.max_tokens, 16);
  EXPECT_FALSE(call.logprobs);
  EXPECT_TRUE(completion({{"logprobs", 0}}).logprobs);
  EXPECT_EQ(completion({{"logprobs", 5}}).top_logprobs, 5u);
  EXPECT_EQ(bad_completion({{"logprobs", true}}).param, "logprobs");
}

TEST(OpenAiRequest, NoTokensAreForEchoAlone) {
  const CompletionCall call = completion({{"max_tokens", 0}, {"echo", true}});
  EXPECT_EQ(call.requests[0].sampler.max_tokens, 0);
  EXPECT_TRUE(call.requests[0].echo);
  EXPECT_EQ(bad_completion({{"max_tokens", 0}}).param, "max_tokens");
}

TEST(OpenAiRequest, TheBestOfSeveralIsAskedForByReasoning) {
  EXPECT_EQ(completion({{"n", 2}, {"best_of", 2}}).requests[0].n, 2u);
  const ApiError error = bad_completion({{"best_of", 4}});
  EXPECT_EQ(error.param, "best_of");
  EXPECT_NE(error.message.find("reasoning"), std::string::npos);
  EXPECT_EQ(bad_completion({{"suffix", "x"}}).param, "suffix");
}

TEST(OpenAiRequest, ABodyThatIsNoJsonObjectIsRefused) {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("12"), std::string("{\"model\":}"), std::string("{}{}"),
        std::string("{\"a\":\"\\ud800\"}"), std::string(3, '\0')}) {
    EXPECT_EQ(refused(parse_chat_call(body)).code, "invalid_json") << body;
    EXPECT_EQ(refused(parse_completion_call(body)).code, "invalid_json") << body;
  }
  EXPECT_EQ(refused(parse_chat_call("{\"model\":\"\xff\"}")).code, "invalid_utf8");
  EXPECT_EQ(refused(parse_chat_call("{\"model\":\"\xed\xa0\x80\"}")).code, "invalid_utf8");
  EXPECT_LT(refused(parse_chat_call("{\"model\":\"" + std::string(100'000, 'a'))).message.size(), 1000u);
}

TEST(OpenAiRequest, DeepNestingIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(refused(parse_chat_call("{\"a\":" + std::string(1'000'000, '['))).code, "invalid_json");
  EXPECT_EQ(refused(parse_chat_call(std::string(500'000, '{'))).code, "invalid_json");
}

// Each field of the table in docs/serving.md is read: nonsense in it is refused by its name.
TEST(OpenAiRequest, TheDocumentedFieldsAreThoseThatAreRead) {
  const char* root = std::getenv("AD_SOURCE_DIR");
  ASSERT_NE(root, nullptr) << "run by ctest, or set AD_SOURCE_DIR";
  std::ifstream file(std::string(root) + "/docs/serving.md");
  std::string line;
  bool here = false;
  int fields = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("## ")) here = line == "## Fields of a request";
    if (!here || !line.starts_with("| `")) continue;
    const std::string name = line.substr(3, line.find('`', 3) - 3);
    const std::string where = line.substr(line.find("` | ") + 4);
    const json nonsense = {{name, json::parse("[[]]")}};
    const bool chat = !where.starts_with("completions"), completions = !where.starts_with("chat");
    EXPECT_TRUE(!chat || bad_chat(nonsense).param.starts_with(name)) << name;
    EXPECT_TRUE(!completions || bad_completion(nonsense).param.starts_with(name)) << name;
    ++fields;
  }
  EXPECT_GT(fields, 20);
}

TEST(OpenAiRequest, FeedbackIsAnAcceptanceOrACorrection) {
  const auto accepted = parse_feedback(R"({"id":"chatcmpl-1","accepted":true})");
  ASSERT_TRUE(std::holds_alternative<Feedback>(accepted));
  EXPECT_TRUE(std::get<Feedback>(accepted).accepted);
  const auto corrected = parse_feedback(R"({"id":"chatcmpl-1","accepted":false,"correction":"4"})");
  ASSERT_TRUE(std::holds_alternative<Feedback>(corrected));
  EXPECT_EQ(std::get<Feedback>(corrected).correction, "4");
  for (const char* body : {R"({"id":"a"})", R"({"id":"a","accepted":true,"correction":"4"})", R"({"accepted":true})",
                           R"({"id":3,"accepted":true})", R"({"id":"a","correction":4})", R"({"id":"a","accepted":false})"}) {
    EXPECT_TRUE(std::holds_alternative<ApiError>(parse_feedback(body))) << body;
  }
}

}  // namespace
}  // namespace autodidact
