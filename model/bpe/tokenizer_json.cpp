#include "model/bpe/tokenizer_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

#include "model/bpe/byte_level.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxTokens = 1 << 22;
constexpr std::size_t kMaxDepth = 64;
const json kNull;

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

const json& at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNull;
}

bool flag(const json& object, const char* key) { return at(object, key).is_boolean() && at(object, key).get<bool>(); }
std::string text_at(const json& object, const char* key) {
  return at(object, key).is_string() ? at(object, key).get<std::string>() : "";
}

Result<TokenId> id_of(const json& value, const std::string& place) {
  if (!value.is_number_integer() || value < 0 || value >= kMaxTokens)
    return bad(place + ": expected a token id from 0 to " + std::to_string(kMaxTokens - 1) + ", got " + value.dump());
  return static_cast<TokenId>(value.get<std::int64_t>());
}

Result<std::vector<AddedToken>> added_tokens(const json& list) {
  std::vector<AddedToken> tokens;
  std::set<std::string> contents;
  if (list.is_null()) return tokens;
  if (!list.is_array()) return bad("added_tokens: expected an array");
  for (const json& entry : list) {
    const std::string place = "added_tokens[" + std::to_string(tokens.size()) + "]";
    AddedToken token;
    AD_ASSIGN_OR_RETURN(token.id, id_of(at(entry, "id"), place + ".id"));
    token.content = text_at(entry, "content");
    if (token.content.empty()) return bad(place + ".content: expected text");
    if (!contents.insert(token.content).second) return bad(place + ".content: \"" + token.content + "\" stands here twice");
    if (flag(entry, "single_word")) return bad(place + ".single_word is not supported");
    token.special = flag(entry, "special");
    token.strip_left = flag(entry, "lstrip");
    token.strip_right = flag(entry, "rstrip");
    token.normalized = flag(entry, "normalized");
    tokens.push_back(std::move(token));
  }
  return tokens;
}

// Bytes by id. An added token has no bytes here: text that merely looks like it is not it.
Result<std::vector<std::string>> token_bytes(const json& vocab, const std::vector<AddedToken>& added) {
  if (!vocab.is_object() || vocab.empty()) return bad("model.vocab: expected an object of token ids");
  std::vector<std::string> tokens;
  std::set<TokenId> taken_by_added;
  for (const AddedToken& token : added) {
    if (!taken_by_added.insert(token.id).second)
      return bad("added_tokens: the id " + std::to_string(token.id) + " stands twice");
    if (static_cast<std::size_t>(token.id) >= tokens.size()) tokens.resize(static_cast<std::size_t>(token.id) + 1);
  }
  std::vector<bool> seen;
  for (const auto& [spelled, value] : vocab.items()) {
    const std::string place = "model.vocab[\"" + spelled + "\"]";
    AD_ASSIGN_OR_RETURN(const TokenId id, id_of(value, place));
    const auto index = static_cast<std::size_t>(id);
    if (index >= tokens.size()) tokens.resize(index + 1);
    if (index >= seen.size()) seen.resize(std::max(index + 1, 2 * seen.size()));
    if (seen[index]) return bad(place + ": the id " + std::to_string(id) + " belongs to another token too");
    seen[index] = true;
    if (taken_by_added.contains(id)) continue;
    auto bytes = bytes_of_spelling(spelled);
    if (!bytes || bytes->empty()) return bad(place + ": no byte-level spelling; only byte-level BPE is read so far");
    tokens[index] = std::move(*bytes);
  }
  return tokens;
}

// "left right", or the newer ["left", "right"].
Result<std::vector<std::pair<std::string, std::string>>> merges_of(const json& list) {
  if (!list.is_array()) return bad("model.merges: expected an array");
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(list.size());
  for (const json& entry : list) {
    const std::string place = "model.merges[" + std::to_string(merges.size()) + "]";
    std::string left, right;
    if (entry.is_string()) {
      const auto& both = entry.get_ref<const std::string&>();
      const std::size_t space = both.find(' ');
      left = both.substr(0, space);
      right = space == std::string::npos ? "" : both.substr(space + 1);
    } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      left = entry[0].get<std::string>();
      right = entry[1].get<std::string>();
    }
    const auto a = bytes_of_spelling(left), b = bytes_of_spelling(right);
    if (!a || !b || a->empty() || b->empty()) return bad(place + ": expected two tokens, got " + entry.dump());
    merges.emplace_back(*a, *b);
  }
  return merges;
}

Status check_model(const json& model) {
  if (text_at(model, "type") != "BPE") return bad("model.type: only BPE is read so far, this is " + at(model, "type").dump());
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!text_at(model, key).empty()) return bad(std::string("model.") + key + " is not supported");
  }
  if (at(model, "dropout").is_number() && at(model, "dropout") != 0) return bad("model.dropout is for training tokenizers");
  if (flag(model, "byte_fallback")) return bad("model.byte_fallback: SentencePiece-like models are not read yet");
  return {};
}

}  // namespace

Result<json> parse_json_once(const std::string& text) {
  std::vector<std::unordered_set<std::string>> keys;
  std::string twice;
  bool deep = false;
  const auto look = [&](int depth, json::parse_event_t event, json& value) {
    deep = deep || depth > static_cast<int>(kMaxDepth);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      twice = value.get<std::string>();
    return true;
  };
  json parsed = json::parse(text, look, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return bad("not JSON");
  if (!parsed.is_object()) return bad("must hold a JSON object");
  if (deep) return bad("nested deeper than " + std::to_string(kMaxDepth));
  if (!twice.empty()) return bad("the key \"" + twice + "\" stands twice in one object");
  return parsed;
}

Result<TokenizerParts> parse_tokenizer_json(const json& file) {
  const json& model = at(file, "model");
  AD_RETURN_IF_ERROR(check_model(model));
  AD_ASSIGN_OR_RETURN(auto added, added_tokens(at(file, "added_tokens")));
  AD_ASSIGN_OR_RETURN(auto tokens, token_bytes(at(model, "vocab"), added));
  AD_ASSIGN_OR_RETURN(const auto merges, merges_of(at(model, "merges")));
  AD_ASSIGN_OR_RETURN(auto vocabulary, BpeVocabulary::make(std::move(tokens), merges, flag(model, "ignore_merges")));
  AD_ASSIGN_OR_RETURN(auto normalizer, Normalizer::make(at(file, "normalizer")));
  AD_ASSIGN_OR_RETURN(auto splitter, Splitter::make(at(file, "pre_tokenizer")));
  return TokenizerParts{std::move(normalizer), std::move(splitter), std::move(vocabulary), std::move(added)};
}

}  // namespace autodidact
