#include "config/json_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace autodidact {
namespace {

TEST(JsonDepth, CountsOpenBracketsOutsideOfStrings) {
  EXPECT_TRUE(json_depth_within(R"({"a": [1, {"b": 2}], "c": [[]]})", 3));
  EXPECT_FALSE(json_depth_within(R"({"a": [1, {"b": [2]}]})", 3));
  EXPECT_TRUE(json_depth_within(R"(["[[[[", "\"[[[["])", 1));
}

TEST(JsonDepth, ClosingWhatWasNeverOpenedBuysNothing) {
  EXPECT_FALSE(json_depth_within("]]]]" + std::string(10, '['), 8));
  EXPECT_TRUE(json_depth_within("\"\\", 1));
}

}  // namespace
}  // namespace autodidact
