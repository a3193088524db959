// Actors killed one at a time under load: the supervisor restores each, credits and work are conserved, nothing is lost.

#include <gtest/gtest.h>

#include "tests/actors/store_audit.hpp"
#include "tests/actors/test_loop.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

void expect_sound(TestLoop& loop) {
  const auto findings = audit_store(loop.store(), loop.options(), loop.task(),
                                    {loop.data_dir(), static_cast<std::uint32_t>(loop.options().loop.rounds)});
  EXPECT_TRUE(findings.empty()) << joined(findings);
  EXPECT_EQ(loop.store().counts().quarantined, 0u);
}

class KillEach : public ::testing::TestWithParam<const char*> {};

// Killed several times while all roles work; each time another incarnation takes over.
TEST_P(KillEach, IsRestoredAndNothingIsLost) {
  const std::string role = GetParam();
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 400;
  settings.decode_step = std::chrono::microseconds(500);
  settings.train_step = std::chrono::milliseconds(2);
  settings.options.supervise.max_attempts_per_item = 20;  // murders by the test are nobody's fault
  TestLoop loop(std::move(settings));
  int kills = 0;
  for (; kills < 4 && !loop.status().value("finished", false); ++kills) {
    const auto before = loop.store().counts();
    TestLoop::wait_until([&] { return loop.store().counts().items >= before.items + 60 || loop.wait_finished(0ms); }, 10s);
    const Epoch epoch = loop.epoch_of(role);
    ASSERT_TRUE(TestLoop::wait_until([&] { return loop.kill(role); }, 5s)) << role;
    ASSERT_TRUE(TestLoop::wait_until([&] { return loop.epoch_of(role) > epoch; }, 10s)) << role << " was not restarted";
  }
  EXPECT_GT(kills, 0);
  ASSERT_TRUE(loop.wait_finished(120s)) << loop.status().dump(1);
  expect_sound(loop);
}

INSTANTIATE_TEST_SUITE_P(Roles, KillEach,
                         ::testing::Values("generator.0", "generator.1", "verifier.0", "verifier.1", "filter", "replay",
                                           "generate_pool", "verify_pool", "filter_pool", "curriculum", "trainer", "evaluator",
                                           "answerer"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(KillTest, ADeviceThatFailsNowAndThenCostsNoItem) {
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 300;
  settings.options.supervise.max_attempts_per_item = 20;  // the device's failures are no item's fault
  TestLoop loop(std::move(settings));
  for (int i = 0; i < 5; ++i) {
    const auto before = loop.store().counts().items;
    TestLoop::wait_until([&] { return loop.store().counts().items > before + 20; }, 5s);
    loop.model().fail_decode_steps(1);
  }
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  expect_sound(loop);
}

}  // namespace
}  // namespace autodidact
