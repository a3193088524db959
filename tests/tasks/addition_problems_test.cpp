#include "tasks/addition_problems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace autodidact {
namespace {

TaskOptions one_to_five() {
  TaskOptions options;
  options.min_digits = 1;
  options.max_digits = 5;
  options.held_out_per_digit = 200;
  return options;
}

AdditionProblems make(const TaskOptions& options, std::uint64_t seed = 1) {
  return AdditionProblems::make(options, seed).value();
}

std::set<std::pair<std::string, std::string>> held_out_both_ways(const AdditionProblems& problems) {
  std::set<std::pair<std::string, std::string>> held;
  for (const Sum& sum : problems.held_out()) {
    held.insert({sum.a, sum.b});
    held.insert({sum.b, sum.a});
  }
  return held;
}

TEST(AdditionProblems, NoTrainingOrSeedSumIsHeldOutEvenSwapped) {
  const auto problems = make(one_to_five());
  const auto held = held_out_both_ways(problems);
  for (std::uint64_t index = 0; index < 100000; ++index) {
    const Sum training = problems.training(index), seed = problems.seed_example(1 + index % 5, index);
    ASSERT_FALSE(held.contains({training.a, training.b})) << training.a << "+" << training.b;
    ASSERT_FALSE(held.contains({seed.a, seed.b})) << seed.a << "+" << seed.b;
  }
}

TEST(AdditionProblems, HeldOutSumsAreDistinctAndShortOnesLeaveEnoughToTrainOn) {
  const auto problems = make(one_to_five());
  std::map<std::size_t, std::size_t> per_length;
  std::set<std::set<std::string>> distinct;
  for (const Sum& sum : problems.held_out()) {
    ++per_length[sum.a.size()];
    EXPECT_TRUE(distinct.insert({sum.a, sum.b}).second) << sum.a << "+" << sum.b;
  }
  EXPECT_EQ(per_length, (std::map<std::size_t, std::size_t>{{1, 20}, {2, 200}, {3, 200}, {4, 200}, {5, 200}}));

  std::set<std::pair<std::string, std::string>> one_digit;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const Sum sum = problems.seed_example(1, i);
    one_digit.insert({sum.a, sum.b});
  }
  EXPECT_EQ(one_digit.size() + held_out_both_ways(make([] {
                                 auto options = one_to_five();
                                 options.max_digits = 1;
                                 return options;
                               }()))
                                   .size(),
            100u);
}

TEST(AdditionProblems, EverySumIsInItsRange) {
  auto options = one_to_five();
  options.max_digits = 25;
  const auto problems = make(options);
  std::set<std::size_t> lengths;
  for (std::uint64_t index = 0; index < 20000; ++index) {
    const Sum sum = problems.training(index);
    ASSERT_EQ(sum.a.size(), sum.b.size());
    ASSERT_TRUE(is_digits(sum.a) && is_digits(sum.b));
    if (sum.a.size() > 1) {
      ASSERT_NE(sum.a[0], '0');
      ASSERT_NE(sum.b[0], '0');
    }
    lengths.insert(sum.a.size());
  }
  EXPECT_EQ(lengths.size(), 25u);
}

TEST(AdditionProblems, DigitsAndCarriesAreUniform) {
  auto options = one_to_five();
  options.min_digits = options.max_digits = 4;
  const auto problems = make(options);
  constexpr int kDraws = 50000;
  std::map<char, int> first, last;
  int carries = 0;
  for (std::uint64_t index = 0; index < kDraws; ++index) {
    const Sum sum = problems.training(index);
    ++first[sum.a[0]];
    ++last[sum.b[3]];
    carries += add_column(sum, 0, 0).carry_out;
  }
  for (char digit = '1'; digit <= '9'; ++digit) EXPECT_NEAR(first[digit], kDraws / 9, 400) << digit;
  for (char digit = '0'; digit <= '9'; ++digit) EXPECT_NEAR(last[digit], kDraws / 10, 400) << digit;
  EXPECT_NEAR(carries, kDraws * 0.45, 600);  // of 100 unit columns 45 carry
}

TEST(AdditionProblems, LengthsFollowTheirWeights) {
  auto options = one_to_five();
  options.digit_weights = {0, 1, 0, 3, 0};
  const auto problems = make(options);
  std::map<std::size_t, int> count;
  for (std::uint64_t index = 0; index < 20000; ++index) ++count[problems.training(index).a.size()];
  EXPECT_EQ(count.size(), 2u);
  EXPECT_NEAR(count[2], 5000, 350);
  EXPECT_NEAR(count[4], 15000, 350);
}

TEST(AdditionProblems, AnIndexNamesTheSameSumInEveryRunAndAnotherUnderAnotherSeed) {
  const auto a = make(one_to_five(), 7), again = make(one_to_five(), 7), other = make(one_to_five(), 8);
  int same = 0;
  for (std::uint64_t index : {0ull, 1ull, 999ull, 1ull << 40, ~0ull}) {
    EXPECT_EQ(a.training(index), again.training(index));
    same += a.training(index) == other.training(index);
  }
  EXPECT_LT(same, 3);
  EXPECT_EQ(a.held_out(), again.held_out());
  EXPECT_NE(a.held_out(), other.held_out());
}

TEST(AdditionProblems, LongerLengthsLaterLeaveTheShorterHeldOutSumsAsTheyWere) {
  auto longer = one_to_five();
  longer.max_digits = 9;
  const auto a = make(one_to_five()), b = make(longer);
  for (std::size_t i = 0; i < a.held_out().size(); ++i) EXPECT_EQ(a.held_out()[i], b.held_out()[i]);
}

TEST(AdditionProblems, ConsecutiveIndicesGiveFewRepeats) {
  auto options = one_to_five();
  options.min_digits = options.max_digits = 5;
  const auto problems = make(options);
  std::set<std::pair<std::string, std::string>> seen;
  for (std::uint64_t index = 0; index < 50000; ++index) {
    const Sum sum = problems.training(index);
    seen.insert({sum.a, sum.b});
  }
  EXPECT_GT(seen.size(), 49980u);  // 50,000 of 8.1e9: a fraction of one collision expected
}

TEST(AdditionProblems, OptionsThatMakeNoSenseAreNamed) {
  const auto message = [](auto change) {
    TaskOptions options = one_to_five();
    change(options);
    const auto problems = AdditionProblems::make(options, 1);
    EXPECT_EQ(problems.status().code(), Errc::kConfig);
    return problems.status().message();
  };
  EXPECT_THAT(message([](auto& o) { o.min_digits = 0; }), ::testing::HasSubstr("task.min_digits"));
  EXPECT_THAT(message([](auto& o) { o.max_digits = 0; }), ::testing::HasSubstr("task.max_digits"));
  EXPECT_THAT(message([](auto& o) { o.max_digits = 1'000'000'000; }), ::testing::HasSubstr("task.max_digits"));
  EXPECT_THAT(message([](auto& o) { o.held_out_per_digit = 0; }), ::testing::HasSubstr("task.held_out_per_digit"));
  EXPECT_THAT(message([](auto& o) { o.digit_weights = {1}; }), ::testing::HasSubstr("task.digit_weights"));
  EXPECT_THAT(message([](auto& o) { o.digit_weights = {0, 0, 0, 0, 0}; }), ::testing::HasSubstr("positive"));
  EXPECT_THAT(message([](auto& o) { o.digit_weights = {1, -1, 0, 0, 1}; }), ::testing::HasSubstr("negative"));
}

}  // namespace
}  // namespace autodidact
