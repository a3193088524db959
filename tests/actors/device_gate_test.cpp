#include "actors/device_gate.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "actors/model_clock.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;
using Use = DeviceGate::Use;

class DeviceGateTest : public ::testing::Test {
 protected:
  // Enters on a thread of its own; the thread leaves when told.
  struct Visitor {
    std::promise<void> leave;
    std::shared_future<bool> entered;
    std::jthread thread;
  };
  std::unique_ptr<Visitor> visit(Use use, const std::string& who) {
    auto visitor = std::make_unique<Visitor>();
    auto entered = std::make_shared<std::promise<bool>>();
    visitor->entered = entered->get_future().share();
    visitor->thread = std::jthread([this, use, who, entered, v = visitor.get()] {
      auto turn = gate_.enter(use, who, 10s);
      entered->set_value(turn.ok());
      v->leave.get_future().wait();
    });
    return visitor;
  }
  static bool is_in(const Visitor& visitor) { return visitor.entered.wait_for(0ms) == std::future_status::ready; }
  void wait_for_waiting(const std::string& who) {
    while (gate_.describe().find(who + " waits") == std::string::npos) std::this_thread::yield();
  }

  DeviceGate gate_{DeviceGate::Mode::kShared};
};

TEST_F(DeviceGateTest, SamplersShareAndATrainerIsAlone) {
  auto a = gate_.enter(Use::kSample, "generator.0", 0ms);
  auto b = gate_.enter(Use::kSample, "generator.1", 0ms);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_FALSE(gate_.enter(Use::kTrain, "trainer", 1ms).ok());
  a->leave();
  b->leave();
  auto t = gate_.enter(Use::kTrain, "trainer", 0ms);
  ASSERT_TRUE(t.ok());
  EXPECT_FALSE(gate_.enter(Use::kTrain, "another", 1ms).ok());
  EXPECT_FALSE(gate_.enter(Use::kSample, "generator.0", 1ms).ok());
}

TEST_F(DeviceGateTest, AFailedWaitNamesWhoIsInside) {
  auto t = gate_.enter(Use::kTrain, "trainer", 0ms);
  const auto refused = gate_.enter(Use::kSample, "generator.0", 2ms);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), Errc::kTemporary);
  const std::string message = refused.status().message();
  EXPECT_NE(message.find("generator.0 waited for the device and gave up after 2 ms: held by trainer for "), std::string::npos)
      << message;
}

TEST_F(DeviceGateTest, NobodyIsOvertakenByTheOtherKind) {
  auto inside = gate_.enter(Use::kSample, "generator.0", 0ms);
  auto trainer = visit(Use::kTrain, "trainer");
  wait_for_waiting("trainer");
  auto late = visit(Use::kSample, "generator.1");
  wait_for_waiting("generator.1");
  EXPECT_FALSE(is_in(*late)) << "samplers would starve the trainer";
  EXPECT_TRUE(gate_.yield_wanted(Use::kSample));
  inside->leave();
  EXPECT_TRUE(trainer->entered.get());
  EXPECT_FALSE(is_in(*late));
  EXPECT_TRUE(gate_.yield_wanted(Use::kTrain));
  trainer->leave.set_value();
  EXPECT_TRUE(late->entered.get());
  late->leave.set_value();
}

TEST_F(DeviceGateTest, WaitingSamplersComeInTogether) {
  auto t = gate_.enter(Use::kTrain, "trainer", 0ms);
  auto a = visit(Use::kSample, "generator.0");
  auto b = visit(Use::kSample, "generator.1");
  wait_for_waiting("generator.0");
  wait_for_waiting("generator.1");
  t->leave();
  EXPECT_TRUE(a->entered.get());
  EXPECT_TRUE(b->entered.get());
  a->leave.set_value();
  b->leave.set_value();
}

TEST_F(DeviceGateTest, StopEndsAWait) {
  auto t = gate_.enter(Use::kTrain, "trainer", 0ms);
  std::stop_source stop;
  std::jthread later([&] {
    wait_for_waiting("generator.0");
    stop.request_stop();
  });
  const auto refused = gate_.enter(Use::kSample, "generator.0", 60s, stop.get_token());
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("stopped"), std::string::npos);
}

TEST_F(DeviceGateTest, GivingUpLetsThoseBehindGo) {
  auto inside = gate_.enter(Use::kSample, "generator.0", 0ms);
  std::jthread trainer([&] { EXPECT_FALSE(gate_.enter(Use::kTrain, "trainer", 50ms).ok()); });
  wait_for_waiting("trainer");
  EXPECT_TRUE(gate_.enter(Use::kSample, "generator.1", 10s).ok());
}

TEST_F(DeviceGateTest, DescribesItself) {
  EXPECT_EQ(gate_.describe(), "free");
  auto t = gate_.enter(Use::kTrain, "trainer", 0ms);
  EXPECT_EQ(gate_.describe().rfind("trainer inside for ", 0), 0u);
}

TEST_F(DeviceGateTest, AnsweringIsAlone) {
  auto answer = gate_.enter(Use::kAnswer, "answerer", 0ms);
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(gate_.enter(Use::kSample, "generator.0", 1ms).ok());
  EXPECT_FALSE(gate_.enter(Use::kTrain, "trainer", 1ms).ok());
  answer->leave();
  auto sample = gate_.enter(Use::kSample, "generator.0", 0ms);
  ASSERT_TRUE(sample.ok());
  EXPECT_FALSE(gate_.enter(Use::kAnswer, "answerer", 1ms).ok());
}

// Answering waits, and is owed time: a sampler leaves for it, and none comes in before it.
TEST_F(DeviceGateTest, WhoIsBelowItsShareIsNext) {
  gate_.set_share(0.5);
  auto inside = gate_.enter(Use::kSample, "generator.0", 0ms);
  EXPECT_FALSE(gate_.yield_wanted(Use::kSample));
  auto answer = visit(Use::kAnswer, "answerer");
  wait_for_waiting("answerer");
  auto late = visit(Use::kSample, "generator.1");
  wait_for_waiting("generator.1");
  std::this_thread::sleep_for(5ms);  // held while another waits: it is the other's turn
  EXPECT_TRUE(gate_.yield_wanted(Use::kSample));
  EXPECT_FALSE(is_in(*late));
  inside->leave();
  EXPECT_TRUE(answer->entered.get());
  EXPECT_FALSE(is_in(*late));
  while (!gate_.yield_wanted(Use::kAnswer)) std::this_thread::sleep_for(1ms);  // as long as the sampler held it
  answer->leave.set_value();
  EXPECT_TRUE(late->entered.get());
  late->leave.set_value();
  const auto contended = gate_.contended();
  EXPECT_GE(contended.loop_s, 0.005);
  EXPECT_GE(contended.answering_s, 0.9 * contended.loop_s);
}

// Nobody leaves for one who would not be next: it would take the turn between leaving and coming back.
TEST_F(DeviceGateTest, ASideThatIsOwedTimeStays) {
  gate_.set_share(0.1);
  {
    auto answer = gate_.enter(Use::kAnswer, "answerer", 0ms);
    EXPECT_FALSE(gate_.enter(Use::kSample, "generator.0", 20ms).ok());  // answering is ahead now
  }
  auto sample = gate_.enter(Use::kSample, "generator.0", 0ms);
  ASSERT_TRUE(sample.ok());
  auto answer = visit(Use::kAnswer, "answerer");
  wait_for_waiting("answerer");
  EXPECT_FALSE(gate_.yield_wanted(Use::kSample)) << "nine times as long is the loop's";
  sample->leave();
  EXPECT_TRUE(answer->entered.get()) << "but an idle device is for whoever wants it";
  answer->leave.set_value();
}

TEST(DeviceGate, SplitIsOpenForTrainingAndSharedByAnsweringAndSampling) {
  DeviceGate gate(DeviceGate::Mode::kSplit);
  auto answer = gate.enter(Use::kAnswer, "answerer", 0ms);
  EXPECT_TRUE(answer.ok() && gate.enter(Use::kTrain, "trainer", 0ms).ok());
  EXPECT_FALSE(gate.enter(Use::kSample, "generator.0", 1ms).ok());
  answer->leave();
  EXPECT_TRUE(gate.enter(Use::kSample, "generator.0", 0ms).ok());
}

TEST(DeviceGate, SplitIsOpenForSamplingAndTraining) {
  DeviceGate gate(DeviceGate::Mode::kSplit);
  auto a = gate.enter(Use::kTrain, "trainer", 0ms);
  auto b = gate.enter(Use::kSample, "generator.0", 0ms);
  EXPECT_TRUE(a.ok() && b.ok());
  EXPECT_FALSE(gate.yield_wanted(Use::kTrain));
  EXPECT_EQ(gate.describe(), "split");
}

TEST(ModelClock, CountsOverlappingCallsOnce) {
  ModelClock clock;
  {
    ModelClock::Scope outer(clock);
    ModelClock::Scope inner(clock);
    std::this_thread::sleep_for(20ms);
    EXPECT_GE(clock.active_ns(), 19'000'000u) << "the running stretch counts";
  }
  const auto active = clock.active_ns();
  EXPECT_GE(active, 19'000'000u);
  EXPECT_LE(active, clock.wall_ns());
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(clock.active_ns(), active) << "nothing runs";
  EXPECT_GE(clock.wall_ns() - active, 20'000'000u);
  EXPECT_EQ(clock.calls(), 2u);
}

// Under contention the word that holds count and start must never tear: active time stays within wall time.
TEST(ModelClock, ManyThreadsNeverCountMoreThanWallTime) {
  ModelClock clock;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 20000; ++n) ModelClock::Scope scope(clock);
      });
    }
  }
  EXPECT_EQ(clock.calls(), 80000u);
  EXPECT_GT(clock.active_ns(), 0u);
  EXPECT_LE(clock.active_ns(), clock.wall_ns());
}

}  // namespace
}  // namespace autodidact
