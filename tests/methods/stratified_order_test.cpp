#include "methods/stratified_order.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace autodidact {
namespace {

// 90 easy examples, 9 harder ones, one hard one; group 2 is empty.
std::vector<std::uint32_t> lopsided() {
  std::vector<std::uint32_t> groups(90, 0);
  groups.insert(groups.end(), 9, 1);
  groups.push_back(3);
  return groups;
}

TEST(StratifiedOrder, EveryGroupHasOneDrawInEachTurn) {
  StratifiedOrder order(lopsided(), 1);
  const auto groups = lopsided();
  for (std::uint64_t turn = 0; turn < 500; ++turn) {
    std::set<std::uint32_t> seen;
    for (std::uint64_t k = 0; k < 3; ++k) seen.insert(groups[order.at(3 * turn + k)]);
    ASSERT_EQ(seen, (std::set<std::uint32_t>{0, 1, 3}));
  }
}

TEST(StratifiedOrder, AGroupShowsAllItsExamplesBeforeAnyTwice) {
  StratifiedOrder order(lopsided(), 1);
  std::map<std::size_t, int> drawn;
  for (std::uint64_t draw = 0; draw < 3 * 90; ++draw) ++drawn[order.at(draw)];
  ASSERT_EQ(drawn.size(), 100u);
  for (std::size_t i = 0; i < 90; ++i) EXPECT_EQ(drawn[i], 1);
  for (std::size_t i = 90; i < 99; ++i) EXPECT_EQ(drawn[i], 10);
  EXPECT_EQ(drawn[99], 90);
}

TEST(StratifiedOrder, ARestartedOneGoesOnWhereTheFirstWas) {
  StratifiedOrder whole(lopsided(), 7), resumed(lopsided(), 7), other(lopsided(), 8);
  int differs = 0;
  for (std::uint64_t draw = 0; draw < 1000; ++draw) {
    const std::size_t index = whole.at(draw);
    if (draw >= 631) {
      ASSERT_EQ(resumed.at(draw), index);
    }
    differs += other.at(draw) != index;
  }
  EXPECT_GT(differs, 400);
}

TEST(StratifiedOrder, EpochsAndTurnsAreShuffledAnew) {
  StratifiedOrder order(std::vector<std::uint32_t>(50, 0), 3);
  std::vector<std::size_t> first, second;
  for (std::uint64_t draw = 0; draw < 50; ++draw) first.push_back(order.at(draw));
  for (std::uint64_t draw = 50; draw < 100; ++draw) second.push_back(order.at(draw));
  EXPECT_NE(first, second);
  EXPECT_EQ(std::multiset<std::size_t>(first.begin(), first.end()), std::multiset<std::size_t>(second.begin(), second.end()));
}

}  // namespace
}  // namespace autodidact
