// The routes under /v1: what comes back, to whom, and in which words when something is wrong.

#include <sys/stat.h>

#include <fstream>

#include "tests/gateway/api_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class OpenAiRoutes : public ApiTest {
 protected:
  static std::string with_header(const std::string& request, const std::string& header) {
    return request.substr(0, request.find("\r\n") + 2) + header + "\r\n" + request.substr(request.find("\r\n") + 2);
  }
};

TEST_F(OpenAiRoutes, AChatIsAnswered) {
  start();
  const std::string reply = ask(health(), chat());
  ASSERT_EQ(status_of(reply), 200) << reply;
  const json body = json_of(reply);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["id"].get<std::string>().rfind("chatcmpl-", 0), 0u);
  EXPECT_EQ(body["id"], answers_.asked()[0].first) << "the id that feedback names";
  EXPECT_EQ(body["model"], "autodidact");
  EXPECT_EQ(body["system_fingerprint"], "v12");
  ASSERT_EQ(body["choices"].size(), 1u);
  EXPECT_EQ(body["choices"][0]["index"], 0);
  EXPECT_EQ(body["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(body["choices"][0]["message"]["content"], "four");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(body["choices"][0]["logprobs"].is_null());
  EXPECT_EQ(body["usage"], json::parse(R"({"prompt_tokens":7,"completion_tokens":4,"total_tokens":11,
                                           "prompt_tokens_details":{"cached_tokens":4}})"));
  EXPECT_FALSE(body.contains("reasoning"));
}

TEST_F(OpenAiRoutes, EachChoiceHasItsIndex) {
  start();
  const json body = json_of(ask(health(), chat({{"n", 3}})));
  ASSERT_EQ(body["choices"].size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body["choices"][i]["index"], i);
}

TEST_F(OpenAiRoutes, SeveralPromptsAreSeveralRequestsAndOneReply) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("a" + *asked.request.prompt);
    answer.choices.push_back({"b" + *asked.request.prompt, Finish::kLength, {}});
    asked.listener.done(std::move(answer));
  };
  start();
  const json body = json_of(ask(health(), completion({{"prompt", {"x", "y"}}, {"n", 2}})));
  EXPECT_EQ(body["object"], "text_completion");
  ASSERT_EQ(body["choices"].size(), 4u);
  const std::vector<std::string> texts = {"ax", "bx", "ay", "by"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(body["choices"][i]["index"], i);
    EXPECT_EQ(body["choices"][i]["text"], texts[i]);
    EXPECT_EQ(body["choices"][i]["finish_reason"], i % 2 == 0 ? "stop" : "length");
  }
  EXPECT_EQ(body["usage"]["prompt_tokens"], 14);
  const auto asked = answers_.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].first, body["id"].get<std::string>() + "-0");
  EXPECT_EQ(asked[1].first, body["id"].get<std::string>() + "-1");
}

TEST_F(OpenAiRoutes, OnePromptThatFailsFailsTheRequestAndFreesTheOthers) {
  hold_answers();
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(completion({{"prompt", {"x", "y"}}})));
  held(0), held(1);
  EXPECT_TRUE(held(1).listener.wanted());
  held(0).listener.done(Status(Errc::kUsage, "the prompt has 900 tokens; the context holds 512"));
  EXPECT_FALSE(held(1).listener.wanted());
  const std::string reply = connection.reply();
  EXPECT_EQ(status_of(reply), 400);
  EXPECT_EQ(error_of(reply)["code"], "context_length_exceeded");
  held(1).listener.done(Status(Errc::kTemporary, "nobody waits"));
  EXPECT_EQ(status_of(ask(std::move(connection), chat({{"model", "nobody"}}))), 404) << "the connection is in order";
}

TEST_F(OpenAiRoutes, LogprobsOfAChatHaveTokensBytesAndTheLikeliest) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("4\xE2\x82\xAC");
    answer.choices[0].tokens = {{52, "4", -0.25f, std::pair(std::string("5"), -0.125f)},
                                {9, "\xE2\x82", -1.f, std::nullopt},
                                {10, "\xAC", -INFINITY, std::nullopt}};
    asked.listener.done(std::move(answer));
  };
  start();
  const json content =
      json_of(ask(health(), chat({{"logprobs", true}, {"top_logprobs", 2}})))["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 3u);
  EXPECT_EQ(content[0]["token"], "4");
  EXPECT_EQ(content[0]["logprob"], -0.25);
  EXPECT_EQ(content[0]["top_logprobs"][0]["token"], "5");
  EXPECT_EQ(content[0]["top_logprobs"][0]["logprob"], -0.125);
  EXPECT_EQ(content[0]["top_logprobs"][1]["token"], "4");
  EXPECT_EQ(content[1]["bytes"], json({0xE2, 0x82}));
  EXPECT_EQ(content[1]["token"], "\xEF\xBF\xBD");
  EXPECT_EQ(content[2]["logprob"], -9999.0);
  const json without = json_of(ask(health(), chat({{"logprobs", true}})))["choices"][0]["logprobs"]["content"];
  EXPECT_TRUE(without[0]["top_logprobs"].empty());
}

// What lm-eval sends and reads: prompts as tokens, echoed with their log-probabilities, one token generated behind.
TEST_F(OpenAiRoutes, AnEchoedPromptHasItsLogprobsAndOffsets) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    EXPECT_TRUE(asked.request.echo && asked.request.logprobs);
    Answer answer = plain_answer(
        "\xC3\xA9"
        "b4");
    answer.choices[0].tokens = {{1, "\xC3\xA9", std::nullopt, std::nullopt},
                                {98, "b", -1.5f, std::pair(std::string("c"), -0.5f)},
                                {52, "4", -0.25f, std::pair(std::string("4"), -0.25f)}};
    answer.prompt_tokens = 2;
    answer.completion_tokens = 1;
    asked.listener.done(std::move(answer));
  };
  start();
  const json request = {{"prompt", {{1, 98}}}, {"echo", true}, {"max_tokens", 1}, {"logprobs", 1}, {"temperature", 0}};
  const json choice = json_of(ask(health(), completion(request)))["choices"][0];
  EXPECT_EQ(choice["text"],
            "\xC3\xA9"
            "b4");
  EXPECT_EQ(choice["logprobs"]["tokens"], json({"\xC3\xA9", "b", "4"}));
  EXPECT_EQ(choice["logprobs"]["token_logprobs"], json({nullptr, -1.5, -0.25}));
  EXPECT_EQ(choice["logprobs"]["top_logprobs"], json({nullptr, {{"b", -1.5}, {"c", -0.5}}, {{"4", -0.25}}}));
  EXPECT_EQ(choice["logprobs"]["text_offset"], json({0, 1, 2}));
}

TEST_F(OpenAiRoutes, AReasonedAnswerSaysWhatItKnowsOfItself) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("132");
    answer.verifier = 7;
    answer.reasoning = ReasoningReport{"best_of_n:n=16", 0.75, {{"132", 0.875}, {"131", 0.125}}, -1.5, 600, 640, false};
    asked.listener.done(std::move(answer));
  };
  start();
  const json body = json_of(ask(health(), chat({{"reasoning", {{"strategy", "best_of_n"}, {"budget_tokens", 1024}}}})));
  EXPECT_EQ(body["reasoning"],
            json::parse(R"({"confidence":0.75,"votes":[{"answer":"132","share":0.875},{"answer":"131","share":0.125}],
      "verifier_score":-1.5,"strategy":"best_of_n:n=16","tokens_spent":600,"tokens_scored":640,"version":12,"verifier":7,
      "abstained":false})"));
  EXPECT_EQ(answers_.asked()[0].second.reasoning->budget_tokens, 1024u);
}

TEST_F(OpenAiRoutes, WhatIsNotKnownOfAReasonedAnswerIsNull) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("I don't know.");
    answer.reasoning = ReasoningReport{"greedy", std::nullopt, {}, std::nullopt, 3, 0, true};
    asked.listener.done(std::move(answer));
  };
  start();
  const json reasoning = json_of(ask(health(), chat({{"reasoning", json::object()}})))["reasoning"];
  EXPECT_TRUE(reasoning["confidence"].is_null() && reasoning["verifier_score"].is_null() && reasoning["verifier"].is_null());
  EXPECT_EQ(reasoning["abstained"], true);
}

TEST_F(OpenAiRoutes, ModelsAreListedAndFound) {
  start();
  const json list = json_of(ask(health(), get("/v1/models")));
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 2u);
  EXPECT_EQ(list["data"][1],
            json::parse(R"({"id":"autodidact/v12","object":"model","created":1700000000,"owned_by":"autodidact"})"));
  EXPECT_EQ(json_of(ask(health(), get("/v1/models/autodidact")))["id"], "autodidact");
  EXPECT_EQ(json_of(ask(health(), get("/v1/models/autodidact/v12")))["id"], "autodidact/v12");
  EXPECT_EQ(json_of(ask(health(), get("/v1/models/autodidact%2Fv12")))["id"], "autodidact/v12");
  const std::string missing = ask(health(), get("/v1/models/gpt-4"));
  EXPECT_EQ(status_of(missing), 404);
  EXPECT_EQ(error_of(missing)["code"], "model_not_found");
}

TEST_F(OpenAiRoutes, AModelThatIsNotServedIsNotFound) {
  start();
  const std::string reply = ask(health(), chat({{"model", "autodidact/v11"}}));
  EXPECT_EQ(status_of(reply), 404);
  EXPECT_EQ(error_of(reply)["code"], "model_not_found");
  EXPECT_EQ(error_of(reply)["param"], "model");
  EXPECT_EQ(json_of(ask(health(), chat({{"model", "autodidact/v12"}})))["model"], "autodidact/v12");
}

TEST_F(OpenAiRoutes, FeedbackReachesTheBackend) {
  start();
  const std::string reply = ask(health(), post("/v1/feedback", R"({"id":"chatcmpl-1","correction":"4"})"));
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_EQ(json_of(reply), json({{"ok", true}}));
  ASSERT_EQ(answers_.feedbacks().size(), 1u);
  EXPECT_EQ(answers_.feedbacks()[0].correction, "4");
}

TEST_F(OpenAiRoutes, FeedbackThatCannotBeTakenSaysWhy) {
  answers_.on_feedback = [](const Feedback& feedback) {
    return feedback.id == "a" ? Status(Errc::kNotFound, "no answer a") : Status(Errc::kPermission, "learning is off");
  };
  start();
  const std::string unknown = ask(health(), post("/v1/feedback", R"({"id":"a","accepted":true})"));
  EXPECT_EQ(status_of(unknown), 404);
  EXPECT_EQ(error_of(unknown)["message"], "no answer a");
  const std::string off = ask(health(), post("/v1/feedback", R"({"id":"b","accepted":true})"));
  EXPECT_EQ(status_of(off), 403);
  EXPECT_EQ(error_of(off)["type"], "permission_error");
  EXPECT_EQ(status_of(ask(health(), post("/v1/feedback", R"({"id":"b"})"))), 400);
}

TEST_F(OpenAiRoutes, EachErrorOfTheBackendHasItsStatus) {
  const std::vector<std::tuple<Status, int, std::string, std::string>> cases = {
      {Status(Errc::kUsage, "no strategy \"tea_leaves\"; there are greedy, majority"), 400, "invalid_request_error", ""},
      {Status(Errc::kUsage, "the prompt is longer than the context"), 400, "invalid_request_error", "context_length_exceeded"},
      {Status(Errc::kTemporary, "256 requests wait already"), 503, "server_error", "service_unavailable"},
      {Status(Errc::kUnavailable, "no weights serve yet"), 503, "server_error", "service_unavailable"},
      {Status(Errc::kInternal, "boom\r\nSet-Cookie: a=b \xff"), 500, "server_error", "internal_error"},
      {Status(Errc::kNotFound, "version 12 is gone"), 404, "invalid_request_error", "not_found"},
  };
  Status next;
  answers_.on_answer = [&](FakeAnswers::Asked& asked) { asked.listener.done(next); };
  start();
  auto connection = health();
  for (const auto& [status, http, type, code] : cases) {
    next = status;
    for (const bool stream : {false, true}) {
      ASSERT_TRUE(connection.send(chat({{"stream", stream}}))) << "keep-alive after errors";
      const std::string reply = connection.reply();
      EXPECT_EQ(status_of(reply), http) << reply;
      EXPECT_EQ(error_of(reply)["type"], type);
      EXPECT_EQ(error_of(reply)["code"], code.empty() ? json() : json(code));
      EXPECT_EQ(reply.find("Retry-After: ") != std::string::npos, http == 503) << reply;
      EXPECT_EQ(reply.find("\r\nSet-Cookie"), std::string::npos);
    }
  }
}

TEST_F(OpenAiRoutes, AChoiceThatFailedFailsTheRequest) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("fo");
    answer.choices[0].finish = Finish::kError;
    asked.listener.done(std::move(answer));
  };
  start();
  EXPECT_EQ(status_of(ask(health(), chat())), 500);
}

TEST_F(OpenAiRoutes, ADeadlineCutsTheTextLikeALength) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer("fo");
    answer.choices[0].finish = Finish::kDeadline;
    asked.listener.done(std::move(answer));
  };
  start();
  EXPECT_EQ(json_of(ask(health(), chat()))["choices"][0]["finish_reason"], "length");
}

TEST_F(OpenAiRoutes, ABackendThatForgetsARequestIsA500) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) { asked.listener = {}; };
  start();
  const std::string reply = ask(health(), chat());
  EXPECT_EQ(status_of(reply), 500);
  EXPECT_EQ(error_of(reply)["type"], "server_error");
}

TEST_F(OpenAiRoutes, ABackendThatNeverAnswersIsCutOffBehindTheDeadline) {
  hold_answers();
  answer_ms_ = 1;
  start();
  const std::string reply = ask(health(), chat());
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_EQ(error_of(reply)["code"], "service_unavailable");
  EXPECT_LT(held(0).request.deadline, std::chrono::steady_clock::now());
}

TEST_F(OpenAiRoutes, BytesThatAreNoTextAreReplaced) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    Answer answer = plain_answer(std::string("a\xFF\"\\\n\0\xED\xA0\x80", 9));
    answer.reasoning = ReasoningReport{"greedy", 0.5, {{"\xC3", 1}}, std::nullopt, 1, 0, false};
    asked.listener.done(std::move(answer));
  };
  start();
  const json body = json_of(ask(health(), chat({{"reasoning", json::object()}})));
  ASSERT_TRUE(body.is_object());
  EXPECT_EQ(body["choices"][0]["message"]["content"].get<std::string>().substr(0, 4), "a\xEF\xBF\xBD");
  EXPECT_EQ(body["reasoning"]["votes"][0]["answer"], "\xEF\xBF\xBD");
}

TEST_F(OpenAiRoutes, ATokenIsDemandedWhenThereIsOne) {
  settings_.api.key = "sesame-street-0123";
  start();
  for (const std::string& header :
       {std::string("X-None: 1"), std::string("Authorization: Bearer sesame-street-0124"),
        std::string("Authorization: Bearer sesame-street-01"), std::string("Authorization: Bearer "),
        std::string("Authorization: Bearer sesame-street-0123sesame-street-0123"),
        std::string("Authorization: sesame-street-0123"), std::string("Authorization: Basic sesame-street-0123")}) {
    for (const std::string& request : {chat(), get("/v1/models"), post("/v1/feedback", "{}"), get("/v1/nothing")}) {
      const std::string reply = ask(health(), with_header(request, header));
      EXPECT_EQ(status_of(reply), 401) << header;
      EXPECT_EQ(error_of(reply)["code"], "invalid_api_key");
      EXPECT_NE(reply.find("WWW-Authenticate: Bearer"), std::string::npos);
      EXPECT_EQ(reply.find("sesame"), std::string::npos) << "the reply gives nothing away";
    }
  }
  EXPECT_TRUE(answers_.asked().empty());
  EXPECT_EQ(status_of(ask(health(), with_header(chat(), "Authorization: Bearer sesame-street-0123"))), 200);
  EXPECT_EQ(status_of(ask(health(), get("/livez"))), 200) << "health needs none";
}

TEST_F(OpenAiRoutes, WebPagesOfAnotherOriginAreRefused) {
  start();
  for (const std::string origin : {"http://evil.example", "null", "http://localhost:81", "https://127.0.0.1"}) {
    const std::string reply = ask(health(), with_header(post("/v1/feedback", "{}"), "Origin: " + origin));
    EXPECT_EQ(status_of(reply), 403) << origin;
    EXPECT_EQ(error_of(reply)["code"], "wrong_origin");
  }
  EXPECT_EQ(status_of(ask(health(), with_header(chat(), "Origin: http://localhost"))), 200);
}

TEST_F(OpenAiRoutes, AnUnknownPathOrMethodSaysWhatThereIs) {
  start();
  const std::string unknown = ask(health(), post("/v1/embeddings", "{}"));
  EXPECT_EQ(status_of(unknown), 404);
  EXPECT_EQ(error_of(unknown)["code"], "unknown_url");
  const std::string method = ask(health(), get("/v1/chat/completions"));
  EXPECT_EQ(status_of(method), 405);
  EXPECT_NE(method.find("Allow: POST"), std::string::npos);
  EXPECT_EQ(error_of(method)["code"], "method_not_allowed");
  EXPECT_EQ(status_of(ask(health(), post("/v1/models"))), 405);
}

TEST_F(OpenAiRoutes, NothingIsUnderV1WithoutABackendForIt) {
  settings_.answers = nullptr;
  start();
  EXPECT_EQ(status_of(ask(health(), chat())), 404);
  EXPECT_EQ(status_of(ask(health(), get("/livez"))), 200);
}

TEST(ApiKey, IsTheFirstLineOfAFileOfItsOwner) {
  const TempDirectory directory;
  const std::string path = directory.path("key");
  const auto key = [&](const std::string& text, unsigned mode) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return read_api_key(path);
  };
  EXPECT_EQ(key("secret\nnotes\n", 0600).value(), "secret");
  EXPECT_EQ(key("secret \r\n", 0600).value(), "secret");
  EXPECT_EQ(key("secret", 0644).status().code(), Errc::kPermission);
  EXPECT_EQ(key("\nsecret", 0600).status().code(), Errc::kConfig);
  EXPECT_EQ(key("two words", 0600).status().code(), Errc::kConfig);
  EXPECT_EQ(key(std::string(5000, 'a'), 0600).status().code(), Errc::kBadInput);
  EXPECT_EQ(read_api_key(directory.path("none")).status().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace autodidact
