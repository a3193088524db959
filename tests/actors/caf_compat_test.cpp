#include "actors/caf_compat.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace autodidact {
struct TestAdd {
  std::shared_ptr<const int> value;
};
struct TestSum {
  int value = 0;
};
struct TestThrow {};
struct TestWork {
  int ms = 0;
};
struct TestDown {
  std::uint64_t tag = 0;
  std::string reason;
};
}  // namespace autodidact

AD_CAF_MESSAGES(autodidact_compat_test, (autodidact::TestAdd), (autodidact::TestSum), (autodidact::TestThrow),
                (autodidact::TestWork), (autodidact::TestDown))

namespace autodidact {
namespace {

namespace cc = caf_compat;
using namespace std::chrono_literals;

struct AdderState {
  static constexpr const char* name = "adder";
  int sum = 0;
};

caf::behavior adder(caf::stateful_actor<AdderState>* self, std::shared_ptr<std::promise<std::string>> told) {
  return cc::make_behavior(
      self,
      [told, first = std::make_shared<std::atomic<bool>>(true)](const std::string& what) {
        if (first->exchange(false)) told->set_value(what);
      },
      [self](const TestAdd& add) {
        cc::st(self).sum += *add.value;
        return TestSum{cc::st(self).sum};
      },
      [](const TestThrow&) { throw std::runtime_error("no such thing"); },
      [](const TestWork& work) { std::this_thread::sleep_for(std::chrono::milliseconds(work.ms)); });
}

struct WatcherState {
  static constexpr const char* name = "watcher";
};

caf::behavior watcher(caf::stateful_actor<WatcherState>* self, caf::actor target,
                      std::shared_ptr<std::promise<TestDown>> told) {
  cc::watch<TestDown>(self, target, 7);
  return cc::make_behavior(
      self, [](const std::string&) {},
      [self, told](const TestDown& down) {
        told->set_value(down);
        self->quit();
      });
}

class CafCompatTest : public ::testing::Test {
 protected:
  CafCompatTest() {
    cc::init_types<caf::id_block::autodidact_compat_test>();
    config_ = std::make_unique<caf::actor_system_config>();
    cc::configure(*config_, {});
    system_ = std::make_unique<caf::actor_system>(*config_);
    adder_ = system_->spawn(adder, told_);
  }
  ~CafCompatTest() override { cc::kill(adder_); }
  Result<TestSum> add(int value) {
    return cc::ask_blocking<TestSum>(*system_, adder_, 5s, TestAdd{std::make_shared<int>(value)});
  }

  std::shared_ptr<std::promise<std::string>> told_ = std::make_shared<std::promise<std::string>>();
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor adder_;
};

TEST_F(CafCompatTest, AsksAndTells) {
  EXPECT_EQ(add(2).value().value, 2);
  cc::anon_tell(adder_, TestAdd{std::make_shared<int>(3)});
  EXPECT_EQ(add(5).value().value, 10);
}

TEST_F(CafCompatTest, AHandlerThatThrowsIsReportedAndTheActorLives) {
  cc::anon_tell(adder_, TestThrow{});
  EXPECT_EQ(told_->get_future().get(), "handler failed: no such thing");
  EXPECT_EQ(add(1).value().value, 1);
}

TEST_F(CafCompatTest, AStrayMessageIsReportedAndTheActorLives) {
  cc::anon_tell(adder_, std::string("who are you"));
  EXPECT_NE(told_->get_future().get().find("stray message"), std::string::npos);
  EXPECT_EQ(add(1).value().value, 1);
}

TEST_F(CafCompatTest, TheDeathOfAWatchedActorIsTold) {
  const auto told = std::make_shared<std::promise<TestDown>>();
  const caf::actor watching = system_->spawn(watcher, adder_, told);  // held: nobody else does
  cc::kill(adder_);
  const TestDown down = told->get_future().get();
  EXPECT_EQ(down.tag, 7u);
  EXPECT_EQ(down.reason, "kill");
}

TEST_F(CafCompatTest, ADeathBeforeTheWatchIsToldToo) {
  cc::kill(adder_);
  EXPECT_FALSE(add(1).ok());
  const auto told = std::make_shared<std::promise<TestDown>>();
  const caf::actor watching = system_->spawn(watcher, adder_, told);  // held: nobody else does
  EXPECT_EQ(told->get_future().get().tag, 7u);
}

TEST_F(CafCompatTest, AskingTheDeadFailsAtOnceAndIsWorthAnotherTry) {
  cc::kill(adder_);
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = add(1);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Errc::kTemporary);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

TEST_F(CafCompatTest, KillOvertakesQueuedWork) {
  for (int i = 0; i < 400; ++i) cc::anon_tell(adder_, TestWork{10});
  const auto told = std::make_shared<std::promise<TestDown>>();
  const caf::actor watching = system_->spawn(watcher, adder_, told);  // held: nobody else does
  const auto begin = std::chrono::steady_clock::now();
  cc::kill(adder_);
  told->get_future().wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s) << "behind the queue it would take 4 s";
}

}  // namespace
}  // namespace autodidact
