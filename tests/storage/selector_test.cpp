#include "storage/selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "storage/draw_random.hpp"
#include "storage/sum_tree.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Selector> filled(const SelectorOptions& options, AttemptId last) {
  auto selector = make_selector(options);
  for (AttemptId id = 1; id <= last; ++id) selector->insert(id, 1.0f);
  return selector;
}

std::map<AttemptId, int> tally(Selector& selector, std::size_t count, int draws) {
  std::map<AttemptId, int> seen;
  for (int i = 0; i < draws; ++i) {
    for (AttemptId id : selector.sample(count, static_cast<std::uint64_t>(i), 0)) seen[id] += 1;
  }
  return seen;
}

class EverySelector : public ::testing::TestWithParam<const char*> {
 protected:
  SelectorOptions options() const {
    SelectorOptions chosen;
    chosen.name = GetParam();
    chosen.window_size = 8;
    return chosen;
  }
};

TEST_P(EverySelector, DrawsNothingFromNothing) {
  auto selector = make_selector(options());
  EXPECT_THAT(selector->sample(4, 1, 0), IsEmpty());
  selector->insert(5, 1);
  selector->remove(5);
  EXPECT_THAT(selector->sample(4, 1, 0), IsEmpty());
  EXPECT_EQ(selector->size(), 0u);
}

TEST_P(EverySelector, DrawsEveryKeyOnceBeforeAnyTwice) {
  auto selector = filled(options(), 20);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto drawn = selector->sample(50, seed, 0);
    ASSERT_EQ(drawn.size(), 50u);
    EXPECT_EQ(std::set<AttemptId>(drawn.begin(), drawn.begin() + 20).size(), 20u);
    EXPECT_EQ(std::set<AttemptId>(drawn.begin() + 20, drawn.begin() + 40).size(), 20u);
    EXPECT_EQ(std::set<AttemptId>(drawn.begin() + 40, drawn.end()).size(), 10u);
  }
}

TEST_P(EverySelector, NeverDrawsARemovedKey) {
  auto selector = filled(options(), 300);
  for (AttemptId id = 1; id <= 300; ++id) {
    if (id % 3 != 0) selector->remove(id);
  }
  selector->remove(4711);
  EXPECT_EQ(selector->size(), 100u);
  for (AttemptId id : selector->sample(400, 3, 0)) EXPECT_EQ(id % 3, 0u);
}

// The promise that makes runs repeatable: history leaves no trace.
TEST_P(EverySelector, DependsOnContentAndSeedAloneNotOnHistory) {
  auto plain = make_selector(options());
  for (AttemptId id = 2; id <= 400; id += 2) plain->insert(id, static_cast<float>(id % 7 + 1));
  auto winding = make_selector(options());
  for (AttemptId id = 400; id >= 1; --id) winding->insert(id, 9.0f);
  winding->sample(37, 5, 0);
  for (AttemptId id = 1; id < 400; id += 2) winding->remove(id);
  for (AttemptId id = 100; id <= 200; id += 2) winding->remove(id);
  for (AttemptId id = 2; id <= 400; id += 2) winding->insert(id, static_cast<float>(id % 7 + 1));
  ASSERT_EQ(plain->size(), winding->size());
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(plain->sample(64, seed, 33), winding->sample(64, seed, 33));
}

INSTANTIATE_TEST_SUITE_P(Rules, EverySelector, ::testing::Values("fifo", "lifo", "uniform", "prioritized", "window"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Selector, UnknownRuleIsNull) { EXPECT_EQ(make_selector({.name = "fastest"}), nullptr); }

TEST(FifoSelector, GoesOnBehindTheLastConsumedAndWraps) {
  auto selector = filled({.name = "fifo"}, 5);
  EXPECT_THAT(selector->sample(3, 1, 0), ElementsAre(1, 2, 3));
  EXPECT_THAT(selector->sample(3, 1, 3), ElementsAre(4, 5, 1));
  EXPECT_THAT(selector->sample(2, 1, 5), ElementsAre(1, 2));
  EXPECT_THAT(selector->sample(2, 1, 99), ElementsAre(1, 2));
}

TEST(LifoSelector, DrawsNewestFirst) {
  auto selector = filled({.name = "lifo"}, 4);
  EXPECT_THAT(selector->sample(6, 1, 0), ElementsAre(4, 3, 2, 1, 4, 3));
}

TEST(UniformSelector, IsUniform) {
  auto selector = filled({.name = "uniform"}, 50);
  const auto seen = tally(*selector, 5, 20000);  // 2000 expected per key, deviation 42
  ASSERT_EQ(seen.size(), 50u);
  for (const auto& [id, times] : seen) EXPECT_NEAR(times, 2000, 230) << id;
}

TEST(PrioritizedSelector, FollowsTheWeights) {
  auto selector = make_selector({.name = "prioritized"});
  for (AttemptId id = 1; id <= 4; ++id) selector->insert(id, static_cast<float>(id));
  const auto seen = tally(*selector, 1, 40000);
  for (AttemptId id = 1; id <= 4; ++id) EXPECT_NEAR(seen.at(id), 4000.0 * static_cast<double>(id), 450) << id;
}

TEST(PrioritizedSelector, ExponentSharpensAndZeroFlattens) {
  auto sharp = make_selector({.name = "prioritized", .priority_exponent = 2});
  auto flat = make_selector({.name = "prioritized", .priority_exponent = 0});
  for (Selector* selector : {sharp.get(), flat.get()}) {
    selector->insert(1, 1.0f);
    selector->insert(2, 3.0f);
  }
  EXPECT_NEAR(tally(*sharp, 1, 20000).at(2), 18000, 300);
  EXPECT_NEAR(tally(*flat, 1, 20000).at(2), 10000, 450);
}

TEST(PrioritizedSelector, SurvivesAbsurdWeights) {
  auto selector = make_selector({.name = "prioritized"});
  const float values[] = {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f};
  AttemptId id = 0;
  for (float value : values) selector->insert(++id, value);
  const auto drawn = selector->sample(5, 1, 0);
  EXPECT_EQ(std::set<AttemptId>(drawn.begin(), drawn.end()).size(), 5u);
}

TEST(PrioritizedSelector, ChangedWeightsTakeEffect) {
  auto selector = make_selector({.name = "prioritized"});
  for (AttemptId id = 1; id <= 1000; ++id) selector->insert(id, 1.0f);
  selector->insert(500, 60000.0f);
  EXPECT_GT(tally(*selector, 1, 1000).at(500), 950);
  EXPECT_EQ(selector->size(), 1000u);
}

TEST(WindowSelector, GivesTheNewestTheirShare) {
  auto selector = filled({.name = "window", .newest_share = 0.75, .window_size = 100}, 1000);
  const auto drawn = selector->sample(40, 1, 0);
  EXPECT_EQ(std::count_if(drawn.begin(), drawn.end(), [](AttemptId id) { return id > 900; }), 30);
}

TEST(WindowSelector, FillsUpFromTheOtherPartWhenOneIsSmall) {
  auto selector = filled({.name = "window", .newest_share = 0.5, .window_size = 10}, 12);
  const auto drawn = selector->sample(12, 1, 0);
  EXPECT_EQ(std::set<AttemptId>(drawn.begin(), drawn.end()).size(), 12u);
}

TEST(SumTree, AgreesWithPlainSums) {
  DrawRandom random(3);
  SumTree tree;
  std::vector<std::uint64_t> plain;
  for (int i = 0; i < 300; ++i) {
    plain.push_back(random.below(5));
    tree.append(plain.back());
    const std::size_t changed = random.below(plain.size());
    const std::uint64_t value = random.below(9);
    tree.add(changed, value - plain[changed]);
    plain[changed] = value;
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(tree.weight(i), plain[i]);
    for (std::uint64_t unit = 0; unit < plain[i]; ++unit) ASSERT_EQ(tree.find(sum + unit), i);
    sum += plain[i];
  }
  EXPECT_EQ(tree.total(), sum);
}

TEST(DrawRandom, DistinctPositionsAreDistinctAndUniform) {
  for (const std::size_t count : {3u, 30u}) {  // the sparse and the dense way
    std::vector<int> seen(100, 0);
    for (std::uint64_t seed = 0; seed < 20000; ++seed) {
      DrawRandom random(seed);
      std::set<std::size_t> once;
      for (std::size_t position : distinct_positions(100, count, random)) {
        ASSERT_LT(position, 100u);
        once.insert(position);
        seen[position] += 1;
      }
      ASSERT_EQ(once.size(), count);
    }
    const double expected = 200.0 * static_cast<double>(count);
    for (int times : seen) EXPECT_NEAR(times, expected, 6 * std::sqrt(expected));
  }
}

}  // namespace
}  // namespace autodidact
