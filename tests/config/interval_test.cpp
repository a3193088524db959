#include "config/interval.hpp"

#include <gtest/gtest.h>

namespace autodidact {
namespace {

TEST(Wilson, GivesTheTextbooksIntervals) {
  EXPECT_NEAR(wilson(10, 20).low, 0.2993, 1e-4);
  EXPECT_NEAR(wilson(10, 20).high, 0.7007, 1e-4);
  EXPECT_NEAR(wilson(0, 10).high, 0.2775, 1e-4);
  EXPECT_NEAR(wilson(81, 263).low, 0.2553, 1e-4);  // Newcombe 1998, table I
  EXPECT_NEAR(wilson(81, 263).high, 0.3662, 1e-4);
}

TEST(Wilson, StaysWithinZeroAndOneAndIsSureOfNothingWithoutData) {
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
  EXPECT_GE(wilson(0, 3).low, 0);
  EXPECT_LE(wilson(3, 3).high, 1);
  EXPECT_NEAR(wilson(3, 3).high, 1, 1e-12);
  EXPECT_GT(wilson(3, 3).low, 0.4);
}

}  // namespace
}  // namespace autodidact
