#include "model/gguf/gguf_tokenizer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/bpe/bpe_tokenizer.hpp"
#include "model/bpe/byte_level.hpp"
#include "model/bpe/tokenizer_json.hpp"
#include "model/bpe/utf8.hpp"
#include "model/gguf/gguf_fields.hpp"
#include "model/safetensors_header.hpp"
#include "model/sentencepiece/model_proto.hpp"
#include "model/sentencepiece/sentencepiece_tokenizer.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr std::size_t kMaxTokens = 1 << 21;
enum TokenType : std::int64_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

// llama.cpp's patterns, as each family's tokenizer.json has them.
constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Vocabulary {
  const std::vector<std::string>* tokens = nullptr;  // of the file
  std::vector<std::int64_t> types;                   // one a token
  TokenId bos = -1, eos = -1, pad = -1;
};

Result<Vocabulary> read_vocabulary(const GgufFile& file) {
  GgufFields fields(file);
  Vocabulary out;
  out.tokens = fields.texts(kTokens);
  if (out.tokens != nullptr && (out.tokens->empty() || out.tokens->size() > kMaxTokens))
    fields.fail(kTokens, std::to_string(out.tokens->size()) + " tokens");
  AD_RETURN_IF_ERROR(fields.status());
  out.types.assign(out.tokens->size(), kNormal);
  if (fields.has("tokenizer.ggml.token_type")) {
    const auto* types = fields.integers("tokenizer.ggml.token_type");
    if (types != nullptr && types->size() != out.types.size())
      fields.fail("tokenizer.ggml.token_type", "expected one for each of the tokens");
    AD_RETURN_IF_ERROR(fields.status());
    out.types = *types;
  }
  const auto id = [&](const char* key) {
    return static_cast<TokenId>(fields.integer_or(key, 0, std::ssize(*out.tokens) - 1, -1));
  };
  out.bos = id("tokenizer.ggml.bos_token_id");
  out.eos = id("tokenizer.ggml.eos_token_id");
  out.pad = id("tokenizer.ggml.padding_token_id");
  if (out.eos < 0) fields.fail("tokenizer.ggml.eos_token_id", "is missing");
  AD_RETURN_IF_ERROR(fields.status());
  return out;
}

Status bad_token(std::size_t id, const std::string& what) {
  return {Errc::kBadInput, std::string("key \"") + kTokens + "\": token " + std::to_string(id) + " " + what};
}

// What converters append until there are as many tokens as rows of the embedding.
bool is_filler(const std::string& token, std::size_t id, std::int64_t type) {
  return type == kUnused || (type == kUserDefined && token == "[PAD" + std::to_string(id) + "]");
}

json added_token(std::size_t id, const std::string& content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

struct JsonTokens {
  json vocab = json::object(), added = json::array();
};
Result<JsonTokens> json_tokens(const Vocabulary& vocabulary) {
  JsonTokens out;
  for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
    const std::string& token = (*vocabulary.tokens)[id];
    const std::int64_t type = vocabulary.types[id];
    if (is_filler(token, id, type)) continue;
    if (token.empty() || !is_well_formed(token)) return bad_token(id, "is empty or not UTF-8");
    if (out.vocab.contains(token)) return bad_token(id, printable_name(token) + " stands twice");
    out.vocab[token] = id;
    const auto end = static_cast<TokenId>(id);
    const bool special = type == kControl || type == kUnknown || end == vocabulary.eos || end == vocabulary.pad;
    if (special || type == kUserDefined) out.added.push_back(added_token(id, token, special));
  }
  return out;
}

Result<json> json_merges(const GgufFile& file) {
  GgufFields fields(file);
  const auto* merges = fields.texts("tokenizer.ggml.merges");
  AD_RETURN_IF_ERROR(fields.status());
  for (std::size_t i = 0; i < merges->size(); ++i)
    if (!is_well_formed((*merges)[i]))
      return GgufFile::bad_field("tokenizer.ggml.merges", file.field("tokenizer.ggml.merges"),
                                 "merge " + std::to_string(i) + " is not UTF-8");
  return json(*merges);
}

json split(const char* pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
}
json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", use_regex}};
}
json sequence(std::vector<json> steps) { return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}}; }

struct Steps {
  json normalizer, pre_tokenizer;
  bool ignore_merges = false;
};
// Older files do not say how text is cut; where the family has only one way, it is that.
Result<Steps> steps_of(const GgufFile& file) {
  GgufFields fields(file);
  const std::string family = fields.text_or("general.architecture", "");
  const std::string otherwise = family == "gpt2" ? "gpt-2" : family == "qwen2" || family == "qwen3" ? "qwen2" : "";
  const std::string pre = fields.text_or("tokenizer.ggml.pre", otherwise);
  AD_RETURN_IF_ERROR(fields.status());
  if (pre == "gpt-2") return Steps{nullptr, byte_level(true), false};
  if (pre == "smollm")
    return Steps{nullptr, sequence({json({{"type", "Digits"}, {"individual_digits", true}}), byte_level(true)}), false};
  if (pre == "qwen2") return Steps{json({{"type", "NFC"}}), sequence({split(kQwen2), byte_level(false)}), false};
  if (pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3")
    return Steps{nullptr, sequence({split(kLlama3), byte_level(false)}), true};
  if (pre == "default")  // llama.cpp's own, of no family
    return Steps{nullptr,
                 sequence({split(R"([\p{P}\$\+<=>\^~\|]+)"), split(kGpt2), split(R"(\p{N}+)"), split("[0-9][0-9][0-9]"),
                           byte_level(false)}),
                 false};
  return GgufFile::bad_field("tokenizer.ggml.pre", file.field("tokenizer.ggml.pre"),
                             (pre.empty() ? std::string("is missing") : printable_name(pre) + " is not supported") +
                                 "; gpt-2, smollm, qwen2, llama-bpe and default are. Convert the model anew");
}

bool adds_bos(const GgufFile& file) {
  GgufFields fields(file);
  const std::string pre = fields.text_or("tokenizer.ggml.pre", ""), kind = fields.text_or("tokenizer.ggml.model", "");
  const bool add = fields.flag_or("tokenizer.ggml.add_bos_token", pre == "llama-bpe" || kind == "llama");
  return fields.status().ok() && add;
}

// Only Hugging Face reads it: what it puts before a text.
json post_processor(const GgufFile& file, const Vocabulary& vocabulary) {
  if (!adds_bos(file) || vocabulary.bos < 0) return byte_level(true);
  const std::string& bos = (*vocabulary.tokens)[static_cast<std::size_t>(vocabulary.bos)];
  const json special = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
  const auto text = [](const char* id) { return json{{"Sequence", {{"id", id}, {"type_id", 0}}}}; };
  return {{"type", "TemplateProcessing"},
          {"single", json::array({special, text("A")})},
          {"pair", json::array({special, text("A"), special, text("B")})},
          {"special_tokens", {{bos, {{"id", bos}, {"ids", json::array({vocabulary.bos})}, {"tokens", json::array({bos})}}}}}};
}

Status expect_kind(const GgufFile& file, std::initializer_list<std::string_view> wanted) {
  AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file));
  if (std::find(wanted.begin(), wanted.end(), kind) != wanted.end()) return {};
  return GgufFile::bad_field("tokenizer.ggml.model", file.field("tokenizer.ggml.model"),
                             printable_name(kind) + " is not of the kind asked for");
}

Result<std::vector<SentencePiece>> pieces_of(const GgufFile& file, const Vocabulary& vocabulary) {
  GgufFields fields(file);
  const auto* scores = fields.numbers("tokenizer.ggml.scores");
  if (scores != nullptr && scores->size() != vocabulary.tokens->size())
    fields.fail("tokenizer.ggml.scores", "expected one for each of the tokens");
  AD_RETURN_IF_ERROR(fields.status());
  std::vector<SentencePiece> pieces(vocabulary.tokens->size());
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::int64_t type = vocabulary.types[id];
    if (type < kNormal || type > kByte) return bad_token(id, "has the unknown type " + std::to_string(type));
    pieces[id] = {(*vocabulary.tokens)[id], static_cast<float>((*scores)[id]), static_cast<SentencePiece::Type>(type)};
  }
  return pieces;
}

// Bytes, which converters have written as numbers of either sign.
std::string charsmap_of(GgufFields& fields) {
  constexpr const char* kKey = "tokenizer.ggml.precompiled_charsmap";
  const auto* bytes = fields.has(kKey) ? fields.integers(kKey) : nullptr;
  std::string out;
  if (bytes != nullptr)
    for (const std::int64_t byte : *bytes) out += static_cast<char>(byte);
  return out;
}

}  // namespace

Result<std::string> gguf_tokenizer_kind(const GgufFile& file) {
  GgufFields fields(file);
  std::string kind = fields.text_or("tokenizer.ggml.model", "");
  if (kind != "gpt2" && kind != "llama" && kind != "t5")
    fields.fail("tokenizer.ggml.model", "expected gpt2, llama or t5, got " + printable_name(kind));
  AD_RETURN_IF_ERROR(fields.status());
  return kind;
}

Result<std::string> gguf_tokenizer_json(const GgufFile& file) {
  AD_RETURN_IF_ERROR(expect_kind(file, {"gpt2"}));
  AD_ASSIGN_OR_RETURN(const Vocabulary vocabulary, read_vocabulary(file));
  AD_ASSIGN_OR_RETURN(JsonTokens tokens, json_tokens(vocabulary));
  AD_ASSIGN_OR_RETURN(json merges, json_merges(file));
  AD_ASSIGN_OR_RETURN(const Steps steps, steps_of(file));
  const json out = {{"version", "1.0"},
                    {"truncation", nullptr},
                    {"padding", nullptr},
                    {"added_tokens", std::move(tokens.added)},
                    {"normalizer", steps.normalizer},
                    {"pre_tokenizer", steps.pre_tokenizer},
                    {"post_processor", post_processor(file, vocabulary)},
                    {"decoder", byte_level(true)},
                    {"model",
                     {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", steps.ignore_merges},
                      {"vocab", std::move(tokens.vocab)},
                      {"merges", std::move(merges)}}}};
  return out.dump();
}

Result<std::string> gguf_sentencepiece_model(const GgufFile& file) {
  AD_RETURN_IF_ERROR(expect_kind(file, {"llama", "t5"}));
  AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file));
  AD_ASSIGN_OR_RETURN(const Vocabulary vocabulary, read_vocabulary(file));
  SentencePieceModel model;
  AD_ASSIGN_OR_RETURN(model.pieces, pieces_of(file, vocabulary));
  GgufFields fields(file);
  model.type = kind == "llama" ? SentencePieceModel::Type::kBpe : SentencePieceModel::Type::kUnigram;
  model.byte_fallback = std::count(vocabulary.types.begin(), vocabulary.types.end(), kByte) > 0;
  model.add_dummy_prefix = fields.flag_or("tokenizer.ggml.add_space_prefix", true);
  model.remove_extra_whitespaces = fields.flag_or("tokenizer.ggml.remove_extra_whitespaces", false);
  model.precompiled_charsmap = charsmap_of(fields);
  model.bos_piece = vocabulary.bos < 0 ? "" : (*vocabulary.tokens)[static_cast<std::size_t>(vocabulary.bos)];
  model.eos_piece = (*vocabulary.tokens)[static_cast<std::size_t>(vocabulary.eos)];
  model.pad_piece = vocabulary.pad < 0 ? "" : (*vocabulary.tokens)[static_cast<std::size_t>(vocabulary.pad)];
  AD_RETURN_IF_ERROR(fields.status());
  AD_RETURN_IF_ERROR(check_sentencepiece_model(model));
  return write_sentencepiece_model(model);
}

Result<std::string> gguf_tokenizer_config_json(const GgufFile& file) {
  AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file));
  AD_ASSIGN_OR_RETURN(const Vocabulary vocabulary, read_vocabulary(file));
  GgufFields fields(file);
  json out = {{"tokenizer_class", kind == "gpt2" ? "PreTrainedTokenizerFast" : "LlamaTokenizer"},
              {"clean_up_tokenization_spaces", false},
              {"add_bos_token", adds_bos(file)}};
  const auto name = [&](const char* key, TokenId id) {
    if (id >= 0) out[key] = (*vocabulary.tokens)[static_cast<std::size_t>(id)];
  };
  name("bos_token", vocabulary.bos);
  name("eos_token", vocabulary.eos);
  name("pad_token", vocabulary.pad);
  const std::string chat_template = fields.text_or("tokenizer.chat_template", "");
  if (!chat_template.empty()) out["chat_template"] = chat_template;
  const std::string context = fields.text_or("general.architecture", "") + ".context_length";
  if (fields.has(context)) out["model_max_length"] = fields.integer(context, 1, 1 << 24);
  AD_RETURN_IF_ERROR(fields.status());
  for (const char* key : {"bos_token", "eos_token", "pad_token", "chat_template"})
    if (out.contains(key) && !is_well_formed(out[key].get_ref<const std::string&>()))
      return Status(Errc::kBadInput, std::string(key) + " of the file is not UTF-8");
  return out.dump(2) + "\n";
}

Result<std::shared_ptr<const Tokenizer>> load_gguf_tokenizer(const GgufFile& file) {
  AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file));
  AD_ASSIGN_OR_RETURN(const Vocabulary vocabulary, read_vocabulary(file));
  const auto named = [&](TokenId id) { return id < 0 ? "" : (*vocabulary.tokens)[static_cast<std::size_t>(id)]; };
  const EndTokens ends{named(vocabulary.eos), named(vocabulary.pad)};
  if (kind != "gpt2") {
    AD_ASSIGN_OR_RETURN(std::string model, gguf_sentencepiece_model(file));
    return make_sentencepiece_tokenizer(std::move(model), {.eos = ends.eos, .pad = ends.pad});
  }
  AD_ASSIGN_OR_RETURN(std::string text, gguf_tokenizer_json(file));
  AD_ASSIGN_OR_RETURN(const json parsed, parse_json_once(text));
  return make_bpe_tokenizer(std::move(text), parsed, ends);
}

}  // namespace autodidact
