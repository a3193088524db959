#include "actors/compute_thread.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace autodidact {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// A job that runs until it is let go or told to stop.
struct Held {
  std::promise<void> entered;
  std::promise<void> release;
  ComputeThread::Job job() {
    return [this] {
      entered.set_value();
      release.get_future().wait();
    };
  }
};

TEST(ComputeThread, RunsJobsInOrderOnOneThread) {
  ComputeThread thread({.name = "worker"});
  std::vector<int> order;
  std::vector<std::thread::id> ids;
  std::promise<void> last;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(thread.post([&, i] {
      order.push_back(i);
      ids.push_back(std::this_thread::get_id());
      if (i == 2) last.set_value();
    }));
  }
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], std::this_thread::get_id());
}

TEST(ComputeThread, RefusesJobsBeyondItsCapacity) {
  Held held;
  ComputeThread thread({.name = "worker", .capacity = 2});
  ASSERT_TRUE(thread.post(held.job()));
  held.entered.get_future().wait();
  EXPECT_TRUE(thread.post([] {}));
  EXPECT_TRUE(thread.post([] {}));
  EXPECT_FALSE(thread.post([] {}));
  EXPECT_EQ(thread.queued(), 2u);
  held.release.set_value();
}

TEST(ComputeThread, ReportsWhatAJobThrowsAndGoesOn) {
  std::promise<std::string> told;
  ComputeThread thread({.name = "worker", .on_error = [&](const std::string& what) { told.set_value(what); }});
  std::promise<void> after;
  ASSERT_TRUE(thread.post([] { throw std::runtime_error("out of memory"); }));
  ASSERT_TRUE(thread.post([&] { after.set_value(); }));
  EXPECT_EQ(told.get_future().get(), "worker: a job failed: out of memory");
  after.get_future().wait();
}

TEST(ComputeThread, SaysSinceWhenItIsBusy) {
  Held held;
  ComputeThread thread({.name = "worker"});
  EXPECT_EQ(thread.busy_since_ms(), 0);
  EXPECT_TRUE(thread.idle());
  ASSERT_TRUE(thread.post(held.job()));
  held.entered.get_future().wait();
  EXPECT_GT(thread.busy_since_ms(), 0);
  EXPECT_FALSE(thread.idle());
  std::this_thread::sleep_for(5ms);
  EXPECT_GE(thread.busy_ns(), 5'000'000u) << "the running job counts";
  held.release.set_value();
  while (!thread.idle()) std::this_thread::yield();
  EXPECT_EQ(thread.busy_since_ms(), 0);
  EXPECT_EQ(thread.jobs(), 1u);
}

TEST(ComputeThread, StopDropsTheQueueAndAsksTheRunningJob) {
  std::promise<void> entered;
  bool second_ran = false;
  ComputeThread thread({.name = "worker"});
  ASSERT_TRUE(thread.post([&] {
    entered.set_value();
    while (!thread.stop_token().stop_requested()) std::this_thread::sleep_for(1ms);
  }));
  ASSERT_TRUE(thread.post([&] { second_ran = true; }));
  entered.get_future().wait();
  EXPECT_FALSE(thread.wait_finished(SteadyClock::now() + 5ms));
  thread.stop();
  EXPECT_TRUE(thread.wait_finished(SteadyClock::now() + 10s));
  EXPECT_FALSE(second_ran);
  EXPECT_FALSE(thread.post([] {}));
}

TEST(ThreadKeeper, LettingGoOfABusyThreadDoesNotBlock) {
  Held held;
  ThreadKeeper keeper;
  auto thread = keeper.start({.name = "trainer"});
  ASSERT_TRUE(thread->post(held.job()));
  held.entered.get_future().wait();
  thread.reset();  // returns though the job runs on
  keeper.reap();
  EXPECT_EQ(keeper.threads(), 1u);
  held.release.set_value();
  const auto deadline = SteadyClock::now() + 10s;
  while (keeper.threads() > 0 && SteadyClock::now() < deadline) keeper.reap();
  EXPECT_EQ(keeper.threads(), 0u);
}

TEST(ThreadKeeper, KeepsAFinishedThreadAsLongAsSomebodyHoldsIt) {
  ThreadKeeper keeper;
  const auto thread = keeper.start({.name = "trainer"});
  thread->stop();
  ASSERT_TRUE(thread->wait_finished(SteadyClock::now() + 10s));
  keeper.reap();
  EXPECT_EQ(keeper.threads(), 1u);
  EXPECT_EQ(thread->name(), "trainer");
}

TEST(ThreadKeeper, NamesThoseStillBusyAtTheDeadline) {
  Held held;
  ThreadKeeper keeper;
  const auto busy = keeper.start({.name = "generator.0"});
  const auto idle = keeper.start({.name = "generator.1"});
  ASSERT_TRUE(busy->post(held.job()));
  held.entered.get_future().wait();
  EXPECT_EQ(keeper.stop_all(SteadyClock::now() + 20ms), std::vector<std::string>{"generator.0"});
  held.release.set_value();
  EXPECT_TRUE(keeper.stop_all(SteadyClock::now() + 10s).empty());
}

}  // namespace
}  // namespace autodidact
