// Verifier, filter, replay and curriculum, each alone on the virtual scheduler between probes.

#include <gtest/gtest.h>

#include "actors/curriculum.hpp"
#include "actors/filter.hpp"
#include "actors/replay.hpp"
#include "actors/verifier.hpp"
#include "tests/actors/virtual_system.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

class StageWorkersTest : public ::testing::Test {
 protected:
  static Options options() {
    Options options;
    options.verify.window = 4;
    options.loop.max_in_flight = 8;
    options.loop.problems_per_round = 4;
    options.task.max_digits = 3;
    options.task.seed_examples = {2, 2, 2};
    return options;
  }
  static std::shared_ptr<Seen> seen() { return std::make_shared<Seen>(); }
  // One probe stands for every peer.
  Wire wire(std::vector<std::string> restarted = {}) {
    return {{peer_, peer_, peer_, peer_, peer_, peer_, peer_, peer_}, std::move(restarted)};
  }
  ActorStatus status(const caf::actor& actor) {
    peers_->status.clear();
    system_.send(actor, StatusRequest{1});
    return peers_->status.empty() ? ActorStatus() : peers_->status.at(0).status;
  }

  // In round 1 of four problems, none issued yet.
  caf::actor sampling_curriculum() {
    LoopState loop;
    loop.phase = "sample";
    loop.round = 1;
    loop.round_size = 4;
    WriteSet set;
    set.loop = loop;
    EXPECT_TRUE(system_.store().commit(set).ok());
    const auto context = system_.context();
    const auto actor =
        system_.own(system_.system().spawn(curriculum, context, Place{"curriculum", 0, 1}, system_.method(), context->options));
    system_.send(actor, wire());
    return actor;
  }

  VirtualSystem system_{options()};
  std::shared_ptr<Seen> peers_ = seen();
  caf::actor peer_ = system_.probe(peers_);
};

TEST_F(StageWorkersTest, AVerifierAsksForItsWindowJudgesAndAsksForAsMuchAgain) {
  const auto actor =
      system_.own(system_.system().spawn(verifier, system_.context(), Place{"verifier.0", 3, 2}, system_.method()));
  system_.send(actor, wire());
  ASSERT_EQ(peers_->hello.size(), 1u);
  EXPECT_EQ(peers_->hello[0].worker, 3u);
  EXPECT_EQ(peers_->hello[0].epoch, 2u);
  EXPECT_EQ(peers_->demand.at(0).n, 4u);
  system_.send(actor, wire());
  EXPECT_EQ(peers_->hello.size(), 1u) << "the same pool knows it already";
  system_.send(actor, Work{{{11, system_.job(0, 1, true)}, {12, system_.job(1, 1, true)}}});
  ASSERT_EQ(peers_->finished.size(), 1u);
  const auto& done = peers_->finished[0].jobs;
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].lease, 11u);
  EXPECT_EQ(done[0].job->verdicts->at(0).outcome, Outcome::kCorrect);
  EXPECT_EQ(peers_->demand.at(1).n, 2u);
  EXPECT_EQ(status(actor).role, "verifier.0");
}

TEST_F(StageWorkersTest, AFilterAnswersOnlyWhenTheCommitIsDurable) {
  const auto actor = system_.own(system_.system().spawn(filter, system_.context(), Place{"filter", 0, 1}, system_.method()));
  system_.send(actor, wire());
  system_.send(actor, Work{{{21, system_.job(0, 1, true, true)}}});
  ASSERT_EQ(peers_->commits.size(), 1u);
  EXPECT_TRUE(peers_->commits[0].set.items.at(0).attempts.at(0).selection.kept);
  EXPECT_TRUE(peers_->finished.empty()) << "the credit must not go back before the write";
  EXPECT_TRUE(peers_->items.empty());
  EXPECT_EQ(status(actor).waits_for, "replay");
  system_.send(actor, Committed{peers_->commits[0].token, {}});
  ASSERT_EQ(peers_->finished.size(), 1u);
  EXPECT_EQ(peers_->finished[0].jobs.at(0).lease, 21u);
  EXPECT_EQ(peers_->items.at(0).items.at(0).correct, 1u);
  EXPECT_EQ(status(actor).state, "idle");
}

TEST_F(StageWorkersTest, AFilterForgetsCommitsThatAReplayTookToItsGrave) {
  const auto actor = system_.own(system_.system().spawn(filter, system_.context(), Place{"filter", 0, 1}, system_.method()));
  system_.send(actor, wire());
  system_.send(actor, Work{{{21, system_.job(0, 1, true, true)}}});
  system_.send(actor, wire({"replay"}));
  EXPECT_EQ(status(actor).state, "idle") << "nobody will answer: it would be a stall for ever";
}

TEST_F(StageWorkersTest, ReplayAnswersAfterTheWriteAndInOrder) {
  const auto context = system_.context();
  const auto actor = system_.own(system_.system().spawn(replay, context, Place{"replay", 0, 1}, context->options));
  system_.send(actor, wire());
  system_.store().hold(true);
  const auto commit = [&](std::uint64_t token) {
    WriteSet set;
    const auto job = system_.job(token, 1, true, true);
    set.items.push_back(
        {job->work.id, job->work.problem, {{job->attempts->at(0), job->verdicts->at(0), {true, Reject::kNone, 1}}}, false, ""});
    system_.send(actor, Commit{token, std::move(set), peer_});
  };
  commit(1);
  commit(2);
  EXPECT_TRUE(peers_->committed.empty());
  EXPECT_EQ(status(actor).waits_for, "the disk");
  system_.store().hold(false);
  system_.run();
  ASSERT_EQ(peers_->committed.size(), 2u);
  EXPECT_EQ(peers_->committed[0].token, 1u);
  EXPECT_EQ(peers_->committed[1].token, 2u);
  EXPECT_EQ(system_.store().counts().attempts, 2u);
  commit(1);
  EXPECT_EQ(peers_->committed.at(2).receipt.duplicates, 1u) << "the same item again changes nothing";
  EXPECT_EQ(system_.store().counts().attempts, 2u);
}

TEST_F(StageWorkersTest, ACurriculumStoresTheSeedsBeforeItTrainsOnThem) {
  const auto context = system_.context();
  const auto actor =
      system_.own(system_.system().spawn(curriculum, context, Place{"curriculum", 0, 1}, system_.method(), context->options));
  system_.send(actor, wire());
  ASSERT_EQ(peers_->commits.size(), 1u);
  EXPECT_EQ(peers_->commits[0].set.seeds.size(), 6u);
  EXPECT_EQ(peers_->commits[0].set.loop->phase, "base") << "in one batch with the seeds, or a crash would store them twice";
  EXPECT_TRUE(peers_->train.empty());
  system_.send(actor, Committed{peers_->commits[0].token, {}});
  ASSERT_EQ(peers_->train.size(), 1u);
  EXPECT_EQ(peers_->train[0].command.round, 0u);
  EXPECT_EQ(peers_->train[0].command.produce, 1u);
  EXPECT_EQ(status(actor).waits_for, "the trainer");
}

TEST_F(StageWorkersTest, ACurriculumIssuesNoMoreThanGrantedAndAgainWhatAStageLost) {
  const auto actor = sampling_curriculum();
  const auto generation = peers_->resets.back().generation;
  EXPECT_TRUE(peers_->offered().empty());
  system_.send(actor, Grant{generation, 3});
  EXPECT_EQ(peers_->offered().size(), 3u);
  const auto issued = peers_->offered();
  ItemState done;
  done.item = issued[0];
  done.attempts = done.correct = done.kept = 1;
  system_.send(actor, ItemsCommitted{{done}});
  system_.send(actor, wire({"verify_pool"}));
  ASSERT_GT(peers_->resets.back().generation, generation);
  peers_->offers.clear();
  system_.send(actor, Grant{generation, 8});
  EXPECT_TRUE(peers_->offered().empty()) << "a grant of the generation that is gone";
  system_.send(actor, Grant{peers_->resets.back().generation, 8});
  EXPECT_EQ(peers_->offered(), (std::vector<ItemId>{issued[1], issued[2], make_item_id(1, 3, false)}));
}

// A result that was on its way when the pipeline was reset still counts: the item is in the store and must not be asked again.
TEST_F(StageWorkersTest, ACurriculumTakesACommitThatComesAfterAReset) {
  const auto actor = sampling_curriculum();
  system_.send(actor, Grant{peers_->resets.back().generation, 2});
  const auto issued = peers_->offered();
  ASSERT_EQ(issued.size(), 2u);
  system_.send(actor, wire({"verify_pool"}));
  ItemState done;
  done.item = issued[0];
  done.attempts = done.correct = done.kept = 1;
  system_.send(actor, ItemsCommitted{{done}});
  peers_->offers.clear();
  system_.send(actor, Grant{peers_->resets.back().generation, 8});
  EXPECT_EQ(peers_->offered(), (std::vector<ItemId>{issued[1], make_item_id(1, 2, false), make_item_id(1, 3, false)}));
}

TEST_F(StageWorkersTest, ACurriculumHoldsWorkBackWhileTheStoreIsShortOfSpace) {
  const auto actor = sampling_curriculum();
  system_.send(actor, Flow{false, "12 MB free"});
  system_.send(actor, Grant{peers_->resets.back().generation, 8});
  EXPECT_TRUE(peers_->offered().empty());
  EXPECT_EQ(status(actor).waits_for, "12 MB free");
  system_.send(actor, Flow{true, ""});
  EXPECT_EQ(peers_->offered().size(), 4u);
}

}  // namespace
}  // namespace autodidact
