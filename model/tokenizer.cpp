// Reads a tokenizer.json from outside: nothing in it is believed before it is checked.

#include "model/tokenizer.hpp"

#include <nlohmann/json.hpp>

#include "config/files.hpp"

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

}  // namespace

Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& path) {
  AD_ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxFileBytes));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad_file(path, "not JSON");
  if (!json.is_object()) return bad_file(path, "must hold a JSON object");
  const auto type = json.find("type");
  if (type == json.end() || !type->is_string() || *type != "char") return bad_file(path, "\"type\" must be \"char\"");
  return load_characters(path, json);
}

}  // namespace autodidact
