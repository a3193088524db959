// Every gold solution of GSM8K's training split, judged against its own answer and against a changed one.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tasks/math/math_checker.hpp"

namespace autodidact {
namespace {

class Gsm8k : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(std::string(std::getenv("AD_SOURCE_DIR")) + "/../shared/data/gsm8k/train.jsonl");
    if (!file) GTEST_SKIP() << "no ../shared/data/gsm8k beside this clone";
    for (std::string line; std::getline(file, line);) answers_.push_back(nlohmann::json::parse(line)["answer"]);
    ASSERT_EQ(answers_.size(), 7473u);
  }
  static std::string number_of(const std::string& answer) { return answer.substr(answer.rfind("#### ") + 5); }
  std::vector<std::string> answers_;
};

TEST_F(Gsm8k, EveryGoldSolutionIsRightAgainstItsOwnAnswer) {
  for (const MathMode mode : {MathMode::kReward, MathMode::kEvaluation}) {
    std::size_t right = 0;
    for (const std::string& answer : answers_) {
      const MathCheck check = check_math(answer, number_of(answer), mode);
      right += check.verdict == MathVerdict::kRight;
      if (check.verdict != MathVerdict::kRight) ADD_FAILURE() << number_of(answer) << ": " << check.why;
    }
    EXPECT_EQ(right, answers_.size());
  }
}

TEST_F(Gsm8k, AChangedNumberIsWrong) {
  for (const MathMode mode : {MathMode::kReward, MathMode::kEvaluation}) {
    std::size_t wrong = 0;
    for (const std::string& answer : answers_) {
      std::string other = number_of(answer);
      char& digit = other[other.find_last_of("0123456789")];
      digit = digit == '9' ? '8' : static_cast<char>(digit + 1);
      wrong += check_math(answer, other, mode).verdict == MathVerdict::kWrong;
    }
    EXPECT_EQ(wrong, answers_.size());
  }
}

TEST_F(Gsm8k, ASolutionWithoutItsLastLineIsNoReward) {
  std::size_t wrong = 0;
  for (const std::string& answer : answers_) {
    wrong +=
        check_math(answer.substr(0, answer.rfind("####")), number_of(answer), MathMode::kReward).verdict == MathVerdict::kWrong;
  }
  EXPECT_EQ(wrong, answers_.size());
}

}  // namespace
}  // namespace autodidact
