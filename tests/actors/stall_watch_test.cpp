#include "actors/stall_watch.hpp"

#include <gtest/gtest.h>

namespace autodidact {
namespace {

TEST(StallWatch, NamesARoleWithinItsDeadlineAndWhatItWaitsFor) {
  StallWatch watch(1000);
  watch.progress("generator.0", 0);
  watch.waits("generator.0", "room downstream", 10);
  EXPECT_TRUE(watch.check(999).empty());
  const auto stalls = watch.check(1000);
  ASSERT_EQ(stalls.size(), 1u);
  EXPECT_EQ(stalls[0].text(), "generator.0 has made no progress for 1000 ms: waits for room downstream");
}

TEST(StallWatch, NamesItOncePerDeadline) {
  StallWatch watch(1000);
  watch.waits("trainer", "the ratio limiter", 0);
  EXPECT_EQ(watch.check(1500).size(), 1u);
  EXPECT_TRUE(watch.check(1900).empty());
  EXPECT_EQ(watch.check(2000).size(), 1u);
  EXPECT_EQ(watch.check(9000).size(), 1u);
  EXPECT_TRUE(watch.check(9001).empty());
}

// An engine that hangs in the first thing it was given after a rest.
TEST(StallWatch, OneThatWorksIsIdleNoMore) {
  StallWatch watch(1000);
  watch.idles("generator.0", 0);
  EXPECT_TRUE(watch.check(5000).empty());
  watch.waits("generator.0", "", 5000);
  EXPECT_TRUE(watch.check(5999).empty());
  const auto stalls = watch.check(6000);
  ASSERT_EQ(stalls.size(), 1u);
  EXPECT_EQ(stalls[0].text(), "generator.0 has made no progress for 1000 ms while working");
}

TEST(StallWatch, ProgressEndsAStall) {
  StallWatch watch(1000);
  watch.waits("trainer", "the device", 0);
  EXPECT_EQ(watch.check(1000).size(), 1u);
  EXPECT_TRUE(watch.stalled("trainer", 1000));
  watch.progress("trainer", 1100);
  EXPECT_FALSE(watch.stalled("trainer", 1100));
  EXPECT_TRUE(watch.check(2000).empty());
  const auto again = watch.check(2100);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].text(), "trainer has made no progress for 1000 ms while working");
}

TEST(StallWatch, RepeatingAWaitIsNoProgress) {
  StallWatch watch(1000);
  for (TimeMs now = 0; now < 1000; now += 100) watch.waits("filter", "replay", now);
  EXPECT_EQ(watch.check(1000).size(), 1u);
  EXPECT_EQ(watch.roles().at(0).waiting_since, 0);
}

TEST(StallWatch, AnIdleRoleCannotStall) {
  StallWatch watch(1000);
  watch.idles("evaluator", 0);
  EXPECT_TRUE(watch.check(100000).empty());
  watch.waits("evaluator", "the device", 100000);  // asked now: its time begins now
  EXPECT_TRUE(watch.check(100999).empty());
  EXPECT_EQ(watch.check(101000).size(), 1u);
}

TEST(StallWatch, FollowsTheWaitsToTheOneWhoHoldsEverybodyUp) {
  StallWatch watch(1000);
  watch.waits("generator.0", "verify_pool", 0);
  watch.waits("verify_pool", "replay", 0);
  watch.waits("replay", "the disk", 0);
  const auto stalls = watch.check(1000);
  ASSERT_EQ(stalls.size(), 3u);
  EXPECT_EQ(stalls[0].text(), "generator.0 has made no progress for 1000 ms: waits for verify_pool, held up by the disk");
}

TEST(StallWatch, ARingOfWaitsHasAnEnd) {
  StallWatch watch(1000);
  watch.waits("a", "b", 0);
  watch.waits("b", "a", 0);
  EXPECT_EQ(watch.check(1000).size(), 2u);
}

TEST(StallWatch, ForgetsWhoIsGone) {
  StallWatch watch(1000);
  watch.waits("generator.0", "work", 0);
  watch.remove("generator.0");
  EXPECT_TRUE(watch.check(5000).empty());
  EXPECT_TRUE(watch.roles().empty());
}

}  // namespace
}  // namespace autodidact
