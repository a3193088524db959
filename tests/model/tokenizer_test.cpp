#include "model/tokenizer.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace autodidact {
namespace {

std::shared_ptr<const Tokenizer> digits() { return make_char_tokenizer("0123456789+=,\n").value(); }

Result<std::shared_ptr<const Tokenizer>> load_text(const std::string& text) {
  const std::string path = "tokenizer.json";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return load_tokenizer(path);
}

TEST(CharTokenizer, RoundTripsEveryTextOverItsAlphabet) {
  const auto tokenizer = digits();
  const std::string text = "47+85=\n132";
  const auto tokens = tokenizer->encode(text).value();
  EXPECT_EQ(tokens.size(), text.size());
  EXPECT_EQ(tokenizer->decode(tokens), text);
  EXPECT_TRUE(tokenizer->encode("").value().empty());
}

TEST(CharTokenizer, SameCharactersInAnyOrderGiveTheSameIds) {
  const auto a = make_char_tokenizer("321").value(), b = make_char_tokenizer("1232").value();
  EXPECT_EQ(a->encode("123").value(), (std::vector<TokenId>{2, 3, 4}));
  EXPECT_EQ(b->encode("123").value(), a->encode("123").value());
  EXPECT_EQ(a->vocab_size(), 5);
}

TEST(CharTokenizer, NamesTheFirstCharacterWithoutToken) {
  const auto result = digits()->encode("47x");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Errc::kBadInput);
  EXPECT_NE(result.status().message().find("'x' at byte 2"), std::string::npos) << result.status().message();
  EXPECT_NE(digits()->encode(std::string_view("\0", 1)).status().message().find("'\\x00'"), std::string::npos);
  EXPECT_FALSE(digits()->encode("4\xC3\xA9").ok());
}

TEST(CharTokenizer, UserTextNeverBecomesASpecialToken) {
  const auto tokenizer = make_char_tokenizer("<eos>pad").value();
  const auto tokens = tokenizer->encode("<eos><pad>").value();
  for (TokenId token : tokens) {
    EXPECT_NE(token, tokenizer->eos());
    EXPECT_NE(token, tokenizer->pad());
  }
}

TEST(CharTokenizer, SpecialTokensDecodeToNothingAndUnknownIdsToReplacement) {
  const auto tokenizer = digits();
  const std::vector<TokenId> tokens = {tokenizer->pad(), 2, tokenizer->eos(), -1, tokenizer->vocab_size(), 2'000'000'000};
  EXPECT_EQ(tokenizer->decode(tokens), "\n\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(tokenizer->token_text(tokenizer->eos()), "<eos>");
  EXPECT_EQ(tokenizer->token_text(2), "\\n");
  EXPECT_EQ(tokenizer->token_text(-7), "\xEF\xBF\xBD");
}

TEST(CharTokenizer, RefusesAnAlphabetItCannotHold) {
  EXPECT_FALSE(make_char_tokenizer("").ok());
  EXPECT_FALSE(make_char_tokenizer("caf\xC3\xA9").ok());
  EXPECT_FALSE(make_char_tokenizer(std::string_view("a\0", 2)).ok());
}

TEST(LoadTokenizer, ReadsBackWhatWasWritten) {
  const auto tokenizer = digits();
  const auto again = load_text(tokenizer->to_json());
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ((*again)->encode("9+1\n").value(), tokenizer->encode("9+1\n").value());
  EXPECT_EQ((*again)->to_json(), tokenizer->to_json());
}

TEST(LoadTokenizer, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(load_tokenizer("no/such/tokenizer.json").status().code(), Errc::kNotFound);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[]", "JSON object"},
      {"{}", "\"type\""},
      {R"({"type":"bpe"})", "\"type\""},
      {R"({"type":"char"})", "\"version\""},
      {R"({"type":"char","version":2})", "\"version\""},
      {R"({"type":"char","version":1,"pad":1,"eos":0,"characters":"01"})", "\"pad\""},
      {R"({"type":"char","version":1,"pad":0,"eos":1})", "\"characters\""},
      {R"({"type":"char","version":1,"pad":0,"eos":1,"characters":[1]})", "\"characters\""},
      {R"({"type":"char","version":1,"pad":0,"eos":1,"characters":"10"})", "sorted"},
      {R"({"type":"char","version":1,"pad":0,"eos":1,"characters":"00"})", "sorted"},
      {R"({"type":"char","version":1,"pad":0,"eos":1,"characters":""})", "at least one"},
      {R"({"type":"char","version":1,"pad":0,"eos":1,"characters":"\u0000a"})", "ASCII"}};
  for (const auto& [text, expected] : cases) {
    const auto result = load_text(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), Errc::kBadInput) << text;
    EXPECT_NE(result.status().message().find(expected), std::string::npos) << result.status().message();
    EXPECT_NE(result.status().message().find("tokenizer.json"), std::string::npos) << result.status().message();
  }
}

TEST(LoadTokenizer, SurvivesDeepNestingAndMutatedFiles) {
  EXPECT_FALSE(load_text(std::string(1 << 20, '[')).ok());
  const std::string good = digits()->to_json();
  std::mt19937 rng(1);
  for (int i = 0; i < 500; ++i) {
    std::string bad = good;
    for (int k = 0; k < 3; ++k) bad[rng() % bad.size()] = static_cast<char>(rng());
    const auto result = load_text(bad);
    if (result.ok()) {
      EXPECT_LE((*result)->vocab_size(), 2 + 127);
    }
  }
}

}  // namespace
}  // namespace autodidact
