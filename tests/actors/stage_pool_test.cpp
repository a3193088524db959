// The pool actor at a stage boundary, alone on the virtual scheduler; its neighbours are probes.

#include "actors/stage_pool.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/actors/virtual_system.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

Options pool_options() {
  Options options;
  options.loop.max_in_flight = 8;
  options.supervise.lease_ms = 60000;
  return options;
}

class StagePoolTest : public ::testing::Test {
 protected:
  void plant(Stage stage = Stage::kGenerate) {
    pool_ = system_.own(system_.system().spawn(stage_pool, system_.context(), Place{"generate_pool", 0, 1}, stage));
    const auto boss = system_.probe(boss_), up = system_.probe(up_), down = system_.probe(down_),
               store = system_.probe(replay_);
    Peers peers{boss, up, pool_, down, down, store, {}, {}};
    if (stage == Stage::kFilter) peers = {boss, up, pool_, up, pool_, store, {}, {}};
    system_.send(pool_, Wire{peers, {}});
    system_.send(pool_, ResetPipeline{1});
  }
  void join(WorkerId worker, Epoch epoch, std::size_t window, const std::shared_ptr<Seen>& seen) {
    system_.send(pool_, Hello{worker, epoch, window, system_.probe(seen)});
    system_.send(pool_, Demand{worker, epoch, window});
  }
  void offer(std::initializer_list<std::uint64_t> positions, std::uint64_t generation = 1) {
    Offer message{generation, {}};
    for (const auto position : positions) message.jobs.push_back(system_.job(position, generation));
    system_.send(pool_, message);
  }
  void finish(WorkerId worker, Epoch epoch, const Seen& seen, std::size_t work, std::size_t index) {
    system_.send(pool_, Finished{worker, epoch, {seen.work.at(work).jobs.at(index)}});
  }
  double number(const std::string& key) {
    boss_->status.clear();
    system_.send(pool_, StatusRequest{5});
    EXPECT_EQ(boss_->status.size(), 1u);
    EXPECT_EQ(boss_->status.at(0).child, 5u);
    for (const auto& [name, value] : boss_->status.at(0).status.numbers) {
      if (name == key) return value;
    }
    ADD_FAILURE() << "no " << key;
    return -1;
  }
  static std::shared_ptr<Seen> seen() { return std::make_shared<Seen>(); }
  static ItemId item(std::uint64_t position) { return make_item_id(1, position, false); }

  VirtualSystem system_{pool_options()};
  std::shared_ptr<Seen> boss_ = seen(), up_ = seen(), down_ = seen(), replay_ = seen();
  caf::actor pool_;
};

TEST_F(StagePoolTest, GrantsUpstreamItsCapacityAndNoMore) {
  plant();
  system_.advance(100ms);
  EXPECT_EQ(up_->granted(), 8u);
  system_.advance(1s);
  EXPECT_EQ(up_->granted(), 8u);
  EXPECT_EQ(number("pending"), 0);
}

TEST_F(StagePoolTest, LeasesOnlyWhatDownstreamHasRoomFor) {
  plant();
  const auto worker = seen();
  join(0, 1, 4, worker);
  offer({0, 1, 2, 3, 4});
  EXPECT_TRUE(worker->worked().empty()) << "downstream has granted nothing";
  system_.send(pool_, Grant{1, 3});
  EXPECT_EQ(worker->worked(), (std::vector<ItemId>{item(0), item(1), item(2)}));
  EXPECT_EQ(number("held"), 3);
  finish(0, 1, *worker, 0, 0);
  system_.send(pool_, Demand{0, 1, 1});
  EXPECT_EQ(worker->worked().size(), 3u) << "the room is used up";
  EXPECT_EQ(down_->offered(), std::vector<ItemId>{item(0)});
  system_.send(pool_, Grant{1, 1});
  EXPECT_EQ(worker->worked().size(), 4u);
}

TEST_F(StagePoolTest, AResultGoesDownstreamOnce) {
  plant();
  const auto worker = seen();
  join(0, 1, 4, worker);
  system_.send(pool_, Grant{1, 8});
  offer({0});
  finish(0, 1, *worker, 0, 0);
  finish(0, 1, *worker, 0, 0);
  EXPECT_EQ(down_->offered(), std::vector<ItemId>{item(0)});
}

TEST_F(StagePoolTest, WorkOfADeadWorkerGoesToTheNextAndItsAnswerIsIgnored) {
  plant();
  const auto dead = seen(), next = seen();
  join(0, 1, 4, dead);
  system_.send(pool_, Grant{1, 8});
  offer({0, 1});
  ASSERT_EQ(dead->worked().size(), 2u);
  system_.send(pool_, WorkerDown{0, 1, "killed"});
  join(1, 1, 4, next);
  EXPECT_EQ(next->worked(), (std::vector<ItemId>{item(0), item(1)}));
  finish(0, 1, *dead, 0, 0);
  EXPECT_TRUE(down_->offered().empty());
  EXPECT_EQ(number("redelivered"), 2);
}

TEST_F(StagePoolTest, AnItemNobodyCanDoIsRecordedAndReported) {
  plant();
  const auto worker = seen();
  join(0, 1, 1, worker);
  system_.send(pool_, Grant{1, 8});
  offer({0});
  system_.send(pool_, Failed{0, 1, worker->work.at(0).jobs.at(0).lease, false, "no token for 'x'"});
  ASSERT_EQ(replay_->commits.size(), 1u);
  const auto& recorded = replay_->commits[0].set.items.at(0);
  EXPECT_TRUE(recorded.quarantined);
  EXPECT_EQ(recorded.reason, "no token for 'x'");
  EXPECT_TRUE(up_->items.empty()) << "not durable yet";
  system_.send(pool_, Committed{replay_->commits[0].token, {}});
  ASSERT_EQ(up_->items.size(), 1u);
  EXPECT_EQ(up_->items[0].items.at(0).item, item(0));
  EXPECT_TRUE(up_->items[0].items.at(0).quarantined);
}

TEST_F(StagePoolTest, WhatIsOfAnotherGenerationIsDropped) {
  plant();
  const auto worker = seen();
  join(0, 1, 4, worker);
  system_.send(pool_, Grant{1, 8});
  offer({0});
  system_.send(pool_, ResetPipeline{2});
  finish(0, 1, *worker, 0, 0);
  offer({1}, 1);
  EXPECT_TRUE(down_->offered().empty());
  EXPECT_EQ(number("pending") + number("held"), 0);
  system_.send(pool_, Grant{1, 4});
  EXPECT_EQ(number("room_below"), 0) << "a grant of the old generation";
  system_.send(pool_, Grant{2, 4});
  offer({0}, 2);
  EXPECT_EQ(worker->worked(), (std::vector<ItemId>{item(0), item(0)}));
}

// The pool below may be reset, and grant, before the reset has come here: without that room nothing would ever move again.
TEST_F(StagePoolTest, AGrantThatOvertakesItsResetCounts) {
  plant();
  const auto worker = seen();
  join(0, 1, 4, worker);
  system_.send(pool_, Grant{1, 8});
  offer({0});
  system_.send(pool_, Grant{2, 4});
  EXPECT_EQ(number("pending") + number("held"), 0) << "the curriculum issues item 0 again";
  system_.send(pool_, ResetPipeline{2});
  EXPECT_EQ(number("room_below"), 4);
  offer({0, 1}, 2);
  EXPECT_EQ(worker->worked(), (std::vector<ItemId>{item(0), item(0), item(1)}));
}

TEST_F(StagePoolTest, IsDrainedWhenNothingIsHeld) {
  plant();
  const auto worker = seen();
  join(0, 1, 1, worker);
  system_.send(pool_, Grant{1, 8});
  offer({0, 1});
  system_.send(pool_, Drain{});
  system_.advance(100ms);
  EXPECT_TRUE(boss_->drained.empty());
  finish(0, 1, *worker, 0, 0);
  system_.advance(100ms);
  ASSERT_FALSE(boss_->drained.empty());
  EXPECT_EQ(boss_->drained[0].role, "generate_pool");
  EXPECT_EQ(down_->offered(), std::vector<ItemId>{item(0)}) << "what was not sampled yet stays unsampled";
}

TEST_F(StagePoolTest, TheLastPoolNeedsNoRoomBelow) {
  plant(Stage::kFilter);
  const auto worker = seen();
  join(0, 1, 2, worker);
  offer({0, 1, 2});
  EXPECT_EQ(worker->worked().size(), 2u);
  finish(0, 1, *worker, 0, 0);
  EXPECT_TRUE(down_->offered().empty());
}

// Lease runs out, the item goes to another, and then the first one answers after all while the room is taken: the result must
// wait for room, since a pool that was not asked refuses it and the item would be lost.
TEST_F(StagePoolTest, NeverOffersMoreThanDownstreamGranted) {
  Options options = pool_options();
  options.supervise.lease_ms = 1;
  VirtualSystem system(options);
  const auto up = seen(), down = seen(), slow = seen(), quick = seen();
  const auto pool =
      system.own(system.system().spawn(stage_pool, system.context(), Place{"generate_pool", 0, 1}, Stage::kGenerate));
  const auto below = system.probe(down);
  system.send(pool, Wire{{system.probe(seen()), system.probe(up), pool, below, below, system.probe(seen()), {}, {}}, {}});
  system.send(pool, ResetPipeline{1});
  system.send(pool, Hello{0, 1, 1, system.probe(slow)});
  system.send(pool, Demand{0, 1, 1});
  system.send(pool, Offer{1, {system.job(0), system.job(1)}});
  system.send(pool, Grant{1, 1});
  ASSERT_EQ(slow->worked().size(), 1u);
  std::this_thread::sleep_for(5ms);  // leases are in real time
  system.advance(100ms);             // expires
  system.send(pool, Hello{1, 1, 2, system.probe(quick)});
  system.send(pool, Demand{1, 1, 2});
  ASSERT_EQ(quick->worked().size(), 1u);
  system.send(pool, Finished{0, 1, {slow->work.at(0).jobs.at(0)}});  // late, and first
  std::this_thread::sleep_for(5ms);
  for (std::size_t i = 0; i < quick->work.size(); ++i) system.send(pool, Finished{1, 1, {quick->work[i].jobs.at(0)}});
  EXPECT_LE(down->offered().size(), 1u) << "one was granted";
  system.send(pool, Grant{1, 1});
  EXPECT_LE(down->offered().size(), 2u);
}

}  // namespace
}  // namespace autodidact
