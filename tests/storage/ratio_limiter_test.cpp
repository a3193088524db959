#include "storage/ratio_limiter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "storage/draw_random.hpp"

namespace autodidact {
namespace {

using Side = RatioLimiter::Side;

RatioLimits limits(double spi, std::uint64_t min_size, double min_diff, double max_diff) {
  return {.samples_per_insert = spi, .min_size = min_size, .min_diff = min_diff, .max_diff = max_diff};
}

TEST(RatioLimiter, BlocksSamplingUntilMinInserts) {
  RatioLimiter limiter(limits(1, 3, -10, 10), 0, 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(limiter.can_sample());
    EXPECT_TRUE(limiter.can_insert());
    limiter.inserted(1);
  }
  EXPECT_TRUE(limiter.can_sample());
}

TEST(RatioLimiter, StopsSamplingAtTheLowerEdgeOfTheBand) {
  RatioLimiter limiter(limits(2, 1, 0, 8), 1, 0);  // cursor 2
  EXPECT_TRUE(limiter.can_sample(2));
  EXPECT_FALSE(limiter.can_sample(3));
  limiter.sampled(2);
  EXPECT_FALSE(limiter.can_sample());
  EXPECT_NE(limiter.blocked_because(Side::kSample).find("min_diff 0"), std::string::npos);
  limiter.inserted(1);
  EXPECT_TRUE(limiter.can_sample());
  EXPECT_EQ(limiter.blocked_because(Side::kSample), "");
}

TEST(RatioLimiter, StopsInsertingAtTheUpperEdgeOfTheBand) {
  RatioLimiter limiter(limits(2, 1, 0, 8), 4, 0);  // cursor 8
  EXPECT_FALSE(limiter.can_insert());
  EXPECT_NE(limiter.blocked_because(Side::kInsert).find("max_diff 8"), std::string::npos);
  limiter.sampled(1);
  EXPECT_FALSE(limiter.can_insert());  // 7 + 2 > 8
  limiter.sampled(1);
  EXPECT_TRUE(limiter.can_insert());
}

TEST(RatioLimiter, LetsInsertsIntoAnEmptyStoreWhateverTheBand) {
  RatioLimiter limiter(limits(10, 5, -5, 20), 0, 0);  // 5 inserts bring the cursor to 50 > 20
  EXPECT_TRUE(limiter.can_insert(5));
  EXPECT_FALSE(limiter.can_insert(6));
  EXPECT_EQ(limiter.insert_room(), 5u);
}

TEST(RatioLimiter, RoomIsTheLargestGrantThatIsAllowed) {
  DrawRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    const double spi = 0.1 * static_cast<double>(1 + random.below(80));
    RatioLimiter limiter(limits(spi, random.below(50), -100, static_cast<double>(random.below(500))), random.below(300),
                         random.below(300));
    const std::uint64_t room = limiter.insert_room();
    EXPECT_TRUE(room == 0 || limiter.can_insert(room)) << room;
    EXPECT_FALSE(limiter.can_insert(room + 1)) << room;
  }
}

// Whatever the order of requests, the cursor stays in its band and one side can always go on.
TEST(RatioLimiter, NeverLeavesTheBandAndNeverStopsBothSides) {
  DrawRandom random(11);
  for (int round = 0; round < 200; ++round) {
    const double spi = 0.25 * static_cast<double>(1 + random.below(20));
    const std::uint64_t min_size = 1 + random.below(20);
    const double min_diff = -static_cast<double>(random.below(10));
    const RatioLimits chosen = limits(spi, min_size, min_diff, spi * static_cast<double>(min_size) + 2 * std::max(1.0, spi));
    ASSERT_TRUE(RatioLimiter::validate(chosen).ok());
    RatioLimiter limiter(chosen, 0, 0);
    for (int step = 0; step < 500; ++step) {
      ASSERT_TRUE(limiter.can_insert() || limiter.can_sample());
      if (random.below(2) == 0 && limiter.can_insert()) limiter.inserted(1);
      if (random.below(2) == 0 && limiter.can_sample()) limiter.sampled(1);
      ASSERT_GE(limiter.cursor(), chosen.min_diff);
      ASSERT_LE(limiter.cursor(), chosen.max_diff);
    }
  }
}

TEST(RatioLimiter, ContinuesFromPersistedCounters) {
  RatioLimiter limiter(limits(4, 1, 0, 100), 25, 90);
  EXPECT_DOUBLE_EQ(limiter.cursor(), 10);
  EXPECT_TRUE(limiter.can_sample(10));
  EXPECT_FALSE(limiter.can_sample(11));
}

TEST(RatioLimiter, NewLimitsApplyAtOnce) {
  RatioLimiter limiter(limits(1, 1, 0, 4), 4, 0);
  EXPECT_FALSE(limiter.can_insert());
  limiter.set_limits(limits(1, 1, 0, 10));
  EXPECT_TRUE(limiter.can_insert());
  limiter.set_limits(limits(1, 8, 0, 10));
  EXPECT_FALSE(limiter.can_sample());
  EXPECT_NE(limiter.blocked_because(Side::kSample).find("4 of min_size 8"), std::string::npos);
}

TEST(RatioLimiter, AddsUpBlockedTimePerSide) {
  RatioLimiter limiter(limits(1, 1, 0, 4), 0, 0);
  limiter.note(Side::kSample, true, 1'000'000'000);
  limiter.note(Side::kSample, true, 2'000'000'000);  // still the same wait
  EXPECT_DOUBLE_EQ(limiter.blocked_seconds(Side::kSample, 3'000'000'000), 2.0);
  limiter.note(Side::kSample, false, 4'000'000'000);
  limiter.note(Side::kSample, false, 5'000'000'000);
  limiter.note(Side::kSample, true, 6'000'000'000);
  EXPECT_DOUBLE_EQ(limiter.blocked_seconds(Side::kSample, 6'500'000'000), 3.5);
  EXPECT_DOUBLE_EQ(limiter.blocked_seconds(Side::kInsert, 9'000'000'000), 0.0);
}

TEST(RatioLimiterRules, RefuseWhatCannotWork) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(RatioLimiter::validate(limits(0, 1, 0, 10)).code(), Errc::kConfig);
  EXPECT_EQ(RatioLimiter::validate(limits(nan, 1, 0, 10)).code(), Errc::kConfig);
  EXPECT_EQ(RatioLimiter::validate(limits(1, 1, nan, 10)).code(), Errc::kConfig);
  EXPECT_NE(RatioLimiter::validate(limits(4, 1, 0, 7)).message().find("at least 8"), std::string::npos);
  EXPECT_NE(RatioLimiter::validate(limits(2, 3, 7, 100)).message().find("at most 6"), std::string::npos);
  EXPECT_TRUE(RatioLimiter::validate(limits(4, 1, 0, 8)).ok());
}

TEST(RatioLimiterRules, WarnOfABandThatClosesAtMinSize) {
  EXPECT_NE(RatioLimiter::warning(limits(4, 100, 0, 300)), "");
  EXPECT_EQ(RatioLimiter::warning(limits(4, 100, 0, 400)), "");
}

TEST(RatioLimiterRules, DefaultsOfTheConfigurationAreValidAndQuiet) {
  const RatioLimits chosen = ratio_limits(ReplayOptions{});
  EXPECT_TRUE(RatioLimiter::validate(chosen).ok());
  EXPECT_EQ(RatioLimiter::warning(chosen), "");
}

}  // namespace
}  // namespace autodidact
