#include "tasks/digits.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

TEST(Digits, AddAgreesWithMachineArithmeticOnEveryTwoDigitSum) {
  for (int a = 0; a < 100; ++a) {
    for (int b = 0; b < 100; ++b) {
      const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
      ASSERT_EQ(add({two(a), two(b)}), std::to_string(a + b));
    }
  }
}

TEST(Digits, AddAgreesWithMachineArithmeticUpToEighteenDigits) {
  std::mt19937_64 rng(3);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t low = 100'000'000'000'000'000ull, a = low + rng() % (9 * low), b = low + rng() % (9 * low);
    ASSERT_EQ(add({std::to_string(a), std::to_string(b)}), std::to_string(a + b));
  }
}

TEST(Digits, ACarryRunsThroughAThousandNines) {
  const Sum sum{std::string(1000, '9'), std::string(999, '0') + "1"};
  EXPECT_EQ(add(sum), "1" + std::string(1000, '0'));
}

TEST(Digits, ColumnsCarryAsTheSchoolMethodDoes) {
  const Column column = add_column({"47", "85"}, 0, 0);
  EXPECT_EQ(column.digit, 2);
  EXPECT_EQ(column.carry_out, 1);
  EXPECT_EQ(add_column({"99", "99"}, 1, 1).digit, 9);
}

TEST(Digits, LeadingZerosGoButZeroStays) {
  EXPECT_EQ(without_leading_zeros("0079"), "79");
  EXPECT_EQ(without_leading_zeros("000"), "0");
  EXPECT_EQ(without_leading_zeros(""), "");
  EXPECT_EQ(add({"00", "00"}), "0");
}

TEST(Digits, OnlyDigitsAreDigits) {
  EXPECT_TRUE(is_digits("0123456789"));
  for (const char* text : {"", "-1", "1.5", " 1", "1\n", "\xD9\xA1"}) EXPECT_FALSE(is_digits(text)) << text;
}

TEST(CounterHash, DependsOnEveryWordAndOnTheirOrder) {
  EXPECT_NE(counter_hash({1, 2}), counter_hash({2, 1}));
  EXPECT_NE(counter_hash({1}), counter_hash({1, 0}));
  static_assert(counter_hash({7}) == counter_hash({7}));
}

TEST(CounterHash, DrawsAreUniform) {
  int counts[10] = {};
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    ++counts[below(counter_hash({i}), 10)];
    sum += unit(counter_hash({i, 1}));
  }
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);  // five standard deviations
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

}  // namespace
}  // namespace autodidact
