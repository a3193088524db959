// What is shown of a completion while it comes, for random texts, token cuts and stop texts: never more than the whole shows.

#include "actors/text_stream.hpp"

#include <gtest/gtest.h>

#include <random>

namespace autodidact {
namespace {

// A token for every byte.
class Bytes : public Tokenizer {
 public:
  std::int32_t vocab_size() const override { return 256; }
  TokenId eos() const override { return 0; }
  TokenId pad() const override { return 0; }
  Result<std::vector<TokenId>> encode(std::string_view text) const override {
    std::vector<TokenId> tokens;
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
  std::string decode(std::span<const TokenId> tokens) const override {
    std::string text;
    for (const TokenId token : tokens)
      if (token != 0) text += static_cast<char>(token);
    return text;
  }
  std::string token_text(TokenId token) const override { return decode({&token, 1}); }
  std::string to_json() const override { return "{}"; }
};

const auto kBytes = std::make_shared<const Bytes>();

std::string streamed(const std::string& text, const std::vector<std::string>& stops) {
  TextStream stream(kBytes, stops);
  std::string shown;
  for (const TokenId token : kBytes->encode(text).value()) shown += stream.push(token, -1).text;
  shown += stream.finish().text;
  EXPECT_EQ(shown, stream.text());
  return shown;
}

TEST(TextStream, HoldsBackWhatMayBeAStopText) {
  TextStream stream(kBytes, {"END", "\n\n"});
  EXPECT_EQ(stream.push('a', 0).text, "a");
  EXPECT_EQ(stream.push('E', 0).text, "");
  EXPECT_EQ(stream.push('N', 0).text, "");
  EXPECT_EQ(stream.push('E', 0).text, "EN") << "the second E may begin one";
  EXPECT_EQ(stream.push('N', 0).text, "");
  EXPECT_EQ(stream.push('D', 0).text, "");
  EXPECT_EQ(stream.finish().text, "");
  EXPECT_EQ(stream.text(), "aEN");
  EXPECT_EQ(stream.tokens().size(), 3u) << "tokens of the text, none of the stop";
}

TEST(TextStream, ShowsWholeCharacters) {
  TextStream stream(kBytes, {});
  EXPECT_EQ(stream.push(0xC3, 0).text, "");
  EXPECT_EQ(stream.push(0xA9, 0).text, "\xC3\xA9");
  EXPECT_EQ(stream.push(0xE2, 0).text, "");
  EXPECT_EQ(stream.finish().text, "\xEF\xBF\xBD") << "never whole";
}

TEST(TextStream, KeepsTheTokenThatEndedIt) {
  TextStream stream(kBytes, {});
  stream.push('a', -1);
  stream.push(0, -2);
  stream.finish();
  ASSERT_EQ(stream.tokens().size(), 2u);
  EXPECT_EQ(stream.tokens()[1].logprob, -2);
}

TEST(TextStream, ShowsWhatTheWholeTextShowsUpToItsFirstStop) {
  std::mt19937 random(7);
  const auto word = [&](std::size_t most) {
    std::string text;
    for (std::size_t n = 1 + random() % most; n > 0; --n) text += static_cast<char>('a' + random() % 2);
    return text;
  };
  for (int round = 0; round < 5000; ++round) {
    const std::string text = word(40);
    const std::vector<std::string> stops = {word(5), word(5)};
    const std::string shown = streamed(text, stops);
    // Tokens end one after the other, so the stop that ends first counts, and of several that end there the longest.
    std::size_t cut = text.size();
    for (std::size_t end = 1; end <= text.size() && cut == text.size(); ++end)
      for (const std::string& stop : stops)
        if (end >= stop.size() && text.compare(end - stop.size(), stop.size(), stop) == 0)
          cut = std::min(cut, end - stop.size());
    EXPECT_EQ(shown, text.substr(0, cut)) << text << " | " << stops[0] << " | " << stops[1];
  }
}

}  // namespace
}  // namespace autodidact
