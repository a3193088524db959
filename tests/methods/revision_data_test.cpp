#include "methods/revision_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Levenshtein's table, whole.
std::size_t plain_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
      } else {
        table[i][j] = std::min({table[i - 1][j - 1] + (a[i - 1] != b[j - 1]), table[i - 1][j] + 1, table[i][j - 1] + 1});
      }
    }
  return table[a.size()][b.size()];
}

TEST(EditDistance, IsTheTablesUpToItsBound) {
  std::mt19937 random(3);
  const auto text = [&] {
    std::string text(random() % 14, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 5000; ++i) {
    const std::string a = text(), b = text();
    const std::size_t most = random() % 16;
    ASSERT_EQ(edit_distance(a, b, most), std::min(plain_distance(a, b), most + 1)) << a << " " << b << " " << most;
  }
}

TEST(EditDistance, KnowsTheExtremes) {
  EXPECT_EQ(edit_distance("", "", 0), 0u);
  EXPECT_EQ(edit_distance("", "abc", 9), 3u);
  EXPECT_EQ(edit_distance("abc", "", 2), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3u);
  EXPECT_EQ(edit_distance(std::string(200000, 'a'), "", 5), 6u) << "nothing is allocated for what cannot be near";
}

TEST(DrawShown, ShowsNoneToFourAndTheClosestLast) {
  const std::vector<std::string> wrong{"75021,48131,131", "1", "9,9,9", "750", "75021,48131,999", "x"};
  std::map<std::size_t, int> counts;
  std::set<std::size_t> others;
  for (AttemptId right = 1; right <= 5000; ++right) {
    const auto shown = draw_shown(right, "75021,48131,132", wrong, 1);
    ++counts[shown.size()];
    ASSERT_EQ(std::set(shown.begin(), shown.end()).size(), shown.size()) << "each once";
    ASSERT_TRUE(shown.empty() || shown.back() == 0);
    for (std::size_t i = 0; i + 1 < shown.size(); ++i) others.insert(shown[i]);
  }
  ASSERT_EQ(counts.size(), 5u);
  for (const auto& [number, count] : counts) EXPECT_NEAR(count, 1000, 150) << number;
  EXPECT_THAT(others, ElementsAre(1, 2, 3, 4, 5));
}

TEST(DrawShown, MakesDoWithFewer) {
  const std::vector<std::string> one{"a"};
  std::set<std::size_t> sizes;
  for (AttemptId right = 1; right <= 50; ++right) {
    EXPECT_THAT(draw_shown(right, "b", {}, 1), IsEmpty());
    sizes.insert(draw_shown(right, "b", one, 1).size());
  }
  EXPECT_THAT(sizes, ElementsAre(0, 1));
}

TEST(DrawShown, IsAFunctionOfAttemptAndSeed) {
  std::vector<std::string> wrong;
  for (int i = 0; i < 40; ++i) wrong.push_back("wrong " + std::to_string(i * i));
  std::set<std::vector<std::size_t>> drawn, other_seed;
  for (AttemptId right = 1; right <= 100; ++right) {
    EXPECT_EQ(draw_shown(right, "wrong 17", wrong, 1), draw_shown(right, "wrong 17", wrong, 1));
    drawn.insert(draw_shown(right, "wrong 17", wrong, 1));
    other_seed.insert(draw_shown(right, "wrong 17", wrong, 2));
  }
  EXPECT_GT(drawn.size(), 50u);
  EXPECT_NE(drawn, other_seed);
}

TEST(IsRevised, TakesItsShareOfAttempts) {
  int revised = 0;
  for (AttemptId right = 1; right <= 10000; ++right) {
    revised += is_revised(right, 0.3, 5);
    ASSERT_FALSE(is_revised(right, 0, 5));
    ASSERT_TRUE(is_revised(right, 1, 5));
  }
  EXPECT_NEAR(revised, 3000, 200);
}

JudgedAttempt attempt(std::vector<TokenId> prompt, std::vector<TokenId> tokens) {
  JudgedAttempt judged;
  judged.attempt.prompt_tokens = std::move(prompt);
  judged.attempt.tokens = std::move(tokens);
  judged.selection.weight = 0.5f;
  return judged;
}

TEST(RevisionExample, LearnsTheRightAttemptAlone) {
  const std::vector<TokenId> first{30, 31, 1}, second{40, 1};
  const std::span<const TokenId> shown[] = {first, second};
  const TrainExample example = revision_example(attempt({7, 8}, {50, 51, 1}), shown, 100);
  EXPECT_THAT(example.tokens, ElementsAre(7, 8, 30, 31, 1, 7, 8, 40, 1, 7, 8, 50, 51, 1));
  EXPECT_EQ(example.prompt_length, 11u);
  EXPECT_EQ(example.weight, 0.5f);
}

TEST(RevisionExample, LeavesOutTheOldestWhereThereIsNoRoom) {
  const std::vector<TokenId> first{30, 31, 1}, second{40, 1};
  const std::span<const TokenId> shown[] = {first, second};
  const JudgedAttempt right = attempt({7, 8}, {50, 51, 1});
  EXPECT_EQ(revision_example(right, shown, 14).tokens.size(), 14u);
  EXPECT_THAT(revision_example(right, shown, 13).tokens, ElementsAre(7, 8, 40, 1, 7, 8, 50, 51, 1));
  EXPECT_THAT(revision_example(right, shown, 8).tokens, ElementsAre(7, 8, 50, 51, 1));
  EXPECT_THAT(revision_example(right, {}, 8).tokens, ElementsAre(7, 8, 50, 51, 1));
}

TEST(ShownAttempts, AreTheLastFour) {
  std::vector<std::vector<TokenId>> attempts;
  for (TokenId i = 10; i < 16; ++i) attempts.push_back({i});
  const std::vector<std::span<const TokenId>> spans(attempts.begin(), attempts.end());
  const std::vector<TokenId> prompt{7};
  EXPECT_THAT(shown_attempts(spans, prompt, 100), ElementsAre(12, 7, 13, 7, 14, 7, 15, 7));
  EXPECT_THAT(shown_attempts(spans, prompt, 5), ElementsAre(14, 7, 15, 7));
  EXPECT_THAT(shown_attempts(spans, prompt, -1), IsEmpty());
}

}  // namespace
}  // namespace autodidact
