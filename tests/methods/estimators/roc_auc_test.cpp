#include "methods/estimators/roc_auc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace autodidact {
namespace {

// By its definition, pair by pair.
double by_pairs(const std::vector<LabelledValue>& values) {
  double won = 0, pairs = 0;
  for (const auto& a : values)
    for (const auto& b : values) {
      if (!a.positive || b.positive) continue;
      won += a.value > b.value ? 1 : a.value == b.value ? 0.5 : 0;
      ++pairs;
    }
  return won / pairs;
}

TEST(RocAuc, IsOneWhenAllPositivesAreAboveAndZeroWhenBelow) {
  const std::vector<LabelledValue> good = {{0.9, true}, {0.1, false}, {0.8, true}, {0.2, false}};
  EXPECT_EQ(roc_auc(good), 1);
  const std::vector<LabelledValue> bad = {{0.1, true}, {0.9, false}};
  EXPECT_EQ(roc_auc(bad), 0);
}

TEST(RocAuc, AConstantTellsNothingApart) {
  const std::vector<LabelledValue> same = {{0.5, true}, {0.5, false}, {0.5, false}};
  EXPECT_EQ(roc_auc(same), 0.5);
}

TEST(RocAuc, EqualsTheShareOfPairsInTheRightOrderWithTies) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<LabelledValue> values = {{3, true}, {3, false}};
    for (int i = 0; i < 60; ++i) values.push_back({static_cast<double>(random() % 7), random() % 3 == 0});
    EXPECT_NEAR(roc_auc(values), by_pairs(values), 1e-12);
  }
}

TEST(RocAuc, NeedsBothKinds) {
  const std::vector<LabelledValue> one = {{1, true}, {2, true}};
  EXPECT_TRUE(std::isnan(roc_auc(one)));
  EXPECT_TRUE(std::isnan(roc_auc({})));
}

}  // namespace
}  // namespace autodidact
