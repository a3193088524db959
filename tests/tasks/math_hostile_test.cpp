// Texts made to cost time, memory or stack. What is bounded is counted, not timed.

#include <gtest/gtest.h>

#include <functional>

#include "tasks/math/check.hpp"

namespace autodidact {
namespace {

std::string repeated(std::string_view part, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += part;
  return out;
}

// Judges `text` as an answer and as a reference, in both modes, and returns the verdict as an answer to 5 in a reward.
MathVerdict survive(const std::string& text) {
  for (const MathMode mode : {MathMode::kReward, MathMode::kEvaluation}) {
    for (const std::string& completion :
         {text, "\\boxed{" + text + "}", "#### " + text, "The answer is " + text, "$" + text + "$"}) {
      const bool large = text.size() > 20'000;
      for (const std::string& reference :
           large ? std::vector<std::string>{"5", text} : std::vector<std::string>{"5", "x^2 + 1", "(1, 2)", text}) {
        math::Work work;
        const MathCheck check = math::check_counted(completion, reference, mode, work);
        // One step past the limit may be a large one: a product of the longest numbers.
        EXPECT_LE(work.spent(), 2 * math::kMaxWork);
        EXPECT_LT(check.why.size(), 400u);
      }
    }
  }
  return check_math("\\boxed{" + text + "}", "5", MathMode::kReward).verdict;
}

TEST(MathHostile, NestedBracesAndBrackets) {
  for (const char* open : {"{", "(", "[", "\\{", "\\boxed{", "\\frac{", "\\sqrt{", "\\text{", "|", "\\left(", "-", "2^", "f(",
                           "\\sin ", "\\langle "}) {
    EXPECT_EQ(survive(repeated(open, 100'000 / std::string_view(open).size())), MathVerdict::kWrong) << open;
    EXPECT_EQ(survive(repeated(open, 2'000)), MathVerdict::kWrong) << open;
  }
  EXPECT_EQ(survive(repeated("(", 3'000) + "5" + repeated(")", 3'000)), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("(", 10) + "5" + repeated(")", 10)), MathVerdict::kRight);
}

TEST(MathHostile, LongNumbers) {
  EXPECT_EQ(survive(repeated("7", 1'000'000)), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("7", 10'000)), MathVerdict::kWrong);
  EXPECT_EQ(survive("1e999999999"), MathVerdict::kWrong);
  EXPECT_EQ(survive("1e-99999999999999999999"), MathVerdict::kWrong);
  EXPECT_EQ(survive("0." + repeated("3", 1'900) + "\\overline{" + repeated("7", 90) + "}"), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("1,000", 3'000)), MathVerdict::kWrong);
}

TEST(MathHostile, TowersAndFactorials) {
  for (const char* text :
       {"9^{9^{9}}", "9^{9^{9^{9}}}", "9^9^9^9^9^9", "1000!!", "1000!!!!!!", "99999999999!", "(1000!)^{1000}", "2^{-99999}",
        "(1/3)^{9999}", "\\binom{100000}{50000}", "\\sqrt[1000]{2^{16000}}", "(2^{16000})!", "0^{0}", "0^{-1}", "1/0",
        "\\log 0", "\\tan 90^\\circ", "1^{9^{9^9}}", "10^{10^{10}} - 10^{10^{10}}"}) {
    EXPECT_EQ(survive(text), MathVerdict::kWrong) << text;
  }
  EXPECT_EQ(survive(repeated("1000!+", 2'000) + "1"), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("(2^{9999}+1/7)", 400)), MathVerdict::kWrong);
}

TEST(MathHostile, LongListsAndChains) {
  EXPECT_EQ(survive("\\{" + repeated("1,", 10'000) + "1\\}"), MathVerdict::kWrong);
  EXPECT_EQ(survive("\\{" + repeated("x,", 1'000) + "1\\}"), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("[1,2]\\cup", 500) + "[1,2]"), MathVerdict::kWrong);
  for (const char* part :
       {"1/", "x+", "x<", "1 or ", "\\pm ", "\\pm 1, ", "x^", "!", "5!", "'", "_", "x_", "&", "\\\\", "5 cm ", "\\cup "}) {
    EXPECT_EQ(survive(repeated(part, 1'500) + "5"), MathVerdict::kWrong) << part;
  }
  EXPECT_EQ(survive(repeated("x=", 1'500) + "5"), MathVerdict::kRight);  // it is 5, after all
  EXPECT_EQ(survive("\\begin{pmatrix}" + repeated("1&", 1'500) + "1\\end{pmatrix}"), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("(x+1)(y-2)", 300)), MathVerdict::kWrong);
}

TEST(MathHostile, ManyMarks) {
  for (const char* part : {"####", "#### 5\n", "\\boxed{5}", "\\boxed{", "\\boxed{5", "$", "$x$", "\\(", "\\[", "$$",
                           "answer is ", "<think>", "</think>", "1 "}) {
    survive(repeated(part, 20'000));
  }
}

TEST(MathHostile, BytesThatAreNoText) {
  for (const char* text : {"\xFF\xFE", "5\xC3", "\xED\xA0\x80", "\xF8\x88\x80\x80\x80", "5\xC0\x80"}) {
    EXPECT_EQ(survive(text), MathVerdict::kWrong);
  }
  EXPECT_EQ(survive(std::string("5\0", 2)), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("\xE2\x88\x9A", 30'000)), MathVerdict::kWrong);
  EXPECT_EQ(survive(repeated("²", 3'000)), MathVerdict::kWrong);
  std::string noise;
  for (unsigned i = 0, x = 1; i < 20'000; ++i, x = x * 1664525u + 1013904223u) noise += static_cast<char>(x >> 24);
  EXPECT_EQ(survive(noise), MathVerdict::kWrong);
}

TEST(MathHostile, ALongTextIsReadOnce) {
  const std::string filler = repeated("We add 12 and $x^2$ and go on.\n", 40'000);
  math::Work work;
  EXPECT_EQ(math::check_counted(filler + "\\boxed{5}", "5", MathMode::kReward, work).verdict, MathVerdict::kRight);
  EXPECT_LT(work.spent(), 1'000u);
}

}  // namespace
}  // namespace autodidact
