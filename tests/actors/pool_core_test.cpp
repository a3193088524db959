#include "actors/pool_core.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace autodidact {
namespace {

constexpr WorkerId kA = 1, kB = 2;

class PoolCoreTest : public ::testing::Test {
 protected:
  using Pool = PoolCore<std::string>;

  void offer(std::initializer_list<ItemId> items) {
    pool_.take_grant();
    for (const ItemId item : items) ASSERT_TRUE(pool_.offer(item, "item " + std::to_string(item)));
  }
  void join(WorkerId worker, Epoch epoch, std::size_t window, std::size_t demand) {
    pool_.hello(worker, epoch, window, 0);
    pool_.demand(worker, epoch, demand);
  }
  std::vector<ItemId> items_of(const std::vector<Pool::Assignment>& assignments) {
    std::vector<ItemId> items;
    for (const auto& a : assignments) items.push_back(a.item);
    return items;
  }
  void TearDown() override { EXPECT_EQ(pool_.check(), std::nullopt); }

  Pool pool_{{.capacity = 8, .max_attempts = 3, .lease_ms = 100}};
};

TEST_F(PoolCoreTest, GivesNoWorkWithoutDemand) {
  offer({1, 2, 3});
  pool_.hello(kA, 1, 4, 0);
  EXPECT_TRUE(pool_.assign(0).empty());
  pool_.demand(kA, 1, 2);
  EXPECT_EQ(items_of(pool_.assign(0)), (std::vector<ItemId>{1, 2}));
  EXPECT_TRUE(pool_.assign(0).empty());
}

TEST_F(PoolCoreTest, DemandBeyondTheWindowHasNoEffect) {
  offer({1, 2, 3, 4});
  join(kA, 1, 2, 100);
  EXPECT_EQ(pool_.assign(0).size(), 2u);
}

TEST_F(PoolCoreTest, GrantsUpstreamWhatItHasRoomForAndNoMore) {
  EXPECT_EQ(pool_.take_grant(), 8u);
  EXPECT_EQ(pool_.take_grant(), 0u);
  for (ItemId item = 1; item <= 8; ++item) EXPECT_TRUE(pool_.offer(item, ""));
  EXPECT_FALSE(pool_.offer(9, "")) << "not granted";
  join(kA, 1, 4, 3);
  pool_.assign(0);
  EXPECT_EQ(pool_.take_grant(4), 0u) << "fewer than asked for at least";
  EXPECT_EQ(pool_.take_grant(3), 3u);
}

TEST_F(PoolCoreTest, ServesWorkersInTurn) {
  offer({1, 2, 3, 4});
  join(kA, 1, 4, 4);
  join(kB, 1, 4, 4);
  int of_a = 0;
  for (const auto& a : pool_.assign(0)) of_a += a.worker == kA;
  EXPECT_EQ(of_a, 2);
}

TEST_F(PoolCoreTest, WorkOfADeadWorkerComesFirstAndInOrder) {
  offer({1, 2, 3, 4});
  join(kA, 1, 2, 2);
  EXPECT_EQ(items_of(pool_.assign(0)), (std::vector<ItemId>{1, 2}));
  pool_.peer_down(kA, 1, "killed");
  join(kB, 1, 4, 4);
  const auto again = pool_.assign(0);
  EXPECT_EQ(items_of(again), (std::vector<ItemId>{1, 2, 3, 4}));
  EXPECT_EQ(again[0].attempt, 2u);
  EXPECT_EQ(again[2].attempt, 1u);
  EXPECT_EQ(again[1].payload, "item 2");
}

TEST_F(PoolCoreTest, AnOlderEpochChangesNothing) {
  offer({1});
  join(kA, 1, 2, 2);
  const auto lease = pool_.assign(0).at(0).lease;
  join(kA, 2, 2, 0);
  EXPECT_EQ(pool_.done(kA, 1, lease), DoneResult::kStale);
  pool_.demand(kA, 1, 2);
  EXPECT_TRUE(pool_.assign(0).empty());
  pool_.demand(kA, 2, 1);
  EXPECT_EQ(items_of(pool_.assign(0)), std::vector<ItemId>{1});
}

TEST_F(PoolCoreTest, ADeathAnnouncedBeforeTheHelloKeepsTheHelloOut) {
  offer({1});
  pool_.peer_down(kA, 3, "died at birth");
  join(kA, 3, 2, 2);
  EXPECT_TRUE(pool_.assign(0).empty());
}

TEST_F(PoolCoreTest, ALateDoneCountsUnlessSomebodyWasFaster) {
  offer({1, 2});
  join(kA, 1, 2, 2);
  const auto first = pool_.assign(0);
  pool_.tick(100);
  join(kB, 1, 2, 2);
  const auto second = pool_.assign(100);
  ASSERT_EQ(items_of(second), (std::vector<ItemId>{1, 2}));
  EXPECT_EQ(pool_.done(kA, 1, first[0].lease), DoneResult::kFirst);
  EXPECT_EQ(pool_.done(kB, 1, second[0].lease), DoneResult::kDuplicate);
  EXPECT_EQ(pool_.done(kB, 1, second[1].lease), DoneResult::kFirst);
  EXPECT_EQ(pool_.done(kA, 1, first[1].lease), DoneResult::kDuplicate);
  EXPECT_EQ(pool_.done(kA, 1, first[1].lease), DoneResult::kStale) << "answered before";
}

TEST_F(PoolCoreTest, RenewalKeepsALease) {
  offer({1});
  join(kA, 1, 1, 1);
  const LeaseId lease = pool_.assign(0).at(0).lease;
  pool_.renew(kA, 1, {&lease, 1}, 90);
  pool_.tick(150);
  EXPECT_EQ(pool_.stats().held, 1u);
  pool_.tick(190);
  EXPECT_EQ(pool_.stats().held, 0u);
}

TEST_F(PoolCoreTest, AnItemThatKillsThreeWorkersIsQuarantinedAndItsNeighboursAreNot) {
  offer({1, 2, 3});
  Epoch epoch = 0;
  std::vector<Pool::Quarantined> given_up;
  for (int turn = 0; turn < 20 && given_up.empty(); ++turn) {
    join(kA, ++epoch, 3, 3);
    const auto work = pool_.assign(0);
    ASSERT_FALSE(work.empty());
    for (const auto& a : work) {
      if (a.item != 2 && work.size() == 1) {
        ASSERT_EQ(pool_.done(kA, epoch, a.lease), DoneResult::kFirst);
      }
    }
    for (const auto& a : work) {
      if (a.item == 2) pool_.peer_down(kA, epoch, "segmentation fault");
    }
    for (auto& q : pool_.take_quarantined()) given_up.push_back(q);
  }
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].item, 2u);
  EXPECT_EQ(given_up[0].payload, "item 2");
  EXPECT_EQ(given_up[0].reason, "segmentation fault");
  EXPECT_EQ(pool_.stats().done + pool_.stats().pending, 2u);
}

TEST_F(PoolCoreTest, AFailureThatCannotBeRetriedQuarantinesAtOnce) {
  offer({1});
  join(kA, 1, 1, 1);
  pool_.fail(kA, 1, pool_.assign(0).at(0).lease, false, "prompt has no tokens");
  EXPECT_EQ(pool_.take_quarantined().at(0).reason, "prompt has no tokens");
  EXPECT_TRUE(pool_.take_quarantined().empty());
}

TEST_F(PoolCoreTest, GivingBackCostsNoStrike) {
  offer({1});
  join(kA, 1, 1, 1);
  for (int i = 0; i < 10; ++i) {
    const auto work = pool_.assign(0);
    ASSERT_EQ(work.size(), 1u);
    EXPECT_EQ(work[0].attempt, 1u);
    pool_.give_back(kA, 1, work[0].lease);
    pool_.demand(kA, 1, 1);
  }
}

TEST_F(PoolCoreTest, DrainsOnlyWhenNothingIsHeldOrPending) {
  offer({1, 2});
  join(kA, 1, 1, 1);
  const auto work = pool_.assign(0);
  pool_.drain();
  EXPECT_EQ(pool_.take_grant(), 0u);
  EXPECT_FALSE(pool_.offer(3, ""));
  EXPECT_FALSE(pool_.drained());
  EXPECT_EQ(pool_.return_pending(), std::vector<std::string>{"item 2"});
  EXPECT_FALSE(pool_.drained());
  EXPECT_EQ(pool_.done(kA, 1, work[0].lease), DoneResult::kFirst);
  EXPECT_TRUE(pool_.drained());
}

TEST_F(PoolCoreTest, AResetDropsItemsAndKeepsWorkers) {
  offer({1, 2, 3});
  join(kA, 1, 2, 2);
  const auto old = pool_.assign(0);
  EXPECT_EQ(pool_.forget_all().size(), 3u);
  EXPECT_EQ(pool_.done(kA, 1, old[0].lease), DoneResult::kStale);
  pool_.demand(kA, 1, 2);
  offer({1, 2});
  EXPECT_EQ(pool_.assign(0).size(), 2u);
}

TEST_F(PoolCoreTest, SaysWhenWorkersStarveIt) {
  offer({1});
  EXPECT_FALSE(pool_.starving()) << "nobody is there to ask";
  pool_.hello(kA, 1, 1, 0);
  EXPECT_TRUE(pool_.starving());
  pool_.demand(kA, 1, 1);
  EXPECT_FALSE(pool_.starving());
}

TEST_F(PoolCoreTest, ShrinkingAWindowTakesEffectAsItemsFinish) {
  offer({1, 2, 3, 4});
  join(kA, 1, 3, 3);
  const auto work = pool_.assign(0);
  pool_.resize(kA, 1);
  for (const auto& a : work) {
    pool_.demand(kA, 1, 1);
    EXPECT_TRUE(pool_.assign(0).empty());
    EXPECT_EQ(pool_.done(kA, 1, a.lease), DoneResult::kFirst);
  }
  EXPECT_EQ(pool_.assign(0).size(), 1u);
}

TEST(PoolCore, MemoryStaysThatOfTheItemsInside) {
  PoolCore<std::shared_ptr<const int>> pool({.capacity = 64, .max_attempts = 3, .lease_ms = 100});
  const auto payload = std::make_shared<const int>(1);
  pool.hello(kA, 1, 16, 0);
  ItemId next = 1;
  for (int round = 0; round < 20000; ++round) {
    for (auto n = pool.take_grant(); n > 0; --n) ASSERT_TRUE(pool.offer(next++, payload));
    pool.demand(kA, 1, 16);
    for (const auto& a : pool.assign(round)) ASSERT_EQ(pool.done(kA, 1, a.lease), DoneResult::kFirst);
  }
  EXPECT_EQ(pool.stats().done, 320000u);
  EXPECT_EQ(payload.use_count(), 1 + static_cast<long>(pool.stats().pending)) << "payloads of finished items are let go";
}

}  // namespace
}  // namespace autodidact
