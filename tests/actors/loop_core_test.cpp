// The outer loop without actors: what is sampled, trained, evaluated and served, and that a restart at any point goes on there.
#include "actors/loop_core.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tasks/task.hpp"

namespace autodidact {
namespace {

// Carries effects out against a store that is a few maps; restart() throws the core away and restores it from them.
class LoopCoreTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.task.seed_examples = {4, 4, 0, 0, 0};
    options_.loop.rounds = 2;
    options_.loop.problems_per_round = 6;
    make();
  }

  void make() {
    task_ = make_task(options_.task, 1).value();
    method_ = make_method(options_, task_).value();
    core_ = std::make_unique<LoopCore>(task_, method_, options_);
    core_->set_ask_again([this] {  // as the store has it: graded, and no item of its asking done
      std::vector<AskedAgain> pending;
      for (const std::uint64_t position : feedback_)
        if (!items_.contains(make_item_id(kAskedRound, position, false)))
          pending.push_back({position, task_->training_problem(1000 + position)});
      return pending;
    });
  }

  Effects restart() {
    make();
    std::vector<VersionRecord> versions;
    for (const auto& [id, record] : versions_) versions.push_back(record);
    auto effects = core_->restore(loop_, versions, [this](std::uint32_t round) -> Result<std::vector<ItemState>> {
      std::vector<ItemState> items;
      for (const auto& [id, state] : items_) {
        if (item_round(id) == round) items.push_back(state);
      }
      return items;
    });
    return carry_out(std::move(effects).value());
  }

  Effects carry_out(Effects effects) {
    if (effects.persist) loop_ = *effects.persist;
    for (const auto& version : effects.versions) versions_[version.id] = version;
    if (effects.finished) finished_ = true;
    return effects;
  }

  Effects commit(const WorkItem& item, bool correct) {
    ItemState state;
    state.item = item.id;
    state.problem = item.problem.id;
    state.attempts = 1;
    state.correct = state.kept = correct ? 1 : 0;
    EXPECT_TRUE(items_.emplace(item.id, state).second) << "item sampled twice";
    return carry_out(core_->committed(state));
  }

  Effects train(const TrainCommand& command) {
    VersionRecord record;
    record.id = command.produce;
    record.round = command.round;
    record.parent = command.start;
    versions_[record.id] = record;  // the trainer wrote it
    return carry_out(core_->trained(record));
  }

  Effects evaluate(VersionId version, double accuracy) { return carry_out(core_->evaluated({version, accuracy, "{}"})); }

  // From an empty store to the sampling of round 1.
  void reach_sampling() {
    EXPECT_TRUE(restart().write_seeds);
    Effects effects = carry_out(core_->seeds_written());
    ASSERT_TRUE(effects.train);
    effects = train(*effects.train);
    ASSERT_EQ(effects.evaluate, VersionId{1});
    effects = evaluate(1, 0.3);
    EXPECT_EQ(effects.serve, VersionId{1});
    EXPECT_EQ(loop_.phase, "sample");
  }

  // Samples the whole round; odd positions fail at first.
  Effects sample_round() {
    Effects last;
    for (;;) {
      auto items = core_->issue(4);
      if (items.empty()) return last;
      for (const auto& item : items) last = commit(item, item.hinted || item_position(item.id) % 2 == 0);
    }
  }

  Options options_;
  std::shared_ptr<const Task> task_;
  std::shared_ptr<const Method> method_;
  std::unique_ptr<LoopCore> core_;
  LoopState loop_;
  std::map<ItemId, ItemState> items_;
  std::set<std::uint64_t> feedback_;  // positions of problems that feedback was given on
  std::map<VersionId, VersionRecord> versions_;
  bool finished_ = false;
};

TEST_F(LoopCoreTest, RunsSeedsBaseRoundsAndEnds) {
  reach_sampling();
  for (std::uint32_t round = 1; round <= 2; ++round) {
    Effects effects = sample_round();
    ASSERT_TRUE(effects.train) << "round " << round;
    EXPECT_EQ(effects.train->start, loop_.base) << "the paper trains from the base model each round";
    effects = train(*effects.train);
    ASSERT_TRUE(effects.evaluate);
    evaluate(*effects.evaluate, 0.3 + 0.2 * round);
  }
  EXPECT_TRUE(finished_);
  EXPECT_EQ(loop_.phase, "done");
  EXPECT_EQ(loop_.serving, 3u);
  EXPECT_EQ(items_.size(), 2 * (6u + 3u)) << "six problems a round, three of them asked again with the hint";
}

TEST_F(LoopCoreTest, AFinishedRunThatIsGivenMoreRoundsServesItsWeightsAndSamples) {
  reach_sampling();
  for (std::uint32_t round = 1; round <= 2; ++round) {
    const Effects trained = train(*sample_round().train);
    evaluate(*trained.evaluate, 0.3 + 0.2 * round);
  }
  ASSERT_EQ(loop_.phase, "done");
  options_.loop.rounds = 3;
  const Effects effects = restart();
  EXPECT_EQ(loop_.phase, "sample");
  EXPECT_EQ(effects.serve, VersionId{3}) << "generators wait for published weights";
  EXPECT_FALSE(core_->issue(4).empty());
}

TEST_F(LoopCoreTest, ARestartAnywhereInARoundSkipsAndRepeatsNothing) {
  for (int crash_at = 0; crash_at < 9; ++crash_at) {
    items_.clear();
    versions_.clear();
    loop_ = {};
    finished_ = false;
    reach_sampling();
    int done = 0;
    bool crashed = false;
    Effects last;
    for (;;) {
      if (done == crash_at && !crashed) {
        crashed = true;
        core_->issue(3);  // out with workers when the process dies
        last = restart();
      }
      auto items = core_->issue(1);
      if (items.empty()) break;
      last = commit(items[0], items[0].hinted || item_position(items[0].id) % 2 == 0);
      ++done;
    }
    EXPECT_EQ(items_.size(), 9u) << "crash after " << crash_at;
    EXPECT_TRUE(last.train) << "crash after " << crash_at;
  }
}

TEST_F(LoopCoreTest, AVersionWrittenJustBeforeTheCrashIsNotTrainedAgain) {
  reach_sampling();
  const Effects effects = sample_round();
  VersionRecord record;
  record.id = effects.train->produce;
  record.round = 1;
  versions_[record.id] = record;  // durable, and nobody was told
  const Effects after = restart();
  EXPECT_FALSE(after.train);
  EXPECT_EQ(after.evaluate, record.id);
  EXPECT_EQ(after.serve, VersionId{1});
}

TEST_F(LoopCoreTest, RefusesAVersionThatFellAndGoesOnWithTheOldOne) {
  reach_sampling();
  Effects effects = sample_round();
  effects = train(*effects.train);
  effects = evaluate(*effects.evaluate, 0.1);
  EXPECT_EQ(loop_.serving, 1u);
  EXPECT_EQ(versions_[2].state, VersionState::kRefused);
  EXPECT_NE(versions_[2].reason.find("0.1000"), std::string::npos) << versions_[2].reason;
  EXPECT_EQ(loop_.round, 2u);
}

TEST_F(LoopCoreTest, NothingIsIssuedWhilePausedAndAllOfItAfterwards) {
  reach_sampling();
  core_->pause(true);
  EXPECT_TRUE(core_->issue(100).empty());
  core_->pause(false);
  EXPECT_EQ(core_->issue(100).size(), 6u);
}

TEST_F(LoopCoreTest, NeverHasMoreOutThanMaxInFlight) {
  options_.loop.max_in_flight = 4;
  reach_sampling();
  EXPECT_EQ(core_->issue(100).size(), 4u);
  EXPECT_TRUE(core_->issue(100).empty());
}

TEST_F(LoopCoreTest, WhatWasOutIsIssuedAgainAfterAStageDied) {
  reach_sampling();
  std::set<ItemId> first, again;
  for (const auto& item : core_->issue(5)) first.insert(item.id);
  core_->give_back();
  for (const auto& item : core_->issue(5)) again.insert(item.id);
  EXPECT_EQ(first, again);
}

// A stage that was restarted may deliver an item twice, the second time after the round is complete.
TEST_F(LoopCoreTest, ADuplicateAfterTheRoundDisturbsNoTraining) {
  reach_sampling();
  const TrainCommand command = sample_round().train.value();
  const Effects effects = core_->committed(items_.begin()->second);
  EXPECT_FALSE(effects.stop_training || effects.train || effects.persist);
  EXPECT_EQ(train(command).evaluate, command.produce);
  EXPECT_EQ(evaluate(command.produce, 0.5).serve, command.produce);
  EXPECT_EQ(core_->state().round, 2u);
}

TEST_F(LoopCoreTest, AnItemGivenBackCountsWhenItArrivesAfterAll) {
  reach_sampling();
  const auto items = core_->issue(2);
  core_->give_back();
  commit(items[0], true);
  const auto again = core_->issue(1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, items[1].id);
}

TEST_F(LoopCoreTest, DeterministicRunsIssueFollowUpsAfterAllFirstItemsInOrder) {
  options_.deterministic = true;
  reach_sampling();
  std::vector<ItemId> order;
  for (;;) {
    auto items = core_->issue(2);
    if (items.empty()) break;
    for (const auto& item : items) {
      order.push_back(item.id);
      commit(item, item.hinted);
    }
  }
  ASSERT_EQ(order.size(), 12u);
  for (std::uint64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(order[i], make_item_id(1, i, false));
    EXPECT_EQ(order[6 + i], make_item_id(1, i, true));
  }
}

TEST_F(LoopCoreTest, ContinuousKeepsSamplingWhileVersionsComeAndGo) {
  options_.loop.schedule = "continuous";
  EXPECT_TRUE(restart().write_seeds);
  Effects effects = carry_out(core_->seeds_written());
  effects = train(*effects.train);
  effects = evaluate(1, 0.3);
  ASSERT_TRUE(effects.train);
  EXPECT_TRUE(effects.train->open_ended);
  auto items = core_->issue(4);
  ASSERT_EQ(items.size(), 4u);
  VersionRecord record;
  record.id = 2;
  effects = carry_out(core_->trained(record));
  EXPECT_EQ(effects.evaluate, VersionId{2});
  effects = evaluate(2, 0.4);
  EXPECT_EQ(effects.serve, VersionId{2});
  EXPECT_EQ(loop_.phase, "continuous");
  bool stopped = false;
  while (!items.empty()) {
    for (const auto& item : items) stopped |= commit(item, true).stop_training;
    items = core_->issue(4);
  }
  EXPECT_TRUE(stopped) << "after the last round";
  EXPECT_EQ(items_.size(), 12u);
  record.id = 3;
  EXPECT_EQ(carry_out(core_->trained(record)).evaluate, VersionId{3});
  evaluate(3, 0.5);
  EXPECT_FALSE(finished_) << "the trainer has more to write";
  record.id = 4;
  EXPECT_EQ(carry_out(core_->trained(record)).evaluate, VersionId{4});
  EXPECT_FALSE(carry_out(core_->training_stopped()).evaluate) << "it is being measured already";
  EXPECT_FALSE(finished_);
  EXPECT_EQ(evaluate(4, 0.6).serve, VersionId{4});
  EXPECT_TRUE(finished_);
}

// The younger round is done first; what completes the older one completes both.
TEST_F(LoopCoreTest, ContinuousEndsWhicheverRoundIsDoneLast) {
  options_.loop.schedule = "continuous";
  restart();
  Effects effects = carry_out(core_->seeds_written());
  train(*effects.train);
  evaluate(1, 0.3);
  const auto items = core_->issue(100);
  ASSERT_EQ(items.size(), 12u);
  for (std::size_t i = 1; i < items.size(); ++i) EXPECT_FALSE(commit(items[i], true).stop_training);
  EXPECT_TRUE(commit(items[0], true).stop_training);
  // Dead before the trainer ended: the next life lets it write its last version and ends.
  effects = restart();
  ASSERT_TRUE(effects.train);
  EXPECT_TRUE(effects.stop_training);
  effects = carry_out(core_->training_stopped());
  ASSERT_TRUE(effects.evaluate);
  EXPECT_TRUE(evaluate(*effects.evaluate, 0.5).finished);
}

TEST_F(LoopCoreTest, RollbackServesTheOldVersionAndMarksTheNewer) {
  reach_sampling();
  Effects effects = sample_round();
  effects = train(*effects.train);
  evaluate(2, 0.6);
  Status status;
  effects = carry_out(core_->rollback(1, status));
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(effects.serve, VersionId{1});
  EXPECT_EQ(versions_[2].state, VersionState::kRolledBack);
  carry_out(core_->promote(99, status));
  EXPECT_EQ(status.code(), Errc::kNotFound);
}

TEST_F(LoopCoreTest, WhatFeedbackWasGivenOnIsAskedFirstInTheNextRoundAndOnce) {
  reach_sampling();
  feedback_ = {7, 9};  // in the first round
  const Effects trained = sample_round();
  ASSERT_TRUE(trained.train) << "a round under way is not held up";
  EXPECT_FALSE(items_.contains(make_item_id(kAskedRound, 7, false)));
  train(*trained.train);
  evaluate(2, 0.5);
  const auto first = core_->issue(3);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].id, make_item_id(kAskedRound, 7, false));
  EXPECT_EQ(first[0].round, 2u) << "its attempts are this round's";
  EXPECT_EQ(first[0].problem.id, task_->training_problem(1007).id);
  EXPECT_EQ(first[1].id, make_item_id(kAskedRound, 9, false));
  EXPECT_EQ(item_round(first[2].id), 2u) << "then the round's own";
  for (const auto& item : first) commit(item, true);
  EXPECT_EQ(core_->round_done(), 1u) << "they are beside the round's problems";
  ASSERT_TRUE(sample_round().train);
  EXPECT_EQ(items_.size(), 2 * 9u + 2);
}

// A failed one is asked with the hint, like any other, and the round waits for it.
TEST_F(LoopCoreTest, WhatIsAskedAgainIsRationalizedToo) {
  feedback_ = {5};
  reach_sampling();
  auto items = core_->issue(1);
  ASSERT_EQ(items.size(), 1u);
  commit(items[0], false);
  ASSERT_TRUE(sample_round().train);
  const auto hinted = items_.find(make_item_id(kAskedRound, 5, true));
  ASSERT_NE(hinted, items_.end());
  EXPECT_EQ(hinted->second.problem, task_->training_problem(1005).id);
}

TEST_F(LoopCoreTest, ARestartAnywhereAsksAgainOnce) {
  for (int crash_at = 0; crash_at < 12; ++crash_at) {
    items_.clear();
    versions_.clear();
    loop_ = {};
    finished_ = false;
    feedback_ = {3, 4, 8};
    reach_sampling();
    int done = 0;
    Effects last;
    while (!last.train) {
      auto items = core_->issue(2);
      if (items.empty()) break;
      for (const auto& item : items) {
        if (done++ == crash_at) {
          last = restart();
          break;  // what was out is issued again, or was done
        }
        last = commit(item, item_position(item.id) % 2 == 0);  // "item sampled twice" else
      }
    }
    std::size_t asked = 0;
    for (const auto& [id, state] : items_) asked += item_round(id) == kAskedRound && !item_hinted(id) ? 1 : 0;
    EXPECT_EQ(asked, 3u) << "crash at " << crash_at;
  }
}

TEST_F(LoopCoreTest, ARunThatGetsMoreRoundsServesWhatItHasMeanwhile) {
  reach_sampling();
  for (std::uint32_t round = 1; round <= 2; ++round) evaluate(*train(*sample_round().train).evaluate, 0.5);
  ASSERT_TRUE(finished_);
  options_.loop.rounds = 3;
  const Effects effects = restart();
  EXPECT_EQ(loop_.phase, "sample");
  EXPECT_EQ(loop_.round, 3u);
  EXPECT_EQ(effects.serve, VersionId{3}) << "or nobody could sample the third round";
}

// ---- with a verifier

class VerifierLoopTest : public LoopCoreTest {
 protected:
  void SetUp() override {
    options_.method.name = "vstar";
    options_.verifier.kind = "dpo";
    LoopCoreTest::SetUp();
  }
  // What its trainer wrote.
  static VersionRecord record_of(const TrainCommand& command) {
    VersionRecord record;
    record.id = command.produce;
    record.round = command.round;
    record.parent = command.start;
    record.line = command.line;
    return record;
  }
  Effects train(const TrainCommand& command) {
    versions_[command.produce] = record_of(command);
    return carry_out(core_->trained(record_of(command)));
  }
  // To the verifier phase of the next round.
  TrainCommand reach_verifier() {
    const Effects sampled = sample_round();
    EXPECT_TRUE(sampled.train);
    const Effects trained = train(*sampled.train);
    EXPECT_TRUE(trained.train);
    EXPECT_FALSE(trained.evaluate) << "the verifier comes first";
    return *trained.train;
  }
};

TEST_F(VerifierLoopTest, AVerifierIsTrainedFromTheBaseBehindEachGenerator) {
  reach_sampling();
  for (std::uint32_t round = 1; round <= 2; ++round) {
    const TrainCommand command = reach_verifier();
    EXPECT_EQ(loop_.phase, "verifier");
    EXPECT_EQ(command.line, VersionLine::kVerifier);
    EXPECT_EQ(command.round, round);
    EXPECT_EQ(command.start, loop_.base);
    EXPECT_EQ(command.produce, 2 * round + 1) << "one sequence of ids for both lines";
    EXPECT_EQ(command.plan.objective, Objective::kDpo);
    const Effects effects = train(command);
    EXPECT_EQ(effects.serve_verifier, command.produce);
    EXPECT_FALSE(effects.serve) << "a verifier does not sample";
    EXPECT_EQ(effects.evaluate, VersionId(2 * round)) << "what is measured is the generator";
    EXPECT_EQ(loop_.verifier, command.produce);
    EXPECT_EQ(versions_[command.produce].state, VersionState::kPromoted);
    EXPECT_EQ(evaluate(2 * round, 0.4).serve, VersionId(2 * round));
  }
  EXPECT_TRUE(finished_);
  EXPECT_EQ(loop_.serving, 4u);
}

TEST_F(VerifierLoopTest, ARestartInAnyPhaseGoesOnThere) {
  reach_sampling();
  Effects effects = sample_round();
  ASSERT_TRUE(effects.train);
  effects = restart();
  ASSERT_TRUE(effects.train) << "train";
  EXPECT_EQ(effects.train->line, VersionLine::kGenerator);
  EXPECT_EQ(effects.train->produce, 2u);
  train(*effects.train);
  for (int again = 0; again < 2; ++again) {
    effects = restart();
    ASSERT_TRUE(effects.train) << "verifier";
    EXPECT_EQ(effects.train->line, VersionLine::kVerifier);
    EXPECT_EQ(effects.train->produce, 3u);
    EXPECT_EQ(effects.train->start, 1u);
    EXPECT_EQ(effects.serve, VersionId{1});
    EXPECT_FALSE(effects.serve_verifier) << "there is none yet";
  }
  train(*effects.train);
  effects = restart();
  EXPECT_FALSE(effects.train) << "evaluate";
  EXPECT_EQ(effects.evaluate, VersionId{2});
  EXPECT_EQ(effects.serve_verifier, VersionId{3});
  evaluate(2, 0.5);
  effects = restart();
  EXPECT_EQ(loop_.phase, "sample");
  EXPECT_EQ(effects.serve, VersionId{2});
  EXPECT_EQ(effects.serve_verifier, VersionId{3});
}

TEST_F(VerifierLoopTest, AVersionWrittenJustBeforeTheCrashIsNotTrainedAgain) {
  reach_sampling();
  const TrainCommand generator = *sample_round().train;
  versions_[generator.produce] = record_of(generator);  // and the loop did not hear of it
  Effects effects = restart();
  ASSERT_TRUE(effects.train);
  EXPECT_EQ(effects.train->line, VersionLine::kVerifier);
  EXPECT_EQ(effects.train->produce, 3u);
  EXPECT_EQ(effects.serve, VersionId{1});
  versions_[3] = record_of(*effects.train);
  effects = restart();
  EXPECT_FALSE(effects.train);
  EXPECT_EQ(effects.evaluate, VersionId{2});
  EXPECT_EQ(effects.serve_verifier, VersionId{3});
  EXPECT_EQ(effects.serve, VersionId{1});
  EXPECT_EQ(loop_.verifier, 3u);
}

TEST_F(VerifierLoopTest, WithoutPairsTheVerifierStaysAsItIs) {
  reach_sampling();
  const TrainCommand first = reach_verifier();
  Effects effects = carry_out(core_->nothing_to_train());
  EXPECT_EQ(effects.evaluate, VersionId{2});
  EXPECT_EQ(loop_.phase, "evaluate");
  EXPECT_EQ(loop_.verifier, 0u);
  effects = restart();
  EXPECT_EQ(effects.evaluate, VersionId{2});
  evaluate(2, 0.5);
  const TrainCommand second = reach_verifier();
  EXPECT_EQ(second.produce, 4u) << "the id that was not used goes to the next generator";
  EXPECT_EQ(first.produce, 3u);
}

TEST_F(VerifierLoopTest, AGeneratorThatIsRefusedDoesNotServeAndItsVerifierDoes) {
  reach_sampling();
  train(reach_verifier());
  const Effects effects = evaluate(2, 0.1);
  EXPECT_FALSE(effects.serve);
  EXPECT_EQ(versions_[2].state, VersionState::kRefused);
  EXPECT_EQ(loop_.serving, 1u);
  EXPECT_EQ(loop_.verifier, 3u);
  EXPECT_EQ(reach_verifier().produce, 5u);
}

TEST_F(VerifierLoopTest, VerifiersArePromotedByNobody) {
  reach_sampling();
  train(reach_verifier());
  evaluate(2, 0.5);
  for (const auto by_hand : {&LoopCore::promote, &LoopCore::rollback}) {
    Status status;
    const Effects effects = (core_.get()->*by_hand)(3, status);
    EXPECT_EQ(status.code(), Errc::kUsage);
    EXPECT_FALSE(effects.serve || effects.persist || !effects.versions.empty());
  }
  Status status;
  carry_out(core_->rollback(1, status));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(versions_[2].state, VersionState::kRolledBack);
  EXPECT_EQ(versions_[3].state, VersionState::kPromoted) << "verifiers are not rolled back with generators";
}

}  // namespace
}  // namespace autodidact
