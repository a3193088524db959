// Answering while the loop runs: the device is shared as serve.share says, a killed answerer costs no requester its answer, and
// what users say of answers is learnt from.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/actors/store_audit.hpp"
#include "tests/actors/test_loop.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

using Answered = std::future<Result<Answer>>;

Answered ask(TestLoop& loop, const std::string& id, const std::string& question) {
  auto promise = std::make_shared<std::promise<Result<Answer>>>();
  AnswerRequest request;
  request.messages.push_back({"user", question});
  request.sampler.max_tokens = 0;
  request.sampler.temperature = 0;
  AnswerListener listener;
  listener.done = [promise](Result<Answer> answer) { promise->set_value(std::move(answer)); };
  loop.answers().answer(id, std::move(request), std::move(listener));
  return promise->get_future();
}

// Until weights serve.
Answer answer_of(TestLoop& loop, const std::string& id, const std::string& question) {
  Answer answer;
  const bool answered = TestLoop::wait_until(
      [&] {
        auto given = ask(loop, id, question).get();
        if (given.ok()) answer = std::move(given).value();
        return given.ok();
      },
      20s);
  EXPECT_TRUE(answered) << loop.status().dump(1);
  return answer;
}

Status feedback(TestLoop& loop, Feedback given) {
  std::promise<Status> promise;
  loop.answers().feedback(std::move(given), [&](Status status) { promise.set_value(std::move(status)); });
  return promise.get_future().get();
}

// Asks again and again, so that there is always somebody to answer.
class Crowd {
 public:
  Crowd(TestLoop& loop, int people) : loop_(loop) {
    for (int i = 0; i < people; ++i) next();
  }
  ~Crowd() {
    on_ = false;
    TestLoop::wait_until([this] { return asking_ == 0; }, 20s);
  }
  int answered() const { return answered_; }

 private:
  void next() {
    ++asking_;
    AnswerRequest request;
    request.messages.push_back({"user", "123+456"});
    request.n = 4;
    request.sampler.max_tokens = 0;
    AnswerListener listener;
    listener.done = [this](const Result<Answer>& answer) {
      answered_ += answer.ok() ? 1 : 0;
      if (on_) next();
      --asking_;
    };
    loop_.answers().answer("crowd", std::move(request), std::move(listener));
  }
  TestLoop& loop_;
  std::atomic<bool> on_{true};
  std::atomic<int> asking_{0}, answered_{0};
};

struct Sharing {
  const char* placement;
  double share;
  std::int64_t batch = 8;
};
class ShareTest : public ::testing::TestWithParam<Sharing> {};

double model_seconds(const TestLoop& loop, const char* role) {
  return loop.metrics().value("autodidact_model_seconds_total", role);
}

// Over some fifty slices. With a batch of 64 all who ask are answered together, and nobody waits until they ask again.
TEST_P(ShareTest, ModelTimeIsSharedAsConfigured) {
  TestLoop::Settings settings;
  settings.options.placement.mode = GetParam().placement;
  settings.options.serve.share = GetParam().share;
  settings.options.loop.problems_per_round = 1000000;
  settings.options.sample.generators = 1;
  settings.options.serve.batch = GetParam().batch;
  settings.decode_step = 2ms;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status().value("phase", "") == "sample"; }, 30s));
  Crowd crowd(loop, 8);
  const auto contended = [&] {
    return loop.metrics().value("autodidact_contended_seconds", "answering") +
           loop.metrics().value("autodidact_contended_seconds", "loop");
  };
  ASSERT_TRUE(TestLoop::wait_until([&] { return contended() > 0.5; }, 30s)) << loop.status().dump(1);
  const double answerer = model_seconds(loop, "answerer"), generator = model_seconds(loop, "generator");
  const double begun = contended();
  ASSERT_TRUE(TestLoop::wait_until([&] { return contended() > begun + 5; }, 60s)) << loop.status().dump(1);
  const double answering = model_seconds(loop, "answerer") - answerer;
  const double sampling = model_seconds(loop, "generator") - generator;
  const double contended_share = loop.metrics().value("autodidact_contended_seconds", "answering") / contended();
  EXPECT_NEAR(contended_share, GetParam().share, 0.06);
  // What of it was spent within the model; the rest of a loop's slice is more, the busier the machine is.
  EXPECT_NEAR(answering / (answering + sampling), GetParam().share, 0.15)
      << answering << " s and " << sampling << " s of " << contended() - begun << " s";
  EXPECT_GT(crowd.answered(), 0);
}

INSTANTIATE_TEST_SUITE_P(Answering, ShareTest,
                         ::testing::Values(Sharing{"shared", 0.25}, Sharing{"shared", 0.7}, Sharing{"split", 0.4},
                                           Sharing{"shared", 0.6, 64}),
                         [](const auto& info) {
                           return std::string(info.param.placement) + std::to_string(static_cast<int>(info.param.share * 100)) +
                                  "_" + std::to_string(info.param.batch);
                         });

TEST(Answering, ThatNobodyWantsCostsTheLoopNothing) {
  TestLoop loop({});
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(loop.metrics().value("autodidact_contended_seconds", "loop"), 0);
  EXPECT_EQ(model_seconds(loop, "answerer"), 0);
  EXPECT_EQ(loop.status_of("answerer").value("state", ""), "idle");
}

TEST(Answering, AKilledAnswererCostsNobodyAnAnswerAndComesBack) {
  TestLoop::Settings settings;
  settings.options.loop.rounds = 1;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s));  // nobody else has the device when decoding is blocked
  answer_of(loop, "first", "1+2");
  loop.model().block_decoding(true);
  std::vector<Answered> held;
  for (int i = 0; i < 5; ++i) held.push_back(ask(loop, "held", "1+2"));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status_of("answerer").value("running", 0.0) > 0; }, 10s))
      << loop.status().dump(1);
  const Epoch epoch = loop.epoch_of("answerer");
  ASSERT_TRUE(loop.kill("answerer"));
  for (auto& one : held) {
    ASSERT_EQ(one.wait_for(10s), std::future_status::ready) << "a requester hangs";
    EXPECT_EQ(one.get().status().code(), Errc::kTemporary);
  }
  loop.model().block_decoding(false);
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.epoch_of("answerer") > epoch; }, 10s));
  EXPECT_FALSE(answer_of(loop, "after", "1+2").choices.at(0).text.empty());
}

TEST(Answering, AnAnswererWhoseDeviceFailsIsRestarted) {
  TestLoop::Settings settings;
  settings.options.loop.rounds = 1;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s));  // nobody else decodes now
  const Epoch epoch = loop.epoch_of("answerer");
  loop.model().fail_decode_steps(1);
  EXPECT_EQ(ask(loop, "fails", "1+2").get().status().code(), Errc::kTemporary);
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.epoch_of("answerer") > epoch; }, 10s));
  EXPECT_FALSE(answer_of(loop, "after", "1+2").choices.at(0).text.empty());
}

// ---- learning from requests

// The first version gets this one wrong.
constexpr const char* kHard = "123+456";

TestLoop::Settings learning(std::int64_t rounds) {
  TestLoop::Settings settings;
  settings.options.serve.learn_from_requests = true;
  settings.options.loop.rounds = rounds;
  settings.options.loop.problems_per_round = 300;
  settings.options.train.steps_first_round = 150;  // draws enough that everything kept is drawn
  settings.options.method.rationalize = false;
  settings.decode_step = 1ms;
  settings.train_step = 50us;
  const auto right = addition_oracle("compact", [](VersionId, bool) { return 1.0; });
  const auto wrong = addition_oracle("compact", [](VersionId, bool) { return 0.0; });
  settings.oracle = [right, wrong, others = improving_oracle()](const std::string& prompt, std::uint64_t seed,
                                                                VersionId version) {
    if (prompt == std::string(kHard) + "=") return (version < 2 ? wrong : right)(prompt, seed, version);
    if (prompt == "200+300=") return right(prompt, seed, version);
    return others(prompt, seed, version);
  };
  return settings;
}

std::vector<JudgedAttempt> attempts_in(const ReplayStore& store, std::uint32_t round) {
  auto all = all_attempts(store);
  std::erase_if(all, [round](const JudgedAttempt& judged) {
    return judged.attempt.seed_example || item_round(judged.attempt.item) != round;
  });
  return all;
}

bool drawn(const ReplayStore& store, AttemptId attempt) {
  const auto rows = store.consumption(0, ~0ull >> 1).value();
  return std::any_of(rows.begin(), rows.end(), [attempt](const Consumption& row) { return row.attempt == attempt; });
}

TEST(Answering, ACorrectedAnswerIsAskedAgainAndLearntFrom) {
  TestLoop loop(learning(3));
  const Answer wrong = answer_of(loop, "chatcmpl-hard", kHard);
  ASSERT_EQ(wrong.version, 1u) << "the first round is not over";
  ASSERT_THAT(wrong.choices.at(0).text, ::testing::Not(::testing::HasSubstr(",579")));
  const Status status = feedback(loop, {"chatcmpl-hard", false, "579"});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(feedback(loop, {"chatcmpl-hard", false, "579"}).ok()) << "said twice, done once";
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);

  const auto served = attempts_in(loop.store(), kServedRound), graded = attempts_in(loop.store(), kFeedbackRound),
             asked = attempts_in(loop.store(), kAskedRound);
  ASSERT_EQ(served.size(), 1u);
  EXPECT_FALSE(served[0].selection.kept) << "as it was given it teaches nothing";
  ASSERT_EQ(graded.size(), 1u);
  EXPECT_EQ(graded[0].verdict.outcome, Outcome::kWrong);
  EXPECT_FALSE(graded[0].selection.kept);
  ASSERT_EQ(asked.size(), 1u) << "once";
  EXPECT_EQ(asked[0].attempt.round, 2u) << "by the next round";
  EXPECT_EQ(asked[0].verdict.outcome, Outcome::kCorrect);
  EXPECT_TRUE(asked[0].selection.kept);
  EXPECT_EQ(loop.store().problem(asked[0].attempt.problem)->source, "served");
  EXPECT_TRUE(drawn(loop.store(), asked[0].attempt.id));
  EXPECT_EQ(loop.metrics().value("autodidact_served_answers_total", "graded_before"), 1);
}

TEST(Answering, AnAcceptedAnswerIsKeptAndDrawnByTheTrainer) {
  TestLoop loop(learning(2));
  answer_of(loop, "chatcmpl-easy", "200+300");
  const Status status = feedback(loop, {"chatcmpl-easy", true, std::nullopt});
  ASSERT_TRUE(status.ok()) << status.message();
  const auto graded = attempts_in(loop.store(), kFeedbackRound);
  ASSERT_EQ(graded.size(), 1u);
  EXPECT_TRUE(graded[0].selection.kept);
  EXPECT_EQ(graded[0].verdict.outcome, Outcome::kCorrect);
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_TRUE(drawn(loop.store(), graded[0].attempt.id));
}

// The answer, its feedback and the asking again each survive the end of the process, and none happens twice.
TEST(Answering, FeedbackSurvivesARestartAndIsAskedOnce) {
  const auto store = make_memory_store();
  auto settings = learning(3);
  settings.store = store.get();
  settings.data_dir = std::filesystem::absolute("feedback").string();
  std::filesystem::remove_all(settings.data_dir);
  {
    TestLoop loop(settings);
    answer_of(loop, "chatcmpl-hard", kHard);
  }
  {
    TestLoop loop(settings);
    const Status status = feedback(loop, {"chatcmpl-hard", false, "579"});
    ASSERT_TRUE(status.ok()) << status.message();
  }
  {
    TestLoop loop(settings);
    ASSERT_TRUE(TestLoop::wait_until([&] { return !attempts_in(*store, kAskedRound).empty(); }, 30s));
  }
  TestLoop loop(settings);
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(attempts_in(*store, kFeedbackRound).size(), 1u);
  EXPECT_EQ(attempts_in(*store, kAskedRound).size(), 1u);
}

TEST(Answering, FeedbackThatTeachesNothingIsRefused) {
  TestLoop loop(learning(1));
  answer_of(loop, "chatcmpl-easy", "200+300");
  EXPECT_EQ(feedback(loop, {"chatcmpl-none", true, std::nullopt}).code(), Errc::kNotFound);
  EXPECT_EQ(feedback(loop, {"chatcmpl-easy", false, std::nullopt}).code(), Errc::kUsage);
  EXPECT_EQ(feedback(loop, {"chatcmpl-easy", true, "500"}).code(), Errc::kUsage);
  EXPECT_EQ(feedback(loop, {"chatcmpl-easy", false, " \n"}).code(), Errc::kUsage);
  EXPECT_EQ(feedback(loop, {"chatcmpl-easy", false, std::string(5000, '1')}).code(), Errc::kUsage);
  const std::string held_out = loop.task().held_out_problem(25).prompt;
  answer_of(loop, "chatcmpl-held", held_out);
  EXPECT_EQ(feedback(loop, {"chatcmpl-held", true, std::nullopt}).code(), Errc::kUsage) << "what measures must not teach";
}

TEST(Answering, WithoutLearningNothingIsStoredAndFeedbackIsForbidden) {
  auto settings = learning(1);
  settings.options.serve.learn_from_requests = false;
  TestLoop loop(std::move(settings));
  answer_of(loop, "chatcmpl-easy", "200+300");
  EXPECT_EQ(feedback(loop, {"chatcmpl-easy", true, std::nullopt}).code(), Errc::kPermission);
  EXPECT_TRUE(loop.store().items_of_round(kServedRound)->empty());
}

TEST(Answering, ModelsNameWhatServes) {
  TestLoop loop({});
  answer_of(loop, "first", "1+2");
  const auto models = loop.answers().models();
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].id, "autodidact");
  EXPECT_EQ(models[1].id.rfind("autodidact/v", 0), 0u);
}

}  // namespace
}  // namespace autodidact
