// Reads a tokenizer.json from outside: nothing in it is believed before it is checked.

#include "model/tokenizer.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/bpe/bpe_tokenizer.hpp"
#include "model/bpe/tokenizer_json.hpp"
#include "model/sentencepiece/sentencepiece_tokenizer.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxFileBytes = 64ull << 20;  // the largest BPE files in use are about 20 MB

Status bad_file(const std::string& path, const std::string& what) {
  return {Errc::kBadInput, path + ": " + what + "; restore the file that was written beside these weights"};
}

bool holds_integer(const nlohmann::json& json, const char* key, std::int64_t value) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() && *found == value;
}

// Characters must come sorted and unique: a changed order would silently give every weight row another meaning.
Result<std::shared_ptr<const Tokenizer>> load_characters(const std::string& path, const nlohmann::json& json) {
  if (!holds_integer(json, "version", 1)) return bad_file(path, "\"version\" must be 1");
  if (!holds_integer(json, "pad", 0) || !holds_integer(json, "eos", 1)) {
    return bad_file(path, "\"pad\" must be 0 and \"eos\" must be 1");
  }
  const auto found = json.find("characters");
  if (found == json.end() || !found->is_string()) return bad_file(path, "\"characters\" must be a string");
  const auto& characters = found->get_ref<const std::string&>();
  for (std::size_t i = 1; i < characters.size(); ++i) {
    if (static_cast<unsigned char>(characters[i - 1]) >= static_cast<unsigned char>(characters[i])) {
      return bad_file(path, "\"characters\" must be sorted, each once");
    }
  }
  auto tokenizer = make_char_tokenizer(characters);
  if (!tokenizer.ok()) return bad_file(path, tokenizer.status().message());
  return tokenizer;
}

// A token is named by its content, or by an object that has it.
std::string token_named(const nlohmann::json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end()) return "";
  if (found->is_string()) return *found;
  return found->is_object() && found->contains("content") && (*found)["content"].is_string() ? (*found)["content"] : "";
}

Result<std::shared_ptr<const Tokenizer>> load_bpe(const std::string& path, std::string text, const nlohmann::json& json) {
  const std::string beside = parent_directory(path) + "/tokenizer_config.json";
  AD_ASSIGN_OR_RETURN(const std::string config_text, read_file(beside, kMaxFileBytes));
  auto config = parse_json_once(config_text);
  if (!config.ok()) return config.status().with_context(beside);
  const EndTokens ends{token_named(*config, "eos_token"), token_named(*config, "pad_token")};
  if (ends.eos.empty()) return Status(Errc::kBadInput, beside + ": \"eos_token\" must name a token");
  auto tokenizer = make_bpe_tokenizer(std::move(text), json, ends);
  if (!tokenizer.ok()) return tokenizer.status().with_context(path);
  return tokenizer;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& path) {
  std::error_code ignored;
  const std::string other = parent_directory(path) + "/tokenizer.model";
  if (!std::filesystem::exists(path, ignored) && std::filesystem::exists(other, ignored))
    return load_sentencepiece_tokenizer(other);
  AD_ASSIGN_OR_RETURN(std::string text, read_file(path, kMaxFileBytes));
  const auto json = parse_json_once(text);
  if (!json.ok()) return bad_file(path, json.status().message());
  if (json->value("type", nlohmann::json()) == "sentencepiece") {
    auto tokenizer = make_sentencepiece_tokenizer_from_json(text);
    if (!tokenizer.ok()) return bad_file(path, tokenizer.status().message());
    return tokenizer;
  }
  if (json->contains("model")) return load_bpe(path, std::move(text), *json);
  const auto type = json->find("type");
  if (type == json->end() || !type->is_string() || *type != "char") {
    return bad_file(path, "\"type\" must be \"char\", or a \"model\" must be there");
  }
  return load_characters(path, *json);
}

}  // namespace autodidact
