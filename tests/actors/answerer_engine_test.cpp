// The answerer's engine on the fake model: what requests get, and that every one of them ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/files.hpp"
#include "tasks/counter_hash.hpp"
#include "tests/actors/answerer_bench.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Bench = AnswererBench;

// So many digits, others for each prompt and seed.
Oracle digits(std::size_t length) {
  return [length](const std::string& prompt, std::uint64_t seed, VersionId) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i)
      text += static_cast<char>('0' + counter_hash({seed, static_cast<std::uint64_t>(prompt.back()), i}) % 10);
    return text;
  };
}
Oracle always(const std::string& text) {
  return [text](const std::string&, std::uint64_t, VersionId) { return text; };
}

TEST(Answerer, AnswersAQuestionInTheTasksOwnForm) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 1.0; })});
  const auto answer = bench.ask(Bench::chat(" 7 + 85 = ?"));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->choices.at(0).text, "75021,08190,92");
  EXPECT_EQ(answer->choices.at(0).finish, Finish::kStop);
  EXPECT_EQ(answer->version, 1u);
  EXPECT_EQ(answer->prompt_tokens, 6u) << "07+85=";
  EXPECT_EQ(answer->completion_tokens, 15u) << "the stop token is one";
  EXPECT_FALSE(answer->reasoning.has_value());
}

TEST(Answerer, TextAndTokensAreContinuedAsTheyAre) {
  Bench bench({.oracle = [](const std::string& prompt, std::uint64_t, VersionId) { return prompt; }});
  EXPECT_EQ(bench.ask(Bench::text("12,"))->choices.at(0).text, "12,");
  AnswerRequest tokens;
  tokens.sampler.max_tokens = 0;
  tokens.prompt_tokens = bench.context().tokenizer->encode("9+").value();
  EXPECT_EQ(bench.ask(tokens)->choices.at(0).text, "9+");
  tokens.prompt_tokens = std::vector<TokenId>{2, 9999};
  const auto refused = bench.ask(tokens);
  EXPECT_EQ(refused.status().code(), Errc::kUsage);
  EXPECT_THAT(refused.status().message(), HasSubstr("prompt token 1 is 9999"));
}

TEST(Answerer, RefusesWhatCannotBeAnsweredAndSaysWhy) {
  Bench bench({});
  const auto why = [&](AnswerRequest request) {
    const auto answer = bench.ask(std::move(request));
    EXPECT_EQ(answer.status().code(), Errc::kUsage);
    return answer.status().message();
  };
  EXPECT_THAT(why(Bench::text("")), HasSubstr("empty"));
  EXPECT_THAT(why(Bench::text(std::string(64, '1'))), HasSubstr("64 tokens, the model's context has room for 63"));
  EXPECT_THAT(why(Bench::text("what?")), HasSubstr("byte"));
  EXPECT_THAT(why(AnswerRequest{}), HasSubstr("no message of the user"));
  EXPECT_THAT(why(Bench::reasoning("1+1", "guess")), HasSubstr("there are auto, beam"));
  EXPECT_THAT(why(Bench::reasoning("1+1", "best_of_n:n=4")), HasSubstr("needs a learned verifier"));
  EXPECT_THAT(why(Bench::reasoning("1+1", "auto")), HasSubstr("auto"));
  AnswerRequest many = Bench::chat("1+1");
  many.n = 0;
  EXPECT_THAT(why(many), HasSubstr("n is a whole number"));
  AnswerRequest stops = Bench::text("1");
  stops.stop = {""};
  EXPECT_THAT(why(stops), HasSubstr("a stop text has 1 to"));
}

TEST(Answerer, OneDecoderServesManyRequestsAtOnce) {
  Bench bench({.oracle = digits(20)});
  bench.model().block_decoding(true);
  std::vector<std::shared_ptr<Bench::Heard>> heard;
  for (int i = 0; i < 8; ++i) heard.push_back(bench.submit(Bench::text(std::to_string(i))));
  bench.model().block_decoding(false);
  for (auto& one : heard) {
    ASSERT_TRUE(one->done());
    EXPECT_TRUE(one->answer.get().ok());
  }
  EXPECT_EQ(bench.model().decoders(), 1u);
  EXPECT_LE(bench.model().decode_steps(), 2u * 11 + 1) << "21 tokens each, two a step: eight one after the other take 88 steps";
}

TEST(Answerer, TheSameSeedGivesTheSameAnswerWhateverElseRuns) {
  Bench bench({.oracle = digits(12)});
  AnswerRequest request = Bench::text("3");
  request.n = 3;
  request.seed = 42;
  const auto alone = bench.ask(request);
  std::vector<std::shared_ptr<Bench::Heard>> others;
  for (int i = 0; i < 6; ++i) others.push_back(bench.submit(Bench::text(std::to_string(i))));
  const auto beside = bench.ask(request);
  for (auto& other : others) ASSERT_TRUE(other->done());
  ASSERT_EQ(alone->choices.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(alone->choices[i].text, beside->choices[i].text);
  EXPECT_NE(alone->choices[0].text, alone->choices[1].text) << "choices draw apart";
  request.seed = 43;
  EXPECT_NE(bench.ask(request)->choices[0].text, alone->choices[0].text);
}

TEST(Answerer, StreamsTheTextThatTheAnswerHas) {
  Bench bench({.oracle = digits(15), .decode_step = 25ms});  // slower than tokens that share a part
  AnswerRequest request = Bench::text("1");
  request.n = 2;
  request.logprobs = true;
  const auto heard = bench.submit(request);
  ASSERT_TRUE(heard->done());
  const Answer answer = heard->answer.get().value();
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(heard->streamed(i), answer.choices[i].text);
    EXPECT_EQ(answer.choices[i].tokens.size(), 16u) << "15 and the stop token";
    EXPECT_EQ(answer.choices[i].tokens[0].logprob, fake_logprob(answer.choices[i].tokens[0].id));
    std::size_t streamed = 0;
    for (const auto& part : heard->parts) streamed += part.choice == i ? part.tokens.size() : 0;
    EXPECT_EQ(streamed, 16u);
  }
  EXPECT_GT(heard->parts.size(), 10u) << "as it comes";
}

TEST(Answerer, TokensThatComeAtOnceShareAPart) {
  Bench bench({.oracle = digits(15), .tokens_per_step = 16});
  AnswerRequest request = Bench::text("1");
  request.logprobs = true;
  const auto heard = bench.submit(request);
  ASSERT_TRUE(heard->done());
  EXPECT_EQ(heard->streamed(0), heard->answer.get().value().choices[0].text);
  EXPECT_EQ(heard->parts.front().tokens.size(), 1u) << "the first is shown without the others";
  EXPECT_LT(heard->parts.size(), 16u);
}

TEST(Answerer, AStopTextEndsTheAnswerAndNeverShows) {
  Bench bench({.oracle = always("12,34,5=6789"), .tokens_per_step = 1});
  AnswerRequest request = Bench::text("1");
  request.stop = {"5=67", "9"};
  const auto heard = bench.submit(request);
  ASSERT_TRUE(heard->done());
  const Answer answer = heard->answer.get().value();
  EXPECT_EQ(answer.choices[0].text, "12,34,");
  EXPECT_EQ(answer.choices[0].finish, Finish::kStop);
  EXPECT_EQ(heard->streamed(), "12,34,");
  EXPECT_EQ(answer.completion_tokens, 10u) << "what was generated";
  request.stop = {"5=8"};  // begins, and does not come
  EXPECT_EQ(bench.ask(request)->choices[0].text, "12,34,5=6789");
}

TEST(Answerer, MaxTokensCutTheAnswer) {
  Bench bench({.oracle = digits(30)});
  AnswerRequest request = Bench::text("1");
  request.sampler.max_tokens = 7;
  auto answer = bench.ask(request);
  EXPECT_EQ(answer->choices[0].text.size(), 7u);
  EXPECT_EQ(answer->choices[0].finish, Finish::kLength);
  request.sampler.max_tokens = 100000;  // more than there is room for
  EXPECT_EQ(bench.ask(request)->choices[0].finish, Finish::kStop);
}

TEST(Answerer, EchoGivesThePromptItsLikelihood) {
  Bench bench({.oracle = always("7")});
  AnswerRequest request = Bench::text("1+2=");
  request.echo = true;
  request.logprobs = true;
  request.sampler.max_tokens = 0;  // only the prompt
  const auto scored = bench.ask(request);
  ASSERT_TRUE(scored.ok()) << scored.status().message();
  EXPECT_EQ(scored->choices[0].text, "1+2=");
  EXPECT_EQ(scored->completion_tokens, 0u);
  ASSERT_EQ(scored->choices[0].tokens.size(), 4u);
  EXPECT_FALSE(scored->choices[0].tokens[0].logprob.has_value());
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(scored->choices[0].tokens[i].logprob, fake_logprob(scored->choices[0].tokens[i].id));
    ASSERT_TRUE(scored->choices[0].tokens[i].best.has_value());
    EXPECT_EQ(scored->choices[0].tokens[i].best->second, fake_logprob(7));
  }
  EXPECT_EQ(bench.model().decode_steps(), 0u);
  request.sampler.max_tokens = 1;  // as lm-eval asks
  const auto one = bench.ask(request);
  EXPECT_EQ(one->choices[0].text, "1+2=7");
  ASSERT_EQ(one->choices[0].tokens.size(), 5u);
  EXPECT_TRUE(one->choices[0].tokens[4].best.has_value());
  request.logprobs = false;
  EXPECT_EQ(bench.ask(request)->choices[0].text, "1+2=7");
  AnswerRequest longest = Bench::text(std::string(64, '1'));  // all of the context
  longest.echo = longest.logprobs = true;
  EXPECT_EQ(bench.ask(longest)->choices[0].tokens.size(), 64u);
}

TEST(Answerer, AClientThatLeavesFreesItsSlotAndPages) {
  Bench bench({.oracle = digits(50), .tokens_per_step = 1, .decode_step = 1ms});
  AnswerRequest request = Bench::text("1");
  request.n = 4;
  const auto heard = bench.submit(request);
  ASSERT_TRUE(Bench::wait_until([&] { return bench.pages_in_use() == 4; }));
  heard->wanted = false;
  ASSERT_TRUE(heard->done());
  EXPECT_EQ(heard->answer.get().status().code(), Errc::kTemporary);
  EXPECT_TRUE(Bench::wait_until([&] { return bench.pages_in_use() == 0 && bench.engine().running() == 0; }));
  EXPECT_EQ(bench.metrics().value("autodidact_answers_total", "cancelled"), 1);
  EXPECT_LT(bench.engine().tokens(), 200u) << "not to the end";
}

TEST(Answerer, BeyondTheQueueIsRefusedAtOnce) {
  Bench::Settings settings{.oracle = digits(5)};
  settings.options.serve.queue = 3;
  settings.options.serve.batch = 2;
  Bench bench(settings);
  bench.model().block_decoding(true);
  std::vector<std::shared_ptr<Bench::Heard>> heard;
  heard.push_back(bench.submit(Bench::text("1")));
  ASSERT_TRUE(Bench::wait_until([&] { return bench.engine().running() == 1; }));  // and hangs in its first step
  for (int i = 0; i < 3; ++i) heard.push_back(bench.submit(Bench::text("1")));
  const auto refused = bench.submit(Bench::text("1"));
  ASSERT_TRUE(refused->done(0ms));
  const Status status = refused->answer.get().status();
  EXPECT_EQ(status.code(), Errc::kTemporary);
  EXPECT_THAT(status.message(), HasSubstr("serve.queue"));
  bench.model().block_decoding(false);
  for (auto& one : heard) {
    ASSERT_TRUE(one->done());
    EXPECT_TRUE(one->answer.get().ok());
  }
}

TEST(Answerer, AtItsDeadlineARequestGetsWhatThereIs) {
  Bench bench({.oracle = digits(50), .tokens_per_step = 1, .decode_step = 10ms});
  AnswerRequest request = Bench::text("1");
  request.deadline = std::chrono::steady_clock::now() + 150ms;
  const auto answer = bench.ask(request);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->choices[0].finish, Finish::kDeadline);
  EXPECT_LT(answer->choices[0].text.size(), 50u);
  EXPECT_GT(answer->choices[0].text.size(), 0u);
  request.deadline = std::chrono::steady_clock::now() - 1ms;
  EXPECT_EQ(bench.ask(request).status().code(), Errc::kTemporary);
}

TEST(Answerer, AHungDeviceCostsNoRequestItsAnswer) {
  Bench bench({.oracle = digits(5)});
  bench.model().block_decoding(true);
  AnswerRequest request = Bench::text("1");
  request.deadline = std::chrono::steady_clock::now() + 20ms;
  const auto late = bench.submit(request);
  const auto stopped = bench.submit(Bench::text("1"));
  ASSERT_TRUE(Bench::wait_until([&] {  // as the actor's tick does
    bench.engine().expire();
    return late->done(0ms);
  }));
  EXPECT_THAT(late->answer.get().status().message(), HasSubstr("before the deadline"));
  EXPECT_FALSE(stopped->done(0ms));
  bench.engine().stop();  // as the actor's end does
  ASSERT_TRUE(stopped->done(0ms));
  EXPECT_EQ(stopped->answer.get().status().code(), Errc::kTemporary);
  EXPECT_EQ(bench.submit(Bench::text("1"))->answer.get().status().code(), Errc::kTemporary);
}

TEST(Answerer, ADeviceThatFailsAnswersWithAnError) {
  Bench bench({.oracle = digits(5)});
  bench.model().fail_decode_steps(1);
  const auto heard = bench.submit(Bench::text("1"));
  ASSERT_TRUE(heard->done());
  EXPECT_EQ(heard->answer.get().status().code(), Errc::kTemporary);
}

TEST(Answerer, NewWeightsAreTakenBetweenTwoStepsAndOpenSearchesGoOn) {
  Bench bench({.oracle = digits(50), .tokens_per_step = 1, .decode_step = 1ms});
  const auto heard = bench.submit(Bench::text("1"));
  ASSERT_TRUE(Bench::wait_until([&] { return !heard->streamed().empty(); }));
  bench.serve(2);
  ASSERT_TRUE(heard->done());
  const Answer answer = heard->answer.get().value();
  EXPECT_EQ(answer.choices[0].text.size(), 50u);
  EXPECT_EQ(answer.version, 2u) << "of its last token";
  EXPECT_EQ(bench.model().versions_set(), (std::vector<VersionId>{1, 2}));
}

TEST(Answerer, VotesAmongSamplesAndReportsThem) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 0.6; })});
  const auto answer = bench.ask(Bench::reasoning("47+85", "majority:n=32"));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  ASSERT_TRUE(answer->reasoning.has_value());
  const ReasoningReport& report = *answer->reasoning;
  EXPECT_EQ(report.strategy, "majority:n=32");
  ASSERT_EQ(report.votes.size(), 2u);
  EXPECT_EQ(report.votes[0].first, "132");
  EXPECT_NEAR(report.votes[0].second + report.votes[1].second, 1, 1e-9);
  EXPECT_THAT(answer->choices.at(0).text, HasSubstr("132"));
  EXPECT_EQ(report.tokens_spent, answer->completion_tokens);
  EXPECT_EQ(report.tokens_spent, 32u * 16) << "15 and the stop token each";
  EXPECT_FALSE(report.confidence.has_value()) << "none is fitted";
  EXPECT_FALSE(report.abstained);
  EXPECT_EQ(answer->verifier, 0u);
}

TEST(Answerer, AVerifierScoresOnceOneServes) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 0.6; })});
  bench.serve_verifier(7);
  const auto answer = bench.ask(Bench::reasoning("47+85", "best_of_n:n=8"));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_TRUE(answer->reasoning->verifier_score.has_value());
  EXPECT_GT(answer->reasoning->tokens_scored, 0u);
  EXPECT_EQ(answer->verifier, 7u);
}

TEST(Answerer, BudgetsAreHonouredToTheToken) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 0.6; })});
  for (const std::uint64_t budget : {1u, 15u, 16u, 17u, 100u, 255u, 256u}) {
    const auto answer = bench.ask(Bench::reasoning("47+85", "majority:n=16", budget));
    ASSERT_TRUE(answer.ok()) << budget << ": " << answer.status().message();
    EXPECT_LE(answer->reasoning->tokens_spent, budget);
    EXPECT_EQ(answer->reasoning->tokens_spent, std::min<std::uint64_t>(budget, 256)) << "all of it is of use";
  }
  Bench::Settings settings{.oracle = digits(30)};
  settings.options.serve.budget_tokens = 10;
  Bench small(settings);
  EXPECT_EQ(small.ask(Bench::reasoning("47+85", ""))->reasoning->tokens_spent, 10u) << "serve.budget_tokens";
}

Calibration share_is_confidence() {
  std::vector<JudgedAnswer> answers;
  for (int i = 0; i < 200; ++i) {
    const double share = i % 10 / 10.0;
    answers.push_back({{share, 0, 0, 1, 2}, i / 10 % 10 < 10 * share});
  }
  return Calibration::fit(answers).value();
}

TEST(Answerer, BelowTheThresholdTheAnswerIsWithheld) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 0.55; })});
  const std::string directory = bench.context().weights->path_of(1);
  ASSERT_TRUE(make_directories(directory).ok());
  ASSERT_TRUE(write_file_atomic(directory + "/calibration.json", share_is_confidence().to_json()).ok());
  AnswerRequest request = Bench::reasoning("47+85", "majority:n=32");
  request.reasoning->abstain_below = 0.01;
  const auto sure = bench.ask(request);
  ASSERT_TRUE(sure->reasoning->confidence.has_value());
  EXPECT_GT(*sure->reasoning->confidence, 0.01);
  EXPECT_FALSE(sure->reasoning->abstained);
  request.reasoning->abstain_below = 0.99;
  const auto heard = bench.submit(request);
  ASSERT_TRUE(heard->done());
  const Answer unsure = heard->answer.get().value();
  EXPECT_EQ(unsure.reasoning->confidence, sure->reasoning->confidence);
  EXPECT_TRUE(unsure.reasoning->abstained);
  EXPECT_EQ(unsure.choices[0].text, "I don't know.");
  EXPECT_EQ(heard->streamed(), "I don't know.");
  EXPECT_EQ(bench.metrics().value("autodidact_answers_total", "abstained"), 1);
}

TEST(Answerer, ADamagedCalibrationGivesNoConfidence) {
  Bench bench({});
  const std::string directory = bench.context().weights->path_of(1);
  ASSERT_TRUE(make_directories(directory).ok());
  ASSERT_TRUE(write_file_atomic(directory + "/calibration.json", "{\"format\":").ok());
  const auto answer = bench.ask(Bench::reasoning("47+85", "majority:n=4"));
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->reasoning->confidence.has_value());
}

TEST(Answerer, LiveSettingsHoldFromTheNextRequestOn) {
  Bench bench({.oracle = addition_oracle("compact", [](VersionId, bool) { return 0.6; })});
  EXPECT_EQ(bench.ask(Bench::reasoning("47+85", ""))->reasoning->strategy, "greedy");
  Options options = Bench::options_of_tests();
  options.serve.strategy = "majority:n=3";
  options.serve.budget_tokens = 20;
  bench.engine().configure(std::make_shared<const Options>(options));
  const auto answer = bench.ask(Bench::reasoning("47+85", ""));
  EXPECT_EQ(answer->reasoning->strategy, "majority:n=3");
  EXPECT_EQ(answer->reasoning->tokens_spent, 20u);
}

TEST(Answerer, WithoutWeightsARequestIsRefused) {
  Bench bench({});
  WeightBoard none(bench.context().data_dir);
  bench.context().weights = &none;
  const auto answer = bench.ask(Bench::chat("1+1"));
  EXPECT_EQ(answer.status().code(), Errc::kTemporary);
  EXPECT_THAT(answer.status().message(), HasSubstr("no weights serve yet"));
}

}  // namespace
}  // namespace autodidact
