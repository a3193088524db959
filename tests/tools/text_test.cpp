// The client's words in and out: arguments, escaping, widths, tables, JSON views.

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <span>

#include "tests/tools/sample_store.hpp"
#include "tools/arguments.hpp"
#include "tools/json_view.hpp"
#include "tools/step_texts.hpp"
#include "tools/table.hpp"

namespace autodidact {
namespace {

TEST(Arguments, VersionsWithAndWithoutTheirLetter) {
  EXPECT_EQ(parse_version("12").value(), 12u);
  EXPECT_EQ(parse_version("v12").value(), 12u);
  for (const char* bad : {"", "v", "12x", "-1", "vv1", "4294967296", " 1"}) {
    EXPECT_EQ(parse_version(bad).status().code(), Errc::kUsage) << bad;
  }
}

TEST(Arguments, RangesOpenAndClosed) {
  EXPECT_EQ(parse_count_range("10..40").value().low, 10u);
  EXPECT_EQ(parse_count_range("10..40").value().high, 40u);
  EXPECT_FALSE(parse_count_range("10..").value().high.has_value());
  EXPECT_FALSE(parse_count_range("..40").value().low.has_value());
  EXPECT_EQ(parse_count_range("7").value().high, 7u);
  EXPECT_DOUBLE_EQ(*parse_real_range("0.25..1").value().low, 0.25);
  EXPECT_DOUBLE_EQ(*parse_real_range("..-0.5").value().high, -0.5);
  for (const char* bad : {"", "..", "a..b", "1...2", "1..2..3", "1-2"}) {
    EXPECT_EQ(parse_count_range(bad).status().code(), Errc::kUsage) << bad;
  }
}

TEST(Arguments, TimesAgoAndOnTheCalendar) {
  const std::int64_t now = 1'700'000'000'000'000;
  EXPECT_EQ(parse_time("2h", now).value(), now - 7'200'000'000);
  EXPECT_EQ(parse_time("3d", now).value(), now - 3 * 86'400'000'000);
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(parse_time("2023-11-14 22:13:20", now).value(), now);
  EXPECT_EQ(parse_time("2023-11-14T22:13:20", now).value(), now);
  EXPECT_EQ(parse_time("2023-11-14", now).value(), 1'699'920'000'000'000);
  for (const char* bad : {"", "h", "-2h", "yesterday", "2023-13-45x", "9999999999999h"}) {
    EXPECT_EQ(parse_time(bad, now).status().code(), Errc::kUsage) << bad;
  }
}

TEST(Arguments, ADirectoryIsTakenOffTheEnd) {
  std::vector<std::string> words = {"1", "2", "runs/x"};
  EXPECT_EQ(take_directory(words), "runs/x");
  EXPECT_EQ(words.size(), 2u);
  EXPECT_EQ(take_directory(words), "");
}

TEST(Escape, NothingATerminalObeysGetsThrough) {
  const std::string safe = escape_text(hostile_text());
  for (std::size_t i = 0; i < safe.size(); ++i) {
    const auto byte = static_cast<unsigned char>(safe[i]);
    EXPECT_GE(byte, 0x20) << i;
    EXPECT_NE(byte, 0x7F) << i;
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(safe[i + 1]) < 0xA0;
    EXPECT_FALSE(c1) << "a C1 control at " << i;
  }
  EXPECT_EQ(safe.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_NE(safe.find("\\u001b]0;owned\\u0007"), std::string::npos);
  EXPECT_NE(safe.find("\\xff\\xfe"), std::string::npos);
  EXPECT_NE(safe.find("日本語"), std::string::npos);
}

TEST(Escape, EveryByteSequenceOfThreeComesOutPrintable) {
  for (int a = 0; a < 256; a += 5) {
    for (int b = 0; b < 256; b += 3) {
      for (int c = 0; c < 256; c += 7) {
        const std::string text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        const std::string safe = escape_text(text);
        ASSERT_EQ(escape_text(safe), safe);  // nothing unsafe is left
        for (const char byte : safe) ASSERT_GE(static_cast<unsigned char>(byte), 0x20);
      }
    }
  }
}

TEST(Escape, LeavesJsonTheSameJson) {
  const Json json = {{"text", "\u202ebidi \x7f end"}};
  EXPECT_EQ(Json::parse(escape_text(json.dump())), json);
}

TEST(Width, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(clip("日本語", 5), "日本…");
  EXPECT_EQ(clip("abcdef", 4), "abc…");
  EXPECT_EQ(clip("abcd", 4), "abcd");
}

TEST(Width, WrapsAtSpacesAndCutsWhatHasNone) {
  EXPECT_EQ(wrap("the quick brown fox jumps over", 20), (std::vector<std::string>{"the quick brown fox ", "jumps over"}));
  EXPECT_EQ(wrap(std::string(45, 'x'), 20).size(), 3u);
}

TEST(Table, AlignsColumnsAndGoesOnWithTheSameWidths) {
  Style style{false, 40};
  Table table({{"ID", true}, {"NAME"}, {"NOTE"}});
  table.add({{"1"}, {"first"}, {"x"}});
  table.add({{"22"}, {"b"}, {"y"}});
  EXPECT_EQ(table.take(style), "ID  NAME   NOTE\n 1  first  x\n22  b      y\n");
  table.add({{"3"}, {"c"}, {"z"}});
  EXPECT_EQ(table.take(style), " 3  c      z\n");
}

TEST(Table, ClipsTheLastColumnToTheTerminal) {
  Style style{false, 20};
  Table table({{"ID", true}, {"TEXT"}});
  table.add({{"1"}, {std::string(100, 'x')}});
  const std::string text = table.take(style);
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(display_width(text.substr(begin, end - begin)), 20u);
  }
}

TEST(JsonView, ShowsWhateverTheDaemonSays) {
  const Json status = {{"phase", "sample"},
                       {"accuracy", 0.51234567},
                       {"paused", false},
                       {"trouble", Json::array()},
                       {"store", {{"attempts", 12}}},
                       {"actors", {{{"role", "trainer"}, {"waits_for", "samples"}}, {{"role", "filter"}, {"held", 3}}}}};
  const std::string text = view_json(status, Style{false, 100});
  EXPECT_NE(text.find("phase     sample\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0.51235"), std::string::npos);
  EXPECT_NE(text.find("paused    no\n"), std::string::npos);
  EXPECT_NE(text.find("role     waits_for  held"), std::string::npos) << text;
  EXPECT_NE(text.find("trainer  samples"), std::string::npos);
}

// Token i says pieces[i].
class PieceTokenizer : public Tokenizer {
 public:
  explicit PieceTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::int32_t vocab_size() const override { return static_cast<std::int32_t>(pieces_.size()); }
  TokenId eos() const override { return 0; }
  TokenId pad() const override { return 0; }
  Result<std::vector<TokenId>> encode(std::string_view) const override { return Status(Errc::kBadInput, "not needed"); }
  std::string decode(std::span<const TokenId> tokens) const override {
    std::string text;
    for (const TokenId token : tokens) text += pieces_[static_cast<std::size_t>(token)];
    return text;
  }
  std::string token_text(TokenId token) const override { return pieces_[static_cast<std::size_t>(token)]; }
  std::string to_json() const override { return "{}"; }

 private:
  const std::vector<std::string> pieces_;
};

using Texts = std::vector<std::string>;

TEST(StepTexts, AreTheAttemptCutWhereItsStepsEnd) {
  const PieceTokenizer tokenizer({"", "47", "+85", ",\n", "132"});
  const std::vector<TokenId> tokens = {1, 2, 3, 4, 0};
  const std::vector<std::uint32_t> ends = {2, 4};
  EXPECT_EQ(step_texts(tokenizer, tokens, ends, "47+85,\n132"), (Texts{"47+85,\n", "132"}));
}

TEST(StepTexts, WhatEndedTheAttemptIsInNoStep) {
  const PieceTokenizer tokenizer({"", "a\n", "b", "\nQuestion:"});
  const std::vector<TokenId> tokens = {1, 2, 3, 0};
  const std::vector<std::uint32_t> ends = {0, 2, 3};
  EXPECT_EQ(step_texts(tokenizer, tokens, ends, "a\nb"), (Texts{"a\n", "b", ""}));
}

TEST(StepTexts, ASpaceThatOnlyTheTokensHaveIsLeftOut) {
  const PieceTokenizer tokenizer({"", " a\n", " b"});
  const std::vector<TokenId> tokens = {1, 2, 0};
  const std::vector<std::uint32_t> ends = {0, 2};
  EXPECT_EQ(step_texts(tokenizer, tokens, ends, "a\n b"), (Texts{"a\n", " b"}));
}

TEST(StepTexts, StepsBeyondTheTokensAreNone) {
  const PieceTokenizer tokenizer({"", "a", "b"});
  const std::vector<TokenId> tokens = {1, 2};
  const std::vector<std::uint32_t> beyond = {0, 5}, backward = {1, 0};
  EXPECT_EQ(step_texts(tokenizer, tokens, beyond, "ab"), (Texts{"a"}));
  EXPECT_EQ(step_texts(tokenizer, tokens, backward, "ab").size(), 1u);
  EXPECT_EQ(step_texts(tokenizer, tokens, beyond, "other"), (Texts{"a"})) << "the tokens do not spell it";
}

TEST(JsonView, EscapesWhatItShows) {
  EXPECT_EQ(view_json({{"a\x1b", "b\x1b[31m"}}, Style{false, 100}), "a\\u001b  b\\u001b[31m\n");
}

}  // namespace
}  // namespace autodidact
