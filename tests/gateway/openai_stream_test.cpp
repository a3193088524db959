// Streamed answers: their events, clients that leave or are slow, errors that come late.

#include <thread>

#include "tests/gateway/api_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class OpenAiStream : public ApiTest {
 protected:
  static json first_choice(const std::string& event) { return json::parse(event)["choices"][0]; }
  // Looks for what another thread is about to do; the deadline is for a failure alone.
  static bool comes_true(const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!what() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return what();
  }
  RawConnection ask_stream(const json& extra = json::object()) {
    json body = {{"stream", true}};
    body.update(extra);
    auto connection = health();
    EXPECT_TRUE(connection.send(chat(body)));
    return connection;
  }
};

TEST_F(OpenAiStream, AChatComesInDeltasAndEndsWithDone) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    asked.listener.part({0, "fo", {}});
    asked.listener.part({0, "ur", {}});
    asked.listener.done(plain_answer("four"));
  };
  start();
  auto connection = ask_stream();
  const std::string reply = stream_reply(connection);
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_NE(reply.find("Content-Type: text/event-stream"), std::string::npos);
  const auto events = events_of(reply);
  ASSERT_EQ(events.size(), 5u) << reply;
  EXPECT_EQ(first_choice(events[0])["delta"], json::parse(R"({"role":"assistant","content":""})"));
  EXPECT_EQ(first_choice(events[1])["delta"], json({{"content", "fo"}}));
  EXPECT_EQ(first_choice(events[2])["delta"], json({{"content", "ur"}}));
  EXPECT_TRUE(first_choice(events[2])["finish_reason"].is_null());
  EXPECT_EQ(first_choice(events[3])["finish_reason"], "stop");
  EXPECT_EQ(first_choice(events[3])["delta"], json::object());
  EXPECT_EQ(events[4], "[DONE]");
  for (int i = 0; i < 4; ++i) {
    const json event = json::parse(events[i]);
    EXPECT_EQ(event["object"], "chat.completion.chunk");
    EXPECT_EQ(event["id"], answers_.asked()[0].first);
    EXPECT_FALSE(event.contains("usage"));
  }
  EXPECT_EQ(json::parse(events[3])["system_fingerprint"], "v12");
  EXPECT_EQ(status_of(ask(std::move(connection), get("/livez"))), 200) << "the connection serves again";
}

TEST_F(OpenAiStream, TheUsageComesLastWhenAskedFor) {
  start();
  auto connection = ask_stream({{"stream_options", {{"include_usage", true}}}});
  const auto events = events_of(stream_reply(connection));
  ASSERT_EQ(events.size(), 5u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(json::parse(events[i]).at("usage").is_null());
  EXPECT_TRUE(json::parse(events[3])["choices"].empty());
  EXPECT_EQ(json::parse(events[3])["usage"]["total_tokens"], 11);
}

TEST_F(OpenAiStream, WhatThePartsLeftOutComesAtTheEnd) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    asked.listener.part({0, "fo", byte_tokens("fo")});
    Answer answer = plain_answer("four");
    answer.choices[0].tokens = byte_tokens("four");
    answer.choices.push_back({"five", Finish::kLength, byte_tokens("five")});
    answer.reasoning = ReasoningReport{"greedy", 0.5, {}, std::nullopt, 4, 0, false};
    asked.listener.done(std::move(answer));
  };
  start();
  auto connection = ask_stream({{"n", 2}, {"logprobs", true}});
  std::map<int, std::string> texts, tokens, ends;
  json reasoning;
  auto events = events_of(stream_reply(connection));
  ASSERT_EQ(events.back(), "[DONE]");
  events.pop_back();
  for (const std::string& event : events) {
    const json choice = first_choice(event);
    const int i = choice["index"];
    if (choice["delta"].contains("content")) texts[i] += choice["delta"]["content"];
    if (choice["logprobs"].is_object()) {
      for (const json& token : choice["logprobs"]["content"]) tokens[i] += token["token"];
    }
    if (choice["finish_reason"].is_string()) ends[i] = choice["finish_reason"];
    if (json::parse(event).contains("reasoning")) reasoning = json::parse(event)["reasoning"];
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "four"}, {1, "five"}}));
  EXPECT_EQ(tokens, texts);
  EXPECT_EQ(ends, (std::map<int, std::string>{{0, "stop"}, {1, "length"}}));
  EXPECT_EQ(reasoning["confidence"], 0.5);
}

TEST_F(OpenAiStream, CompletionsOfSeveralPromptsShareAStream) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    asked.listener.part({0, *asked.request.prompt, byte_tokens(*asked.request.prompt)});
    Answer answer = plain_answer(*asked.request.prompt + "!");
    answer.choices[0].tokens = byte_tokens(answer.choices[0].text);
    asked.listener.done(std::move(answer));
  };
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(completion({{"prompt", {"\xC3\xA9t\xC3\xA9", "b"}}, {"stream", true}, {"logprobs", 1}})));
  std::map<int, std::string> texts;
  std::map<int, std::vector<int>> offsets;
  auto events = events_of(stream_reply(connection));
  ASSERT_EQ(events.back(), "[DONE]");
  events.pop_back();
  for (const std::string& event : events) {
    EXPECT_EQ(json::parse(event)["object"], "text_completion");
    const json choice = first_choice(event);
    texts[choice["index"]] += choice["text"].get<std::string>();
    if (!choice["logprobs"].is_object()) continue;
    for (const json& offset : choice["logprobs"]["text_offset"]) offsets[choice["index"]].push_back(offset);
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "\xC3\xA9t\xC3\xA9!"}, {1, "b!"}}));
  EXPECT_EQ(offsets[0], (std::vector<int>{0, 1, 1, 2, 3, 3})) << "characters, each byte of one at or behind its start";
  EXPECT_EQ(offsets[1], (std::vector<int>{0, 1}));
}

TEST_F(OpenAiStream, AnErrorBeforeTheFirstPartIsAnHttpErrorAndBehindItAnEvent) {
  hold_answers();
  start();
  auto early = ask_stream();
  held(0).listener.done(Status(Errc::kUsage, "no strategy \"x\""));
  EXPECT_EQ(status_of(early.reply()), 400);
  auto late = ask_stream();
  held(1).listener.part({0, "fo", {}});
  held(1).listener.done(Status(Errc::kInternal, "the answerer died"));
  const auto events = events_of(stream_reply(late));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(json::parse(events[2])["error"]["message"], "the answerer died");
}

TEST_F(OpenAiStream, AStreamWhoseAnswerNeverEndsIsCutBehindTheDeadline) {
  hold_answers();
  answer_ms_ = 100;
  start();
  auto connection = ask_stream();
  held(0).listener.part({0, "fo", {}});
  const std::string reply = connection.until_closed();
  EXPECT_NE(reply.find("fo"), std::string::npos);
  EXPECT_EQ(reply.find("[DONE]"), std::string::npos);
  EXPECT_TRUE(connection.closes_within(0));
  EXPECT_FALSE(held(0).listener.wanted());
}

TEST_F(OpenAiStream, AStreamThatItsBackendForgetsIsCut) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    asked.listener.part({0, "fo", {}});
    asked.listener = {};
  };
  start();
  auto connection = ask_stream();
  EXPECT_EQ(connection.until_closed().find("[DONE]"), std::string::npos);
  EXPECT_TRUE(connection.closes_within(0));
}

TEST_F(OpenAiStream, AClientThatLeavesMidStreamIsNoLongerWanted) {
  hold_answers();
  start();
  auto connection = ask_stream();
  held(0).listener.part({0, "fo", {}});
  EXPECT_NE(connection.until("fo").find("fo"), std::string::npos);
  EXPECT_TRUE(held(0).listener.wanted());
  connection.close();
  EXPECT_TRUE(comes_true([&] { return !held(0).listener.wanted(); }));
  held(0).listener.part({0, "ur", {}});
  held(0).listener.done(Status(Errc::kTemporary, "nobody waits"));
  EXPECT_EQ(status_of(ask(health(), get("/livez"))), 200);
}

TEST_F(OpenAiStream, AClientThatLeavesWhileItWaitsIsNoLongerWanted) {
  hold_answers();
  start();
  for (const bool stream : {false, true}) {
    auto connection = health();
    ASSERT_TRUE(connection.send(chat({{"stream", stream}})));
    auto& asked = held(stream ? 1 : 0);
    EXPECT_TRUE(asked.listener.wanted());
    connection.close();
    EXPECT_TRUE(comes_true([&] { return !asked.listener.wanted(); }));
  }
}

TEST_F(OpenAiStream, TheSecondRequestOfAConnectionIsWatchedLikeTheFirst) {
  hold_answers();
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(chat()));
  held(0).listener.done(plain_answer("4"));
  EXPECT_EQ(status_of(connection.reply()), 200);
  ASSERT_TRUE(connection.send(chat()));
  EXPECT_TRUE(held(1).listener.wanted());
  connection.close();
  EXPECT_TRUE(comes_true([&] { return !held(1).listener.wanted(); }));
}

// A reader that takes nothing: the thread that computes never waits for it, others are served, and it is dropped at its limit.
TEST_F(OpenAiStream, AReaderThatTakesNothingIsDroppedAtItsLimitAndStallsNobody) {
  settings_.health_limits.stream_buffer_bytes = 64 * 1024;
  hold_answers();
  start();
  auto slow = health();
  ASSERT_TRUE(slow.send(chat({{"stream", true}})));
  auto& asked = held(0);
  const std::string text(16 * 1024, 'x');
  std::size_t parts = 0;
  while (asked.listener.wanted() && parts < 10'000) {
    asked.listener.part({0, text, {}});
    ++parts;
    if (parts % 64 == 0) {
      EXPECT_EQ(status_of(ask(health(), get("/livez"))), 200);
    }
  }
  EXPECT_LT(parts, 10'000u) << "160 MB for a client that reads nothing";
  EXPECT_TRUE(slow.closes_within(5000)) << "behind what the kernel had taken";
}

TEST_F(OpenAiStream, ManyClientsStreamAtOnceAndEachGetsItsOwn) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) {
    const std::string text = asked.request.messages[0].content;
    for (const char c : text) asked.listener.part({0, std::string(1, c), {}});
    asked.listener.done(plain_answer(text));
  };
  settings_.health_limits.stream_pace_ms = 2;
  start();
  std::vector<RawConnection> clients;
  const auto text_of = [](int i) { return "client " + std::to_string(i) + std::string(200, static_cast<char>('a' + i % 26)); };
  for (int i = 0; i < 32; ++i) {
    clients.push_back(ask_stream({{"messages", {{{"role", "user"}, {"content", text_of(i)}}}}}));
  }
  for (int i = 0; i < 32; ++i) {
    std::string text;
    auto events = events_of(stream_reply(clients[static_cast<std::size_t>(i)]));
    ASSERT_FALSE(events.empty());
    ASSERT_EQ(events.back(), "[DONE]");
    events.pop_back();
    for (const std::string& event : events) text += first_choice(event)["delta"].value("content", "");
    EXPECT_EQ(text, text_of(i));
  }
}

TEST_F(OpenAiStream, WhatJsonEscapesArrivesAsItWas) {
  const std::vector<std::string> parts = {"a \"b\"", "\\", "\n\t\x01", "\x7f", "gr\u00fc\u20ac", "~ /"};
  answers_.on_answer = [&](FakeAnswers::Asked& asked) {
    std::string whole;
    for (const std::string& text : parts) {
      asked.listener.part({0, text, {}});
      whole += text;
    }
    asked.listener.done(plain_answer(whole));
  };
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(completion({{"stream", true}})));
  const auto events = events_of(stream_reply(connection));
  ASSERT_EQ(events.size(), parts.size() + 2);
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(first_choice(events[i])["text"], parts[i]);
}

TEST_F(OpenAiStream, TheEndOfAStreamWaitsForNoPace) {
  hold_answers();
  settings_.health_limits.stream_pace_ms = 60'000;  // longer than any wait of this test
  start();
  auto connection = health();
  for (std::size_t i = 0; i < 3; ++i) {  // on the same connection
    ASSERT_TRUE(connection.send(completion({{"stream", true}})));
    held(i).listener.part({0, "4", {}});
    if (i > 0) {
      ASSERT_NE(connection.until("\"text\":\"4\"").find("\"4\""), std::string::npos);
    }
    held(i).listener.part({0, "2", {}});
    held(i).listener.done(plain_answer("42"));
    const std::string reply = connection.until("\r\n0\r\n\r\n");
    EXPECT_TRUE(reply.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n")) << reply;
  }
}

TEST_F(OpenAiStream, PartsFromSeveralThreadsMakeWholeEvents) {
  settings_.health_limits.stream_buffer_bytes = 1 << 20;  // all of it: a busy machine may read nothing before the end
  hold_answers();
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(completion({{"prompt", {"a", "b", "c", "d"}}, {"stream", true}})));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&asked = held(i), i] {
      std::string text;
      for (int k = 0; k < 500; ++k) {
        text += static_cast<char>('a' + i);
        asked.listener.part({0, std::string(1, static_cast<char>('a' + i)), {}});
      }
      asked.listener.done(plain_answer(text));
    });
  }
  std::map<int, std::string> texts;
  auto events = events_of(stream_reply(connection));
  for (auto& thread : threads) thread.join();
  ASSERT_FALSE(events.empty());
  ASSERT_EQ(events.back(), "[DONE]");
  events.pop_back();
  for (const std::string& event : events) texts[first_choice(event)["index"]] += first_choice(event)["text"].get<std::string>();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(texts[i], std::string(500, static_cast<char>('a' + i)));
}

TEST_F(OpenAiStream, AnOldClientIsToldThatItCannotStream) {
  start();
  const std::string body = chat_body({{"stream", true}});
  const std::string reply =
      ask(health(), "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body);
  EXPECT_EQ(status_of(reply), 505);
  EXPECT_TRUE(error_of(reply).is_object());
}

}  // namespace
}  // namespace autodidact
