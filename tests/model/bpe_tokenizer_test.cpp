// tokenizer.json files: real ones with their vectors, hand-made ones, hostile ones.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "config/files.hpp"
#include "model/bpe/stream_decoder.hpp"
#include "model/bpe/utf8.hpp"
#include "model/tokenizer.hpp"
#include "tests/model/bpe_fixture.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using Loaded = Result<std::shared_ptr<const Tokenizer>>;

Loaded load(const std::string& tokenizer_json, const std::string& config = R"({"eos_token": "<|end|>"})") {
  const TempDirectory directory;
  EXPECT_TRUE(write_file_atomic(directory.path("tokenizer.json"), tokenizer_json).ok());
  EXPECT_TRUE(write_file_atomic(directory.path("tokenizer_config.json"), config).ok());
  return load_tokenizer(directory.path("tokenizer.json"));
}

const Merges kMerges = {{"l", "l"}, {"h", "e"}, {"he", "ll"}, {"hell", "o"}, {" ", "w"}};

TEST(BpeTokenizer, EncodesAndDecodes) {
  const std::string file = small_tokenizer_json(kMerges).dump();
  const auto tokenizer = load(file).value();
  EXPECT_EQ(tokenizer->encode("hello wow").value(), (std::vector<TokenId>{259, 260, 'o', 'w'}));
  for (const std::string text : {"hello wow", "", " ", "caf\xc3\xa9 \xf0\x9f\x98\x80", "\n\n\t<|end|><tool>"}) {
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text).value()), text);
  }
  EXPECT_EQ(tokenizer->to_json(), file) << "what is saved beside trained weights is the file itself";
  EXPECT_EQ(tokenizer->vocab_size(), 256 + 5 + 2);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("\xff!").value()), "\xEF\xBF\xBD!");
  EXPECT_EQ(tokenizer->token_text('\n'), "\\n");
  EXPECT_EQ(tokenizer->token_text(0xc3), "\\xc3");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{-1, 100000}), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(BpeTokenizer, UserTextNeverBecomesASpecialToken) {
  const auto tokenizer = load(small_tokenizer_json(kMerges).dump()).value();
  EXPECT_EQ(tokenizer->eos(), 261);
  EXPECT_EQ(tokenizer->pad(), 261) << "no pad_token";
  for (const TokenId token : tokenizer->encode("<|end|>").value()) EXPECT_NE(token, tokenizer->eos());
  EXPECT_EQ(tokenizer->encode_markup({"<|end|>hello<tool>", {}}).value(), (std::vector<TokenId>{261, 259, 262}));
  EXPECT_EQ(tokenizer->encode("<tool>").value(), std::vector<TokenId>{262}) << "added, but not special";
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{261, 259, 262}), "hello<tool>") << "special tokens decode to nothing";
  EXPECT_EQ(tokenizer->token_text(261), "<|end|>");
}

TEST(BpeTokenizer, AddedTokensTakeTheSpaceTheyAskFor) {
  json file = small_tokenizer_json(kMerges);
  file["added_tokens"][1]["lstrip"] = true;
  file["added_tokens"][1]["rstrip"] = true;
  file["added_tokens"].push_back({{"id", 263}, {"content", "<tool>x"}, {"special", false}});
  const auto tokenizer = load(file.dump()).value();
  EXPECT_EQ(tokenizer->encode("a \n<tool>  b").value(), (std::vector<TokenId>{'a', 262, 'b'}));
  EXPECT_EQ(tokenizer->encode("a<tool>x").value(), (std::vector<TokenId>{'a', 263})) << "the longest wins";
}

TEST(BpeTokenizer, NormalizesFirst) {
  json file = small_tokenizer_json(kMerges);
  file["normalizer"] = {{"type", "NFC"}};
  const auto tokenizer = load(file.dump()).value();
  EXPECT_EQ(tokenizer->encode("e\xcc\x81").value(), tokenizer->encode("\xc3\xa9").value());
}

TEST(BpeTokenizer, RefusesAFileThatIsOffAndNamesThePlace) {
  const auto refused = [](const std::string& text, const std::string& why) {
    const Loaded loaded = load(text);
    ASSERT_FALSE(loaded.ok()) << why;
    EXPECT_EQ(loaded.status().code(), Errc::kBadInput);
    EXPECT_NE(loaded.status().message().find("tokenizer.json"), std::string::npos) << loaded.status().message();
    EXPECT_NE(loaded.status().message().find(why), std::string::npos) << loaded.status().message();
  };
  const auto changed = [](const auto& change) {
    json file = small_tokenizer_json(kMerges);
    change(file);
    return file.dump();
  };
  const std::string good = small_tokenizer_json(kMerges).dump();
  refused(good.substr(0, good.size() / 2), "not JSON");
  refused(R"({"model": {"type": "BPE", "vocab": {"a": 1, "a": 2}}})", "the key \"a\" stands twice");
  refused(std::string(10000, '[') + std::string(10000, ']'), "JSON object");
  refused("{\"model\":" + std::string(5000, '[') + std::string(5000, ']') + "}", "deeper");
  refused(changed([](json& f) { f["model"]["type"] = "Unigram"; }), "only BPE");
  refused(changed([](json& f) { f["model"]["byte_fallback"] = true; }), "byte_fallback");
  refused(changed([](json& f) { f["model"].erase("vocab"); }), "model.vocab");
  refused(changed([](json& f) { f["model"]["vocab"]["a"] = -1; }), "model.vocab[\"a\"]: expected a token id");
  refused(changed([](json& f) { f["model"]["vocab"]["a"] = 1ull << 63; }), "model.vocab[\"a\"]: expected a token id");
  refused(changed([](json& f) { f["model"]["vocab"]["a"] = 98; }), "belongs to another token");
  refused(changed([](json& f) { f["model"]["vocab"]["\xe4\xbd\xa0"] = 300; }), "no byte-level spelling");
  refused(changed([](json& f) { f["model"]["merges"][1] = "h"; }), "model.merges[1]");
  refused(changed([](json& f) { f["model"]["merges"][2] = {"he", 7}; }), "model.merges[2]");
  refused(changed([](json& f) { f["model"]["merges"].push_back("hello hello"); }), "merge 5");
  refused(changed([](json& f) { f["added_tokens"][0]["id"] = "x"; }), "added_tokens[0].id");
  refused(changed([](json& f) { f["added_tokens"][1]["content"] = "<|end|>"; }), "stands here twice");
  refused(changed([](json& f) { f["added_tokens"][1]["single_word"] = true; }), "single_word");
  refused(changed([](json& f) { f["normalizer"] = {{"type", "Lowercase"}}; }), "normalizer");
  refused(changed([](json& f) { f["pre_tokenizer"] = {{"type", "Metaspace"}}; }), "pre_tokenizer");
  refused(changed([](json& f) { f["added_tokens"][0]["content"] = "<|stop|>"; }), "eos_token \"<|end|>\"");
}

// ---- real files; a user's clone has none of them

std::string shared_tokenizers() { return std::string(std::getenv("AD_SOURCE_DIR")) + "/../shared/data/tokenizers"; }

std::string gunzip(const std::string& path) {
  FILE* pipe = ::popen(("gunzip -c '" + path + "'").c_str(), "r");
  std::string text;
  char buffer[1 << 16];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  ::pclose(pipe);
  return text;
}

// The vectors are separated by a line; the ids they must give stand in the other file, a line each.
void check_vectors(const Tokenizer& tokenizer, const std::string& base) {
  const std::string input = read_file(base + ".inp", 1 << 20).value();
  std::istringstream wanted(read_file(base + ".out", 1 << 20).value());
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::size_t at = 0, vectors = 0;
  for (std::string line; std::getline(wanted, line); ++vectors) {
    const std::size_t end = input.find(separator, at);
    const std::string text = input.substr(at, end == std::string::npos ? end : end - at);
    std::istringstream numbers(line);
    const std::vector<TokenId> ids{std::istream_iterator<TokenId>(numbers), {}};
    EXPECT_EQ(tokenizer.encode(text).value(), ids) << "\"" << text << "\"";
    EXPECT_EQ(tokenizer.decode(ids), text);
    StreamDecoder stream;
    std::string shown;
    for (const TokenId id : ids) shown += stream.push(tokenizer.token_bytes(id));
    EXPECT_EQ(shown + stream.finish(), text);
    if (end == std::string::npos) break;
    at = end + separator.size();
  }
  EXPECT_GE(vectors, 40u);
}

TEST(BpeTokenizer, Gpt2GivesItsVectors) {
  const auto vocab = read_file(shared_tokenizers() + "/gpt2/encoder.json", 1 << 24);
  if (!vocab.ok()) GTEST_SKIP() << "no ../shared/data/tokenizers beside this clone";
  json file = small_tokenizer_json({});
  file["model"]["vocab"] = json::parse(*vocab);
  file["added_tokens"] = {{{"id", 50256}, {"content", "<|end|>"}, {"special", true}}};
  file["model"]["merges"] = json::array();
  std::istringstream merges(read_file(shared_tokenizers() + "/gpt2/vocab.bpe", 1 << 24).value());
  std::string line;
  for (std::getline(merges, line); std::getline(merges, line);) file["model"]["merges"].push_back(line);
  const Loaded tokenizer = load(file.dump());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  check_vectors(**tokenizer, shared_tokenizers() + "/ggml-vocab-gpt-2.gguf");
}

TEST(BpeTokenizer, QwenGivesItsVectors) {
  const auto config = read_file(shared_tokenizers() + "/qwen3/tokenizer_config.json", 1 << 20);
  if (!config.ok()) GTEST_SKIP() << "no ../shared/data/tokenizers beside this clone";
  const Loaded tokenizer = load(gunzip(shared_tokenizers() + "/qwen3/tokenizer.json.gz"), *config);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->token_text((*tokenizer)->eos()), "<|im_end|>");
  check_vectors(**tokenizer, shared_tokenizers() + "/ggml-vocab-qwen2.gguf");
}

}  // namespace
}  // namespace autodidact
