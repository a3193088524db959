#include "tasks/addition_judge.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace autodidact {
namespace {

class AdditionJudge : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<const ScratchpadFormat> format_ =
      std::string_view(GetParam()) == "paper" ? make_paper_format() : make_compact_format();

  Problem problem(const Sum& sum) const {
    Problem problem;
    problem.task = "addition";
    problem.prompt = format_->prompt(sum);
    problem.reference = add(sum);
    return problem;
  }
  Verdict judge(const Sum& sum, std::string_view completion, bool process) const {
    return judge_addition(*format_, problem(sum), completion, process);
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, AdditionJudge, ::testing::Values("compact", "paper"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(AdditionJudge, TheRightScratchpadIsCorrectInEveryStep) {
  for (const Sum& sum :
       {Sum{"4", "7"}, Sum{"47", "85"}, Sum{"99999", "00001"}, Sum{std::string(50, '9'), std::string(50, '8')}}) {
    const Verdict verdict = judge(sum, format_->completion(sum), true);
    EXPECT_EQ(verdict.outcome, Outcome::kCorrect);
    EXPECT_EQ(verdict.score, 1.0f);
    EXPECT_TRUE(verdict.answer_correct);
    EXPECT_EQ(verdict.checker, "addition.scratchpad");
    for (float score : verdict.step_scores) EXPECT_EQ(score, 1.0f);
  }
}

TEST_P(AdditionJudge, AnyChangedCharacterMakesTheProcessWrong) {
  const Sum sum{"4785", "8562"};
  const std::string right = format_->completion(sum);
  for (std::size_t i = 0; i < right.size(); ++i) {
    for (char c : format_->alphabet() + std::string("\0\xFF", 2)) {
      if (c == right[i]) continue;
      std::string changed = right;
      changed[i] = c;
      const Verdict verdict = judge(sum, changed, true);
      ASSERT_EQ(verdict.outcome, Outcome::kWrong) << changed;
      ASSERT_EQ(verdict.score, 0.0f);
      ASSERT_EQ(verdict.step_scores.back(), 0.0f);
    }
  }
}

TEST_P(AdditionJudge, AnyDroppedOrInsertedCharacterMakesTheProcessWrong) {
  const Sum sum{"478", "856"};
  const std::string right = format_->completion(sum);
  for (std::size_t i = 0; i <= right.size(); ++i) {
    std::string longer = right, shorter = right;
    longer.insert(i, 1, '0');
    if (i < right.size()) shorter.erase(i, 1);
    for (const std::string& changed : {longer, shorter}) {
      const Outcome outcome = judge(sum, changed, true).outcome;
      ASSERT_EQ(outcome, changed == right ? Outcome::kCorrect : Outcome::kWrong) << changed;
    }
  }
}

TEST_P(AdditionJudge, AnswerOnlyPassesWhatIsWrongInTheScratchpadAlone) {
  const Sum sum{"478", "856"};
  const std::string right = format_->completion(sum);
  const std::size_t working = right.find_last_of(",\n");
  int passed = 0;
  for (std::size_t i = 0; i < working; ++i) {
    if (right[i] < '0' || right[i] > '9') continue;
    std::string changed = right;
    changed[i] = right[i] == '9' ? '0' : static_cast<char>(right[i] + 1);
    const Verdict lenient = judge(sum, changed, false), strict = judge(sum, changed, true);
    EXPECT_EQ(lenient.outcome, Outcome::kCorrect) << changed;
    EXPECT_EQ(lenient.checker, "addition.answer");
    EXPECT_LT(lenient.step_scores.back(), 1.0f) << "the wrong step shows even when the checker does not ask for it";
    EXPECT_EQ(strict.outcome, Outcome::kWrong);
    EXPECT_TRUE(strict.answer_correct);
    ++passed;
  }
  EXPECT_GE(passed, 15);
}

TEST_P(AdditionJudge, AWrongAnswerIsWrongForBothCheckers) {
  const Sum sum{"47", "85"};
  const std::string other = format_->completion({"47", "86"});
  for (bool process : {false, true}) {
    const Verdict verdict = judge(sum, other, process);
    EXPECT_EQ(verdict.outcome, Outcome::kWrong);
    EXPECT_FALSE(verdict.answer_correct);
    EXPECT_EQ(verdict.extracted, "133");
  }
}

TEST_P(AdditionJudge, WithoutReferenceOrWithAForeignPromptItCannotJudge) {
  Problem unknown = problem({"47", "85"});
  unknown.has_reference = false;
  EXPECT_EQ(judge_addition(*format_, unknown, format_->completion({"47", "85"}), true).outcome, Outcome::kCannotJudge);
  Problem foreign = problem({"47", "85"});
  foreign.prompt = "What is 47 plus 85?";
  EXPECT_EQ(judge_addition(*format_, foreign, "132", false).outcome, Outcome::kCannotJudge);
}

TEST_P(AdditionJudge, HostileCompletionsAreWrongQuicklyAndBounded) {
  const Sum sum{"47", "85"};
  const std::size_t million = 1 << 20;
  std::string random(million, '\0');
  std::mt19937 rng(5);
  for (char& c : random) c = static_cast<char>(rng());
  const std::string right = format_->completion(sum);
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& text :
       {std::string(), std::string(million, '\0'), std::string(million, '9'), std::string(million, ','),
        std::string(million, '\n'), std::string(million, ' '), std::string("\xC3\x28\xFF\xFE"), random,
        right + std::string(million, '2'), right + std::string(1, '\0'), "</scratch>\n" + std::string(million, '1')}) {
    for (bool process : {false, true}) {
      const Verdict verdict = judge(sum, text, process);
      EXPECT_EQ(verdict.outcome, Outcome::kWrong);
      EXPECT_LE(verdict.extracted.size(), 80u);
      EXPECT_LE(verdict.step_scores.size(), 16u);
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << "22 megabytes: milliseconds when linear";
}

TEST_P(AdditionJudge, RandomTextOverTheAlphabetIsCorrectOnlyWhenItIsTheRightText) {
  const Sum sum{"4", "3"};
  const std::string right = format_->completion(sum), alphabet = format_->alphabet();
  std::mt19937 rng(9);
  for (int i = 0; i < 50000; ++i) {
    std::string text = rng() % 2 == 0 ? right : std::string();
    for (unsigned k = rng() % 3; k > 0; --k) {
      text.insert(rng() % (text.size() + 1), 1, alphabet[rng() % alphabet.size()]);
    }
    if (!text.empty() && rng() % 4 == 0) text.erase(rng() % text.size(), 1 + rng() % 3);
    ASSERT_EQ(judge(sum, text, true).outcome == Outcome::kCorrect, text == right) << text;
  }
}

TEST(AdditionJudgeSteps, TheFirstWrongStepAndAllAfterItScoreZero) {
  const auto format = make_compact_format();
  Problem problem;
  problem.prompt = "478+856=";
  problem.reference = "1334";
  const auto scores = [&](std::string_view text) { return judge_addition(*format, problem, text, true).step_scores; };
  EXPECT_EQ(scores("86041,75131,48131,1334"), (std::vector<float>{1, 1, 1, 1}));
  EXPECT_EQ(scores("86041,75121,48131,1334"), (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(scores("86041,75131,48131,1335"), (std::vector<float>{1, 1, 1, 0}));
  EXPECT_EQ(scores("86041,75131"), (std::vector<float>{1, 0, 0, 0})) << "a step that does not end is not finished";
  EXPECT_EQ(scores("86041,75131,48131,1334,"), (std::vector<float>{1, 1, 1, 0}));
  EXPECT_EQ(scores("1334"), (std::vector<float>{0, 0, 0, 0}));
}

}  // namespace
}  // namespace autodidact
