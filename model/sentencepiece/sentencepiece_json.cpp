#include "model/sentencepiece/sentencepiece_json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/bpe/tokenizer_json.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxFileBytes = 64ull << 20;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

std::string base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) out += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  std::string out;
  if (text.size() % 4 != 0) return bad("\"model\" is not base64");
  while (text.ends_with('=')) text.remove_suffix(1);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) return bad("\"model\" is not base64");
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 0) out += static_cast<char>(group >> (6 - 2 * (i % 4)));
  }
  return out;
}

bool flag(const json& object, const char* key, bool otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}
// A token is named by its content, or by an object that has it.
std::string content_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return "";
  if (found->is_string()) return *found;
  return found->is_object() && found->contains("content") && (*found)["content"].is_string() ? (*found)["content"] : "";
}

Result<AddedToken> added_token(const std::string& key, const json& value) {
  const std::string place = "added_tokens_decoder[\"" + key + "\"]";
  AddedToken token;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token.id);
  if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || token.id < 0) return bad(place + ": expected an id");
  if (!value.is_object() || content_of(value, "content").empty()) return bad(place + ".content: expected text");
  if (flag(value, "single_word", false)) return bad(place + ".single_word is not supported");
  token.content = content_of(value, "content");
  token.special = flag(value, "special", false);
  token.strip_left = flag(value, "lstrip", false);
  token.strip_right = flag(value, "rstrip", false);
  return token;
}

}  // namespace

Result<SentencePieceOptions> read_tokenizer_config(const json& config) {
  SentencePieceOptions options;
  options.eos = content_of(config, "eos_token");
  options.pad = content_of(config, "pad_token");
  options.legacy = flag(config, "legacy", true);
  const auto added = config.find("added_tokens_decoder");
  if (added == config.end()) return options;
  if (!added->is_object()) return bad("added_tokens_decoder: expected an object");
  for (const auto& [key, value] : added->items()) {
    AD_ASSIGN_OR_RETURN(AddedToken token, added_token(key, value));
    options.added.push_back(std::move(token));
  }
  return options;
}

std::string write_sentencepiece_json(const std::string& model, const SentencePieceOptions& options) {
  json added = json::object();
  for (const AddedToken& token : options.added)
    added[std::to_string(token.id)] = {
        {"content", token.content}, {"special", token.special}, {"lstrip", token.strip_left}, {"rstrip", token.strip_right}};
  const json out = {{"type", "sentencepiece"},      {"version", 1},
                    {"model", base64(model)},       {"eos_token", options.eos},
                    {"pad_token", options.pad},     {"legacy", options.legacy},
                    {"added_tokens_decoder", added}};
  return out.dump() + "\n";
}

Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer_from_json(const std::string& text) {
  AD_ASSIGN_OR_RETURN(const json parsed, parse_json_once(text));
  if (content_of(parsed, "type") != "sentencepiece" || parsed.value("version", json()) != 1)
    return bad("\"type\" must be \"sentencepiece\" and \"version\" 1");
  AD_ASSIGN_OR_RETURN(std::string model, from_base64(content_of(parsed, "model")));
  AD_ASSIGN_OR_RETURN(SentencePieceOptions options, read_tokenizer_config(parsed));
  return make_sentencepiece_tokenizer(std::move(model), std::move(options));
}

Result<std::shared_ptr<const Tokenizer>> load_sentencepiece_tokenizer(const std::string& path) {
  AD_ASSIGN_OR_RETURN(std::string model, read_file(path, kMaxFileBytes));
  const std::string beside = parent_directory(path) + "/tokenizer_config.json";
  SentencePieceOptions options;
  const auto config_text = read_file(beside, kMaxFileBytes);
  if (!config_text.ok() && config_text.status().code() != Errc::kNotFound) return config_text.status();
  if (config_text.ok()) {
    const auto config = parse_json_once(*config_text);
    if (!config.ok()) return config.status().with_context(beside);
    auto read = read_tokenizer_config(*config);
    if (!read.ok()) return read.status().with_context(beside);
    options = std::move(*read);
  }
  auto tokenizer = make_sentencepiece_tokenizer(std::move(model), std::move(options));
  if (!tokenizer.ok()) return tokenizer.status().with_context(path);
  return tokenizer;
}

}  // namespace autodidact
