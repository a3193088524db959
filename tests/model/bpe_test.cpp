// Byte-pair encoding and what it stands on, against naive ways to do the same.

#include <gtest/gtest.h>

#include <random>

#include "model/bpe/bpe_vocabulary.hpp"
#include "model/bpe/splitter.hpp"
#include "model/bpe/stream_decoder.hpp"
#include "model/bpe/utf8.hpp"
#include "tests/model/bpe_fixture.hpp"

namespace autodidact {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, ReplacesEachLongestBeginningOnce) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"abc", "abc"},
      {"\xff", kReplacement},
      {"\x80\x80", kReplacement + kReplacement},
      {"\xc0\xaf", kReplacement + kReplacement},                                        // overlong
      {"\xe0\x9f\xbf", kReplacement + kReplacement + kReplacement},                     // overlong
      {"\xed\xa0\x80", kReplacement + kReplacement + kReplacement},                     // a surrogate
      {"\xf4\x90\x80\x80", kReplacement + kReplacement + kReplacement + kReplacement},  // above U+10FFFF
      {"\xf0\x9f\x98"
       "a",
       kReplacement + "a"},  // cut short: one for all three
      {"\xe2\x82", kReplacement},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"12345678\xe2\x82\xac"
       "90",
       "12345678\xe2\x82\xac"
       "90"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(replace_ill_formed(bytes), text) << spelling_of_bytes(bytes);
    EXPECT_EQ(is_well_formed(bytes), bytes == text) << spelling_of_bytes(bytes);
  }
}

TEST(Utf8, AStreamShowsWholeCharactersOnly) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  StreamDecoder stream;
  std::string shown;
  for (const char byte : text) {
    const std::string piece = stream.push(std::string_view(&byte, 1));
    EXPECT_TRUE(is_well_formed(piece));
    shown += piece;
  }
  EXPECT_EQ(shown, text) << "nothing is held back after a whole character";
  EXPECT_EQ(stream.push("\xf0\x9f"), "");
  EXPECT_EQ(stream.push("x"), kReplacement + "x");
  EXPECT_EQ(stream.push("\xe2"), "");
  EXPECT_EQ(stream.finish(), kReplacement);
  EXPECT_EQ(stream.finish(), "");
}

TEST(ByteLevel, SpellsEveryByteAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string spelled = spelling_of_bytes(all);
  EXPECT_EQ(bytes_of_spelling(spelled), all);
  EXPECT_TRUE(is_well_formed(spelled));
  EXPECT_EQ(spelling_of_bytes(" a\n"),
            "\xc4\xa0"
            "a\xc4\x8a");  // Ġ, Ċ as in every GPT-2 file
  EXPECT_FALSE(bytes_of_spelling(" ").has_value());
  EXPECT_FALSE(bytes_of_spelling("\xc5\x84").has_value()) << "U+0144 is one beyond the table";
  EXPECT_FALSE(bytes_of_spelling("\xff").has_value());
}

// Looks at every pair each time, as the paper says it.
std::vector<TokenId> naive(const std::string& piece, const std::vector<std::string>& tokens, const Merges& merges) {
  std::vector<std::string> parts;
  for (const char byte : piece) parts.emplace_back(1, byte);
  while (true) {
    std::size_t best = merges.size(), where = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto rank =
          static_cast<std::size_t>(std::find(merges.begin(), merges.end(), std::pair(parts[i], parts[i + 1])) - merges.begin());
      if (rank < best) best = rank, where = i;
    }
    if (best == merges.size()) break;
    parts[where] += parts[where + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
  std::vector<TokenId> ids;
  for (const auto& part : parts)
    ids.push_back(static_cast<TokenId>(std::find(tokens.begin(), tokens.end(), part) - tokens.begin()));
  return ids;
}

TEST(BpeVocabulary, MergesAsTheNaiveWayDoesWhateverTheLength) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    Merges merges;
    for (int i = 0; i < 30; ++i) {
      const auto tokens = tokens_for(merges);
      const auto part = [&] {
        return random() % 2 != 0 && tokens.size() > 256 ? tokens[256 + random() % (tokens.size() - 256)]
                                                        : std::string(1, static_cast<char>('a' + random() % 3));
      };
      const std::pair merge(part(), part());
      if (merge.first.size() + merge.second.size() < 12 && std::find(merges.begin(), merges.end(), merge) == merges.end())
        merges.push_back(merge);
    }
    const auto tokens = tokens_for(merges);
    const auto vocabulary = BpeVocabulary::make(tokens, merges, false).value();
    for (const std::size_t length : {1u, 2u, 7u, 63u, 64u, 65u, 150u}) {
      std::string piece;
      for (std::size_t i = 0; i < length; ++i) piece += static_cast<char>('a' + random() % 3);
      std::vector<TokenId> ids;
      vocabulary.encode(piece, ids);
      ASSERT_EQ(ids, naive(piece, tokens, merges)) << piece;
    }
    for (const auto& token : tokens) {  // the ones that are found whole
      std::vector<TokenId> ids;
      vocabulary.encode(token, ids);
      ASSERT_EQ(ids, naive(token, tokens, merges)) << token;
    }
  }
}

TEST(BpeVocabulary, AMegabyteOfOneLetterIsHalvedEachTime) {
  Merges merges;
  for (std::string run = "a"; run.size() < 1024; run += run) merges.emplace_back(run, run);
  const auto vocabulary = BpeVocabulary::make(tokens_for(merges), merges, false).value();
  std::vector<TokenId> ids;
  vocabulary.encode(std::string(1 << 20, 'a'), ids);
  EXPECT_EQ(ids, std::vector<TokenId>(1024, 256 + 9));
}

TEST(BpeVocabulary, IgnoreMergesTakesATokenWhole) {
  auto tokens = tokens_for({{"a", "b"}});
  tokens.push_back("abc");  // that no merge makes
  std::vector<TokenId> merged, whole;
  BpeVocabulary::make(tokens, {{"a", "b"}}, false).value().encode("abc", merged);
  BpeVocabulary::make(tokens, {{"a", "b"}}, true).value().encode("abc", whole);
  EXPECT_EQ(merged, (std::vector<TokenId>{256, 'c'}));
  EXPECT_EQ(whole, std::vector<TokenId>{257});
}

TEST(BpeVocabulary, LeavesOutBytesThatHaveNoToken) {
  auto tokens = tokens_for({{"a", "b"}});
  tokens[4].clear();
  const BpeVocabulary vocabulary = BpeVocabulary::make(tokens, {{"a", "b"}}, false).value();
  for (const std::string& piece : {std::string("a\4b"), "\4a\4" + std::string(100, '\4') + "b"}) {
    std::vector<TokenId> out;
    vocabulary.encode(piece, out);
    EXPECT_EQ(out, std::vector<TokenId>{256}) << "and what is left meets";
    vocabulary.encode("\4", out);
    EXPECT_EQ(out.size(), 1u);
  }
}

TEST(BpeVocabulary, RefusesWhatCannotBe) {
  const auto refused = [](std::vector<std::string> tokens, const Merges& merges, const std::string& why) {
    const auto made = BpeVocabulary::make(std::move(tokens), merges, false);
    ASSERT_FALSE(made.ok()) << why;
    EXPECT_NE(made.status().message().find(why), std::string::npos) << made.status().message();
  };
  auto twice = tokens_for({});
  twice.push_back("a");
  refused(twice, {}, "tokens 97 and 256 are both \"a\"");
  auto short_one = tokens_for({});
  short_one[0x20].clear();
  refused(short_one, {}, "no token for the byte \"\xc4\xa0\"");
  refused(tokens_for({}), {{"a", "b"}}, "what they make is no token");
  refused(tokens_for({{"a", "b"}}), {{"a", "bb"}}, "one of them is no token");
  refused(tokens_for({{"a", "b"}}), {{"a", "b"}, {"a", "b"}}, "merge 1, \"a\" with \"b\": it stands here twice");
}

std::vector<std::string> pieces(const Splitter& splitter, std::string_view text) {
  std::vector<std::string> out;
  EXPECT_TRUE(splitter.split(text, [&](std::string_view piece) { out.emplace_back(piece); }).ok());
  return out;
}

TEST(Splitter, CutsAsGpt2Does) {
  const auto splitter = Splitter::make({{"type", "ByteLevel"}, {"add_prefix_space", false}}).value();
  EXPECT_EQ(pieces(splitter, "It's  12 caf\xc3\xa9s!\n\n x"),
            (std::vector<std::string>{"It", "'s", " ", " 12", " caf\xc3\xa9s", "!", "\n\n", " x"}));
  EXPECT_EQ(pieces(splitter, ""), std::vector<std::string>{});
  const std::string long_run(1 << 20, 'a');
  EXPECT_EQ(pieces(splitter, long_run), std::vector<std::string>{long_run});
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(pieces(splitter, spaces + "a"), (std::vector<std::string>{spaces.substr(1), " a"}));
}

TEST(Splitter, RunsItsStepsOneBehindTheOther) {
  const nlohmann::json steps = {{"type", "Sequence"},
                                {"pretokenizers",
                                 {{{"type", "Split"}, {"pattern", {{"String", "."}}}, {"behavior", "Removed"}},
                                  {{"type", "Digits"}, {"individual_digits", true}},
                                  {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", false}}}}};
  EXPECT_EQ(pieces(Splitter::make(steps).value(), "a.b12"), (std::vector<std::string>{" a", "b", "1", "2"}));
}

TEST(Splitter, NamesWhatItCannotDo) {
  const auto why = [](const nlohmann::json& json) { return Splitter::make(json).status().message(); };
  EXPECT_NE(why({{"type", "Metaspace"}}).find("\"Metaspace\" is not supported"), std::string::npos);
  EXPECT_NE(why(7).find("expected an object"), std::string::npos);
  const auto split = [](const char* regex) {
    return nlohmann::json{{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}};
  };
  EXPECT_NE(why(split("a(")).find("byte 2"), std::string::npos) << why(split("a("));
  EXPECT_NE(why(split("(((a{999}){999}){999})")), "");
  EXPECT_NE(why({{"type", "Split"}, {"pattern", {{"String", "a"}}}, {"behavior", "MergedWithNext"}}), "");
  const auto costly = Splitter::make(split("(a+)+$|(x+x+)+y")).value();
  EXPECT_FALSE(costly.split(std::string(4000, 'x') + "b", [](std::string_view) {}).ok());
}

}  // namespace
}  // namespace autodidact
