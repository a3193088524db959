#include "model/stop_strings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autodidact {
namespace {

// The tokens "", "a", "b", "ab", "é"'s two bytes, and what is said of a text cut between them.
class Pieces final : public Tokenizer {
 public:
  std::int32_t vocab_size() const override { return 6; }
  TokenId eos() const override { return 0; }
  TokenId pad() const override { return 0; }
  Result<std::vector<TokenId>> encode(std::string_view) const override { return {Errc::kBadInput, "not here"}; }
  std::string decode(std::span<const TokenId> tokens) const override {
    static constexpr const char* kBytes[] = {"", "a", "b", "ab", "\xC3", "\xA9"};
    std::string bytes;
    for (const TokenId token : tokens) bytes += kBytes[token];
    if (bytes.ends_with('\xC3')) bytes.replace(bytes.size() - 1, 1, "\xEF\xBF\xBD");
    return bytes;
  }
  std::string token_text(TokenId) const override { return ""; }
  std::string to_json() const override { return ""; }
};

// After how many of the tokens a completion ends; -1: not at all.
int ends_after(const std::vector<std::string>& stops, const std::vector<TokenId>& tokens) {
  const auto ends = make_stop_strings(stops, std::make_shared<Pieces>());
  for (std::size_t i = 1; i <= tokens.size(); ++i)
    if ((*ends.value())(std::span(tokens).first(i))) return static_cast<int>(i);
  return -1;
}

TEST(StopStrings, EndACompletionHoweverTokensDivideThem) {
  EXPECT_EQ(ends_after({"bab"}, {1, 2, 1, 2, 1}), 4);
  EXPECT_EQ(ends_after({"bab"}, {3, 3, 1}), 2);
  EXPECT_EQ(ends_after({"bb", "aa"}, {3, 1, 2, 3, 1, 1}), 6);
  EXPECT_EQ(ends_after({"abab"}, {1, 2, 2, 3}), -1);
  EXPECT_EQ(ends_after({"a"}, {1}), 1);
  EXPECT_EQ(ends_after({"bé"}, {3, 4, 5, 1}), 3) << "a character in two tokens";
  EXPECT_EQ(ends_after({"éa"}, {2, 4, 5, 1}), 4);
  EXPECT_EQ(ends_after({"a", "bbbbbbbb"}, {2, 2, 2, 2, 2, 2, 2, 2}), 8);
}

TEST(StopStrings, MayBeThousands) {
  std::vector<std::string> stops;
  for (int i = 0; i < 5000; ++i) stops.push_back("x" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), 'y'));
  stops.push_back("abba");
  std::vector<TokenId> tokens(400, 1);
  tokens.insert(tokens.end(), {2, 2, 1});
  EXPECT_EQ(ends_after(stops, tokens), 403);
}

TEST(StopStrings, NoneIsNullAndAnEmptyOneAnError) {
  EXPECT_EQ(make_stop_strings({}, std::make_shared<Pieces>()).value(), nullptr);
  EXPECT_EQ(make_stop_strings({"a", ""}, std::make_shared<Pieces>()).status().code(), Errc::kBadInput);
}

}  // namespace
}  // namespace autodidact
