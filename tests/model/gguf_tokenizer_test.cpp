// Tokenizers inside GGUF files: llama.cpp's own vocabularies with their vectors, small ones, others.

#include "model/gguf/gguf_tokenizer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/files.hpp"
#include "model/bpe/byte_level.hpp"
#include "model/sentencepiece/sentencepiece_tokenizer.hpp"
#include "tests/model/gguf_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

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
    if (end == std::string::npos) break;
    at = end + separator.size();
  }
  EXPECT_GE(vectors, 40u);
}

TEST(GgufTokenizer, GivesTheVectorsOfItsVocabulary) {
  for (const char* name : {"gpt-2", "qwen2"}) {
    const std::string path =
        std::string(std::getenv("AD_SOURCE_DIR")) + "/../shared/data/tokenizers/ggml-vocab-" + name + ".gguf";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
    const GgufFile file = GgufFile::open(path).value();
    const auto tokenizer = load_gguf_tokenizer(file);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    check_vectors(**tokenizer, path);
    const json config = json::parse(gguf_tokenizer_config_json(file).value());
    EXPECT_EQ(config["eos_token"], "<|endoftext|>");
    EXPECT_EQ(config.contains("chat_template"), std::string(name) == "qwen2");
  }
}

// All bytes, "he", then <|end|> (control), <tool> (user-defined), a filler.
GgufBytes small_bpe() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
  tokens.insert(tokens.end(), {"he", "<|end|>", "<tool>", "[PAD259]"});
  std::vector<std::int32_t> types(260, 1);
  types[257] = 3;
  types[258] = types[259] = 4;
  GgufBytes made;
  made.text("general.architecture", "llama").text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "smollm");
  made.texts("tokenizer.ggml.tokens", tokens).numbers("tokenizer.ggml.token_type", GgufBytes::kI32, types);
  made.texts("tokenizer.ggml.merges", {"h e"}).u32("tokenizer.ggml.eos_token_id", 257);
  return made;
}

TEST(GgufTokenizer, KnowsWhatIsSpecial) {
  GgufBytes made = small_bpe();
  made.text("tokenizer.chat_template", "{{ x }}")
      .u32("tokenizer.ggml.bos_token_id", 257)
      .flag("tokenizer.ggml.add_bos_token", true);
  made.u32("llama.context_length", 99);
  const GgufFile file = GgufFile::parse(made.bytes()).value();
  const auto tokenizer = load_gguf_tokenizer(file).value();
  EXPECT_EQ(tokenizer->eos(), 257);
  EXPECT_EQ(tokenizer->pad(), 257);
  EXPECT_EQ(tokenizer->vocab_size(), 259) << "the filler is left out";
  EXPECT_EQ(tokenizer->encode_markup({"he<|end|><tool>", {}}).value(), (std::vector<TokenId>{256, 257, 258}));
  for (const TokenId id : tokenizer->encode("<|end|>").value()) EXPECT_NE(id, 257);
  const json config = json::parse(gguf_tokenizer_config_json(file).value());
  EXPECT_EQ(config["chat_template"], "{{ x }}");
  EXPECT_EQ(config["bos_token"], "<|end|>");
  EXPECT_EQ(config["add_bos_token"], true);
  EXPECT_EQ(config["model_max_length"], 99);
  const json written = json::parse(gguf_tokenizer_json(file).value());
  EXPECT_EQ(written["post_processor"]["type"], "TemplateProcessing");
}

TEST(GgufTokenizer, RefusesWhatIsOffAndNamesThePlace) {
  const auto refused = [](const std::function<void(std::vector<std::string>&, std::vector<std::int32_t>&, GgufBytes&)>& change,
                          const std::string& why) {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
    tokens.push_back("<|end|>");
    std::vector<std::int32_t> types(257, 1);
    types[256] = 3;
    GgufBytes made;
    change(tokens, types, made);
    made.text("general.architecture", "llama").text("tokenizer.ggml.model", "gpt2");
    made.texts("tokenizer.ggml.tokens", tokens).numbers("tokenizer.ggml.token_type", GgufBytes::kI32, types);
    const auto tokenizer = load_gguf_tokenizer(GgufFile::parse(made.bytes()).value());
    ASSERT_FALSE(tokenizer.ok()) << why;
    EXPECT_EQ(tokenizer.status().code(), Errc::kBadInput);
    EXPECT_NE(tokenizer.status().message().find(why), std::string::npos) << tokenizer.status().message();
  };
  const auto rest = [](GgufBytes& made, const char* pre) {
    made.texts("tokenizer.ggml.merges", {}).u32("tokenizer.ggml.eos_token_id", 256).text("tokenizer.ggml.pre", pre);
  };
  refused([&](auto&, auto&, GgufBytes& made) { rest(made, "bloom"); }, "tokenizer.ggml.pre");
  refused([&](auto&, auto&, GgufBytes&) {}, "tokenizer.ggml.eos_token_id");
  refused([&](auto&, auto&, GgufBytes& made) { made.u32("tokenizer.ggml.eos_token_id", 257); }, "eos_token_id");
  refused([&](auto&, auto&, GgufBytes& made) { made.u32("tokenizer.ggml.eos_token_id", 256); }, "tokenizer.ggml.merges");
  refused([&](auto& tokens, auto&, GgufBytes& made) { rest(made, "smollm"), tokens[9] = tokens[8]; }, "token 9 ");
  refused([&](auto& tokens, auto&, GgufBytes& made) { rest(made, "smollm"), tokens[9] = "\xff"; }, "token 9 ");
  refused([&](auto&, auto& types, GgufBytes& made) { rest(made, "smollm"), types.pop_back(); }, "tokenizer.ggml.token_type");
}

TEST(GgufTokenizer, ReadsASentencePieceVocabulary) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {2, 3, 3};
  std::vector<float> scores(259);
  for (int byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    tokens.emplace_back(piece);
    types.push_back(6);
  }
  for (const char* piece : {"\xE2\x96\x81", "a", "b", "ab",
                            "\xE2\x96\x81"
                            "ab"}) {
    tokens.emplace_back(piece);
    types.push_back(1);
    scores.push_back(-static_cast<float>(scores.size()));
  }
  GgufBytes made;
  made.text("general.architecture", "llama").text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens);
  made.numbers("tokenizer.ggml.token_type", GgufBytes::kI32, types).numbers("tokenizer.ggml.scores", GgufBytes::kF32, scores);
  made.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2);
  const GgufFile file = GgufFile::parse(made.bytes()).value();
  const auto tokenizer = load_gguf_tokenizer(file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->encode("ab a").value(), (std::vector<TokenId>{263, 259, 260}));
  EXPECT_EQ((*tokenizer)->encode("\n").value(), (std::vector<TokenId>{259, 3 + '\n'}));
  EXPECT_EQ((*tokenizer)->decode(std::vector<TokenId>{263, 259, 260}), "ab a");
  EXPECT_EQ((*tokenizer)->eos(), 2);
  EXPECT_EQ(sentencepiece_model_of(**tokenizer), gguf_sentencepiece_model(file).value());
  EXPECT_FALSE(gguf_tokenizer_json(file).ok()) << "it has no merges";
}

}  // namespace
}  // namespace autodidact
