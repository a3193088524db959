// All actors together on a fake model: bounds, stalls, drain, schedules, determinism.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "config/log.hpp"
#include "tests/actors/gate_store.hpp"
#include "tests/actors/store_audit.hpp"
#include "tests/actors/test_loop.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

std::string audit(TestLoop& loop, std::uint32_t complete_rounds) {
  return joined(audit_store(loop.store(), loop.options(), loop.task(), {loop.data_dir(), complete_rounds}));
}

std::string trouble(const TestLoop& loop) { return loop.status().value("trouble", nlohmann::json::array()).dump(); }

TEST(WholeLoop, RunsItsRoundsAndAccountsForEverything) {
  TestLoop loop({});
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop, 2), "");
  EXPECT_EQ(loop.store().versions().value().size(), 3u) << "the base and one per round";
  EXPECT_EQ(loop.store().trainer_state().value().step, 25u);
  EXPECT_EQ(loop.store().loop_state().value().serving, 3u);
  EXPECT_EQ(loop.metrics().value("autodidact_items_total", "duplicate"), 0) << "no work was done twice";
  EXPECT_EQ(loop.metrics().value("autodidact_logprob_gap_nats", "max"), 0);
}

TEST(WholeLoop, TheGapBetweenSamplerAndTrainerIsMeasured) {
  TestLoop::Settings settings;
  settings.scorer_gap = 0.25f;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_NEAR(loop.metrics().value("autodidact_logprob_gap_nats", "max"), 0.25, 1e-6);
}

TEST(WholeLoop, SplitPlacementGivesTheSameAccounts) {
  TestLoop::Settings settings;
  settings.options.placement.mode = "split";
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop, 2), "");
}

TEST(WholeLoop, TheContinuousScheduleEndsWithAllRoundsDone) {
  TestLoop::Settings settings;
  settings.options.loop.schedule = "continuous";
  settings.options.replay.samples_per_insert = 1;
  settings.options.train.publish_every_steps = 5;
  settings.options.loop.problems_per_round = 500;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop, 2), "");
  EXPECT_GT(loop.store().versions().value().size(), 2u);
}

TEST(WholeLoop, EveryActorAnswersStatus) {
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 5000;  // the run must not end before all have answered
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status().value("phase", "") == "sample"; }, 30s));
  for (const auto& role : loop.roles()) {
    ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status_of(role).value("state", "starting") != "starting"; }, 5s))
        << role;
    const auto row = loop.status_of(role);
    EXPECT_LT(row.at("answered_ms_ago").get<int>(), 2000) << role;
    EXPECT_EQ(row.at("restarts"), 0) << role;
    EXPECT_TRUE(row.at("state") == "working" || row.at("waits_for") != "") << role << " does not say what it waits for";
  }
  EXPECT_EQ(loop.roles().size(), 13u);
}

// The disk stops: sampling goes on only as far as the numbers allow, and all of it arrives in the end.
TEST(WholeLoop, WhatIsSampledAndNotYetDurableIsBounded) {
  auto calls = std::make_shared<std::atomic<std::size_t>>(0);
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 5000;  // 1000 are over in a tenth of a second
  settings.options.loop.rounds = 1;
  settings.decode_step = 0us;
  settings.oracle = [calls, inner = improving_oracle()](const std::string& prompt, std::uint64_t seed, VersionId version) {
    ++*calls;
    return inner(prompt, seed, version);
  };
  GateStore store;
  settings.store = &store;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return store.counts().items > 50; }, 30s));
  store.hold(true);
  const auto evaluated = static_cast<std::size_t>(loop.task().held_out_size());
  const auto bound = static_cast<std::size_t>(loop.options().loop.max_in_flight);
  const auto all_out = [&] { return loop.status().at("outstanding") == bound; };
  ASSERT_TRUE(TestLoop::wait_until(all_out, 30s)) << loop.status().dump(1);
  std::size_t before = 0;
  do {  // until it stands still
    before = *calls;
    std::this_thread::sleep_for(300ms);
  } while (*calls > before);
  const auto committed = store.counts().items;  // nothing is written any more
  EXPECT_LE(*calls - evaluated - committed, bound);
  EXPECT_GE(*calls - evaluated - committed, bound / 2) << "the pipeline keeps its workers busy";
  EXPECT_EQ(loop.status().at("outstanding"), bound);
  store.hold(false);
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop, 1), "");
}

TEST(WholeLoop, AStalledRoleIsNamedInStatusAndLogWithinItsDeadline) {
  LogOptions log;
  log.file = "stall.log";
  std::filesystem::remove(log.file);
  ASSERT_TRUE(open_log(log).ok());
  TestLoop::Settings settings;
  settings.options.supervise.stall_ms = 400;
  settings.options.loop.problems_per_round = 2000;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.store().counts().items > 50; }, 30s));
  EXPECT_EQ(trouble(loop), "[]");
  loop.model().block_decoding(true);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(TestLoop::wait_until([&] { return trouble(loop).find("generator.") != std::string::npos; }, 5s))
      << loop.status().dump(1);
  // Deadline, two status rounds of 200 ms, and what a busy machine takes.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2000ms);
  loop.model().block_decoding(false);
  ASSERT_TRUE(TestLoop::wait_until([&] { return trouble(loop) == "[]"; }, 5s)) << trouble(loop);
  ASSERT_TRUE(loop.drain(20000));
  close_log();
  std::ifstream file(log.file);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("stalled: generator."), std::string::npos) << text;
}

TEST(WholeLoop, AHungTrainingStepIsNamed) {
  TestLoop::Settings settings;
  settings.options.supervise.stall_ms = 300;
  settings.options.train.seed_steps = 100000;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.model().train_steps() > 3; }, 30s));
  EXPECT_EQ(trouble(loop), "[]");
  loop.model().block_training(true);
  ASSERT_TRUE(TestLoop::wait_until([&] { return trouble(loop).find("trainer is stalled") != std::string::npos; }, 5s));
}

// The next gradient is computed beside the write of a step, but not applied before that step is durable.
TEST(WholeLoop, ASlowDiskHoldsTheTrainerBackByOneStep) {
  TestLoop::Settings settings;
  settings.options.train.seed_steps = 100000;
  GateStore store;
  settings.store = &store;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.model().train_steps() > 3; }, 30s));
  store.hold(true);
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status_of("trainer").value("waits_for", "") == "the store"; }, 10s))
      << loop.status().dump(1);
  const auto durable = store.trainer_state().value().step;
  EXPECT_EQ(loop.model().train_steps(), durable + 2) << "one taken and not yet durable, one gradient";
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(loop.model().train_steps(), durable + 2);
  store.hold(false);
  EXPECT_TRUE(TestLoop::wait_until([&] { return store.trainer_state().value().step > durable + 5; }, 10s));
}

TEST(WholeLoop, AFinishedRunHasNoTrouble) {
  TestLoop::Settings settings;
  settings.options.supervise.stall_ms = 300;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s));
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(trouble(loop), "[]");
}

// Drained under load: what was sampled is in the store, and the next run goes on to the end from there.
TEST(WholeLoop, DrainLosesNothingAndTheNextRunGoesOn) {
  const auto store = make_memory_store();
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 600;
  settings.decode_step = 1ms;
  settings.store = store.get();
  settings.data_dir = std::filesystem::absolute("drained").string();
  std::filesystem::remove_all(settings.data_dir);
  for (const std::uint64_t items : {100u, 300u, 700u}) {
    TestLoop loop(settings);
    ASSERT_TRUE(TestLoop::wait_until([&] { return store->counts().items >= items; }, 60s)) << loop.status().dump(1);
    ASSERT_TRUE(loop.drain(20000)) << loop.status().dump(1);
    const auto drained_at = store->counts().items;
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(store->counts().items, drained_at) << "a drained loop goes on working";
    EXPECT_EQ(audit(loop, 0), "");
  }
  TestLoop loop(settings);
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop, 2), "");
}

TEST(WholeLoop, PauseHoldsAndResumeGoesOn) {
  TestLoop::Settings settings;
  settings.options.loop.problems_per_round = 1000;
  settings.options.supervise.stall_ms = 300;
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(TestLoop::wait_until([&] { return loop.store().counts().items > 50; }, 30s));
  loop.tell_supervisor(Pause{true});
  ASSERT_TRUE(TestLoop::wait_until(
      [&] { return loop.status().value("paused", false) && loop.status().value("outstanding", 1) == 0; }, 10s));
  const auto paused_at = loop.store().counts().items;
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(loop.store().counts().items, paused_at);
  EXPECT_EQ(trouble(loop), "[]") << "a pause is no stall";
  loop.tell_supervisor(Pause{false});
  ASSERT_TRUE(loop.wait_finished(60s));
  EXPECT_EQ(audit(loop, 2), "");
}

std::string deterministic_run(std::int64_t generators, std::int64_t seed) {
  TestLoop::Settings settings;
  settings.options.deterministic = true;
  settings.options.seed = seed;
  settings.options.sample.temperature = 1.0;
  settings.options.sample.samples_per_problem = 2;
  settings.options.sample.generators = generators;
  settings.options.verify.verifiers = generators;
  TestLoop loop(std::move(settings));
  EXPECT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  return dump_store(loop.store());
}

TEST(WholeLoop, TwoDeterministicRunsWithOneSeedLeaveTheSameStoreAndWeights) {
  const std::string first = deterministic_run(2, 3);
  EXPECT_EQ(first, deterministic_run(2, 3));
  EXPECT_EQ(first, deterministic_run(3, 3)) << "not even the number of workers shows";
  EXPECT_NE(first, deterministic_run(2, 4));
}

}  // namespace
}  // namespace autodidact
