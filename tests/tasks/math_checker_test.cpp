#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tasks/math/check.hpp"
#include "tests/tasks/math_cases.hpp"

namespace autodidact {
namespace {

using test::MathCase;
using test::name_of;

constexpr auto kReward = MathMode::kReward;
constexpr auto kEvaluation = MathMode::kEvaluation;

class MathTable : public ::testing::Test {
 protected:
  // Every case of a section, in both modes.
  static void check_section(const std::string& section, std::size_t at_least) {
    std::size_t count = 0;
    for (const MathCase& c : test::read_math_cases(std::string(std::getenv("AD_SOURCE_DIR")) + "/tests/tasks/math_cases.txt")) {
      if (c.section != section) continue;
      ++count;
      for (const auto& [mode, expected] : {std::pair(kReward, c.reward), std::pair(kEvaluation, c.evaluation)}) {
        const MathCheck check = check_math(c.completion(), c.reference, mode);
        EXPECT_STREQ(name_of(check.verdict), name_of(expected))
            << "  reference " << c.reference << "   answer " << c.answer << (mode == kReward ? "   reward" : "   evaluation")
            << "\n  why: " << check.why;
        EXPECT_FALSE(check.why.empty());
      }
    }
    EXPECT_GE(count, at_least);
  }
};

TEST_F(MathTable, Normalises) { check_section("normalise", 80); }
TEST_F(MathTable, ComparesNumbers) { check_section("numbers", 90); }
TEST_F(MathTable, ComparesStructures) { check_section("structures", 120); }
TEST_F(MathTable, IsAsymmetricOnPurpose) { check_section("asymmetry", 10); }
TEST_F(MathTable, HasThreeOutcomes) { check_section("three values", 10); }
TEST_F(MathTable, ResistsHacks) { check_section("hacks", 15); }

std::string reward_answer(std::string_view text) { return extract_math_answer(text, kReward).value_or("(none)"); }
std::string evaluation_answer(std::string_view text) { return extract_math_answer(text, kEvaluation).value_or("(none)"); }

TEST(MathExtraction, TakesTheLastCompleteBoxWithItsBraces) {
  EXPECT_EQ(reward_answer("\\boxed{1} then \\boxed{\\frac{1}{2}}."), "\\frac{1}{2}");
  EXPECT_EQ(reward_answer("\\boxed{\\{1,2\\}}"), "\\{1,2\\}");
  EXPECT_EQ(reward_answer("\\fbox{3}"), "3");
  EXPECT_EQ(reward_answer("\\boxed {a\n+b}"), "a\n+b");
  EXPECT_EQ(reward_answer("\\boxed{\\boxed{5}}"), "\\boxed{5}");
  EXPECT_EQ(reward_answer("\\boxed{1} and \\boxed{2}"), "1, 2");
  EXPECT_EQ(reward_answer("\\boxed{1}$ or $\\boxed{2}"), "1 or 2");
}

TEST(MathExtraction, TakesWhatStandsBehindTheHashes) {
  EXPECT_EQ(reward_answer("48/2 = 24\n#### 72"), "72");
  EXPECT_EQ(reward_answer("#### 1,234\n"), "1,234");
  EXPECT_EQ(reward_answer("##### 7"), "(none)");
  EXPECT_EQ(reward_answer("#### Step 1: add\nwords\n#### 7"), "7");
  EXPECT_EQ(reward_answer("####"), "(none)");
}

TEST(MathExtraction, BrokenOffTextHasNoAnswer) {
  EXPECT_EQ(reward_answer("so 41 and \\boxed{4"), "(none)");
  EXPECT_EQ(evaluation_answer("so 41 and \\boxed{4"), "(none)");
  EXPECT_EQ(reward_answer("\\boxed{3} no, \\boxed{4"), "(none)");
  EXPECT_EQ(evaluation_answer("\\boxed{3} no, \\boxed{4"), "3");
  EXPECT_EQ(evaluation_answer("<think>\\boxed{3}"), "(none)");
  EXPECT_EQ(evaluation_answer("<think>\\boxed{3}</think>\\boxed{4}"), "4");
  EXPECT_EQ(check_math("that makes 41 and \\boxed{", "41", kEvaluation).verdict, MathVerdict::kWrong);
}

TEST(MathExtraction, EvaluationReadsSentencesAndFormulas) {
  EXPECT_EQ(evaluation_answer("First 3. The final answer is 42. Thanks."), "42");
  EXPECT_EQ(evaluation_answer("**Answer:** $\\frac12$"), "$\\frac12$");
  EXPECT_EQ(evaluation_answer("we get $x=3$ and so $y = 4$, done"), "y = 4");
  EXPECT_EQ(evaluation_answer("thus \\[ x = 1 \\] holds"), "x = 1");
  EXPECT_EQ(evaluation_answer("thus \\(\\pi\\)"), "\\pi");
  EXPECT_EQ(evaluation_answer("It costs $5 and $6 more."), "(none)");
  EXPECT_EQ(reward_answer("The answer is 42."), "(none)");
}

TEST(MathExtraction, LastNumberOnlyForNumbersAndOnlyInEvaluations) {
  const auto verdict = [](const char* reference, MathMode mode) {
    return check_math("He has 3 and pays $18 in all.", reference, mode).verdict;
  };
  EXPECT_EQ(verdict("18", kEvaluation), MathVerdict::kRight);
  EXPECT_EQ(verdict("3", kEvaluation), MathVerdict::kWrong);
  EXPECT_EQ(verdict("18", kReward), MathVerdict::kWrong);
  EXPECT_EQ(verdict("x^{18}", kEvaluation), MathVerdict::kWrong);
  EXPECT_EQ(check_math("The answer is 7. See page 12", "12", kEvaluation).verdict, MathVerdict::kWrong);
  EXPECT_EQ(check_math("The answer is what he pays, so 18.", "18", kEvaluation).verdict, MathVerdict::kRight);
  EXPECT_EQ(check_math("so it falls by -1,250.5 in all", "-1250.5", kEvaluation).verdict, MathVerdict::kRight);
}

TEST(MathExtraction, ARewardWantsEveryStatedAnswerRight) {
  EXPECT_EQ(check_math("\\boxed{7}. Or else \\boxed{8}.", "7", kReward).verdict, MathVerdict::kWrong);
  EXPECT_EQ(check_math("\\boxed{8}. Or else \\boxed{7}.", "7", kReward).verdict, MathVerdict::kWrong);
  EXPECT_EQ(check_math("\\boxed{8}. Or else \\boxed{7}.", "7", kEvaluation).verdict, MathVerdict::kRight);
  EXPECT_EQ(check_math("\\boxed{7}\n#### 7", "7", kReward).verdict, MathVerdict::kRight);
  EXPECT_EQ(check_math("\\boxed{7}\n#### 8", "7", kReward).verdict, MathVerdict::kWrong);
  EXPECT_EQ(check_math("#### 7\n\nQ: next one\n#### 9", "7", kReward).verdict, MathVerdict::kWrong);
  EXPECT_EQ(check_math("\\boxed{7} and \\boxed{8}", "7,8", kReward).verdict, MathVerdict::kRight);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "#### 7\n";
  EXPECT_EQ(check_math(many, "7", kReward).verdict, MathVerdict::kWrong);
}

TEST(MathExtraction, AReferenceMayBeAWorkedSolution) {
  EXPECT_EQ(check_math("#### 72", "48/2 = 24\n#### 72", kReward).verdict, MathVerdict::kRight);
  EXPECT_EQ(check_math("\\boxed{0.5}", "so $x = \\boxed{\\frac{1}{2}}$.", kReward).verdict, MathVerdict::kRight);
}

}  // namespace
}  // namespace autodidact
