#include "tasks/answer_check.hpp"

#include <gtest/gtest.h>

#include "tasks/hint.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

Problem with_reference(const std::string& reference) {
  Problem problem;
  problem.reference = reference;
  return problem;
}

TEST(StatedChoice, IsTheOneLetterThatIsStated) {
  for (const auto& [text, letter] : std::initializer_list<std::pair<const char*, char>>{
           {"Blotters absorb. Therefore, the answer is blotter (e).", 'e'},
           {"The answer is (B)", 'b'},
           {"the answer is B because it is", 'b'},
           {"Answer: c", 'c'},
           {"Answer: **D**", 'd'},
           {"Answer: b) blotter", 'b'},
           {"So \\boxed{C}.", 'c'},
           {"$\\boxed{\\text{C}}$", 'c'},
           {"<answer>a</answer>", 'a'},
           {"#### a", 'a'},
           {"It could be (a).\nNo: (b)", 'b'},
           {"b", 'b'},
           {"The answer is (b). I repeat: the answer is (b).", 'b'},
       }) {
    ASSERT_TRUE(stated_choice(text).has_value()) << text;
    EXPECT_EQ(*stated_choice(text), letter) << text;
  }
}

TEST(StatedChoice, RefusesNoneAndSeveral) {
  for (const char* text : {"", "I do not know.", "The answer is a dog.", "the answer is (a) or (b)",
                           "The answer is (a). The answer is (b).", "Answer: A, B, C, D, E", "The answer is (a)\nAnswer: b",
                           "I like vitamin B a lot", "(a) (b) (c)", "\xff\xfe(", "the answer is"}) {
    EXPECT_FALSE(stated_choice(text).has_value()) << text;
  }
}

TEST(CheckAnswer, ComparesChoicesByLetter) {
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("b"), "the answer is (b)").outcome, Outcome::kCorrect);
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("(B)"), "the answer is (b)").outcome, Outcome::kCorrect);
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("b"), "the answer is (c)").outcome, Outcome::kWrong);
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("b"), "the answer is (b) or (c)").outcome, Outcome::kWrong);
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("blotter"), "the answer is (b)").outcome, Outcome::kCannotJudge);
  EXPECT_EQ(check_answer(AnswerKind::kChoice, with_reference("b"), "the answer is (b)").extracted, "b");
}

TEST(CheckAnswer, ComparesTextWithoutCaseAndWhiteSpace) {
  for (const char* right :
       {"Thinking.\n#### New  york.", "The answer is New York.", "so \\boxed{new york}", "<answer> New\nYork </answer>",
        "I say\nNew York", "<answer>New York", "Answer: x\nAnswer: new york"}) {
    EXPECT_EQ(check_answer(AnswerKind::kExact, with_reference("New York"), right).outcome, Outcome::kCorrect) << right;
  }
  for (const char* wrong : {"", "New York\n#### York", "#### New York is it", "Answer: new york\nAnswer: x", "\\boxed{New York",
                            "<answer></answer>", "...."}) {
    EXPECT_EQ(check_answer(AnswerKind::kExact, with_reference("New York"), wrong).outcome, Outcome::kWrong) << wrong;
  }
}

TEST(CheckAnswer, LeavesMathematicsToItsChecker) {
  const Problem problem = with_reference("72");
  EXPECT_EQ(check_answer(AnswerKind::kMath, problem, "48+24 = 72\n#### 72").outcome, Outcome::kCorrect);
  EXPECT_EQ(check_answer(AnswerKind::kMath, problem, "48+24 = 70\n#### 70").outcome, Outcome::kWrong);
  EXPECT_EQ(check_answer(AnswerKind::kMath, problem, "48+24 = 72\n#### 72").extracted, "72");
}

TEST(CheckAnswer, CannotJudgeWithoutAReference) {
  Problem problem;
  problem.has_reference = false;
  for (const AnswerKind kind : {AnswerKind::kMath, AnswerKind::kExact, AnswerKind::kChoice}) {
    const Verdict verdict = check_answer(kind, problem, "I say\n#### 7");
    EXPECT_EQ(verdict.outcome, Outcome::kCannotJudge);
    EXPECT_EQ(verdict.extracted, "7") << "for reading";
  }
}

// Each of these was quadratic for a reader that looks at the rest of the line at every mark.
TEST(CheckAnswer, TakesLinearTimeForHostileText) {
  for (const char* piece : {"answer is ", "\\boxed{", "<answer>", "####", "answer:(", "(a)", "\n", "\xff", "\\", "a "}) {
    std::string text;
    while (text.size() < (1u << 18)) text += piece;
    for (const AnswerKind kind : {AnswerKind::kExact, AnswerKind::kChoice}) {
      EXPECT_NE(check_answer(kind, with_reference("b"), text).outcome, Outcome::kCorrect) << piece;
    }
    (void)bare_answer(text, "b");
    (void)speaks_of_hint(text);
    (void)unreached_answer(text + "#### 7", "7");
  }
  EXPECT_TRUE(unreached_answer(std::string(1u << 18, '1') + "#### 7", "7"));
  EXPECT_TRUE(unreached_answer(std::string(1u << 18, '.') + "#### 7", "7"));
}

TEST(Hint, IsGivenAwayBySpeakingOfIt) {
  for (const char* text :
       {"Using the hint, 72.", "The answer is 72, AS GIVEN.", "We use the  given\nanswer", "Since the answer is given"}) {
    EXPECT_TRUE(speaks_of_hint(text)) << text;
  }
  EXPECT_FALSE(speaks_of_hint("She sold 48/2 = 24 in May, 72 in all. The answer is 72."));
}

TEST(Hint, IsGivenAwayByABareAnswer) {
  for (const char* text :
       {"", "72", "#### 72", "The answer is 72.", "Therefore, the answer is 72.", "It is \\boxed{72}", "So it is 72"}) {
    EXPECT_TRUE(bare_answer(text, "72")) << text;
  }
  for (const char* text : {"48/2 = 24, 48+24 = 72", "In May she sold 24. #### 72", "half of 48 is 24, so the answer is 72"}) {
    EXPECT_FALSE(bare_answer(text, "72")) << text;
  }
}

TEST(Hint, IsGivenAwayByAnAnswerThatTheWorkingNeverComesTo) {
  for (const char* text :
       {"1/10 of 40 is 4, and 3/4 of it are 10.\n#### 72", "There are 720 of 7.2 and 2, with 0.72 of it left. #### 72",
        "She sells 24 and then 24 more, so the answer is 72"}) {
    EXPECT_TRUE(unreached_answer(text, "72")) << text;
  }
  for (const char* text : {"24 + 48 = 72.\n#### 72", "that is $72.00 in all\n#### 72", "24+48=72\nThe answer is 72.\n#### 72",
                           "no mark: 24 + 48 is 72"}) {
    EXPECT_FALSE(unreached_answer(text, "72")) << text;
  }
  EXPECT_FALSE(unreached_answer("5 * 200 = 1,000, which is it. #### 1000", "1000"));
  EXPECT_FALSE(unreached_answer("we owe 1000.0 #### -1000", "-1,000"));
  EXPECT_FALSE(unreached_answer("half of it is .5 #### 0.50", "$0.50"));
  EXPECT_FALSE(unreached_answer("nothing is left: 3 - 3 = 0 #### 0", "0"));
  EXPECT_TRUE(unreached_answer("10 - 3 = 7 #### 0", "0"));
  EXPECT_FALSE(unreached_answer("it has two roots #### x+1", "x+1")) << "nothing is said of what is no number";
  EXPECT_FALSE(unreached_answer("one half of it #### 1/2", "1/2"));
}

TEST(Text, NormalisesWhatDoesNotMakeAnotherQuestion) {
  EXPECT_EQ(normalised("  What\tIS\n\n2-3? "), "what is 2-3?");
  EXPECT_NE(normalised("2-3"), normalised("2+3"));
  EXPECT_EQ(normalised(" \n"), "");
  EXPECT_EQ(readable("a\x1b[1mb"), "a?[1mb");
  EXPECT_EQ(readable(std::string(63, 'x') + "\xC3\xA9y"), std::string(63, 'x') + "…") << "cut between characters";
}

}  // namespace
}  // namespace autodidact
