#include "tasks/scratchpad_format.hpp"

#include <gtest/gtest.h>

#include <random>

namespace autodidact {
namespace {

TEST(PaperFormat, WritesThePapersExampleCharacterForCharacter) {
  const auto format = make_paper_format();
  const Sum sum{"47", "85"};
  EXPECT_EQ(format->prompt(sum) + format->completion(sum),
            "Input:\n"
            "4 7 + 8 5\n"
            "Target:\n"
            "<scratch>\n"
            "4 7 + 8 5 , C: 0\n"
            "4 + 8 , 2 C: 1\n"
            ", 3 2 C: 1\n"
            "1 3 2\n"
            "</scratch>\n"
            "1 3 2");
}

TEST(PaperFormat, WithoutFinalCarryTheScratchpadEndsInAZeroAndTheAnswerDoesNot) {
  const Sum sum{"624", "259"};
  EXPECT_EQ(make_paper_format()->completion(sum),
            "<scratch>\n"
            "6 2 4 + 2 5 9 , C: 0\n"
            "2 + 5 , 3 C: 1\n"
            "6 + 2 , 8 3 C: 0\n"
            ", 8 8 3 C: 0\n"
            "0 8 8 3\n"
            "</scratch>\n"
            "8 8 3");
}

TEST(PaperFormat, OneDigitHasNoPairLine) {
  EXPECT_EQ(make_paper_format()->completion({"4", "3"}), "<scratch>\n4 + 3 , C: 0\n, 7 C: 0\n0 7\n</scratch>\n7");
}

TEST(PaperFormat, TheHintIsTheLastScratchpadLineAfterTarget) {
  EXPECT_EQ(make_paper_format()->hinted_prompt({"47", "85"}), "Input:\n4 7 + 8 5\nTarget: 1 3 2\n");
  EXPECT_EQ(make_paper_format()->hinted_prompt({"34", "45"}), "Input:\n3 4 + 4 5\nTarget: 0 7 9\n");
}

TEST(CompactFormat, WritesOneGroupPerColumnFromTheUnitsUp) {
  const auto format = make_compact_format();
  EXPECT_EQ(format->prompt({"47", "85"}), "47+85=");
  EXPECT_EQ(format->hinted_prompt({"47", "85"}), "47+85=(132)");
  EXPECT_EQ(format->completion({"47", "85"}), "75021,48131,132");
  EXPECT_EQ(format->completion({"60494", "65125"}), "45090,92011,41160,05050,66021,125619");
  EXPECT_EQ(format->completion({"0", "0"}), "00000,0");
}

class EveryFormat : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<const ScratchpadFormat> format_ =
      std::string_view(GetParam()) == "paper" ? make_paper_format() : make_compact_format();
  std::mt19937 rng_{11};

  Sum random_sum(std::size_t digits) {
    Sum sum{std::string(digits, '0'), std::string(digits, '0')};
    for (std::size_t i = 0; i < digits; ++i) {
      sum.a[i] = static_cast<char>('0' + rng_() % 10);
      sum.b[i] = static_cast<char>('0' + rng_() % 10);
    }
    return sum;
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat, ::testing::Values("compact", "paper"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EveryFormat, ReadsItsOwnPromptsAndAnswers) {
  for (std::size_t digits : {1, 2, 3, 5, 19, 40, 200}) {
    for (int i = 0; i < 20; ++i) {
      const Sum sum = random_sum(digits);
      ASSERT_EQ(format_->parse_prompt(format_->prompt(sum)), sum);
      ASSERT_EQ(format_->answer(format_->completion(sum)), add(sum));
      ASSERT_FALSE(format_->has_hint_marks(format_->completion(sum)));
    }
  }
}

TEST_P(EveryFormat, DoesNotTakeAHintedPromptForAPrompt) {
  EXPECT_FALSE(format_->parse_prompt(format_->hinted_prompt({"47", "85"})));
}

TEST_P(EveryFormat, WritesOnlyCharactersOfItsAlphabet) {
  const std::string alphabet = format_->alphabet();
  for (std::size_t digits = 1; digits <= 9; ++digits) {
    const Sum sum = random_sum(digits);
    for (const std::string& text : {format_->prompt(sum), format_->hinted_prompt(sum), format_->completion(sum)}) {
      EXPECT_EQ(text.find_first_not_of(alphabet), std::string::npos) << text;
    }
  }
}

TEST_P(EveryFormat, AnyBytesAreReadWithoutHarm) {
  const std::string good = format_->prompt({"47", "85"}) + format_->completion({"47", "85"});
  for (int i = 0; i < 20000; ++i) {
    std::string text = good.substr(rng_() % good.size());
    for (unsigned k = rng_() % 4; k > 0; --k) {
      if (!text.empty()) text[rng_() % text.size()] = static_cast<char>(rng_());
    }
    const auto answer = format_->answer(text);
    ASSERT_TRUE(!answer || is_digits(*answer));
    const auto sum = format_->parse_prompt(text);
    ASSERT_TRUE(!sum || (is_digits(sum->a) && is_digits(sum->b) && sum->a.size() == sum->b.size()));
  }
}

TEST_P(EveryFormat, RefusesPromptsThatAreNoSum) {
  for (const char* text : {"", "=", "+=", "1+=", "+1=", "1+2", "1+2=3", "12+3=", "1a+23=", "Input:\n\nTarget:\n",
                           "Input:\n1 +  2\nTarget:\n", "Input:\n1 2 + 3\nTarget:\n", "Input:\n + \nTarget:\n"}) {
    EXPECT_FALSE(format_->parse_prompt(text)) << text;
  }
  EXPECT_FALSE(format_->parse_prompt(format_->prompt(random_sum(kMaxDigits + 1))));
  EXPECT_TRUE(format_->parse_prompt(format_->prompt(random_sum(kMaxDigits))));
}

}  // namespace
}  // namespace autodidact
