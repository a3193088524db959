#pragma once
// Small byte-level tokenizers for tests: all 256 bytes, then what the merges make.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model/bpe/byte_level.hpp"

namespace autodidact {

using Merges = std::vector<std::pair<std::string, std::string>>;

inline std::vector<std::string> tokens_for(const Merges& merges) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const auto& [left, right] : merges) {
    if (std::find(tokens.begin(), tokens.end(), left + right) == tokens.end()) tokens.push_back(left + right);
  }
  return tokens;
}

// A tokenizer.json with <|end|> and <tool> as the last two tokens, the first of them special.
inline nlohmann::json small_tokenizer_json(const Merges& merges) {
  nlohmann::json vocab = nlohmann::json::object(), list = nlohmann::json::array();
  const auto tokens = tokens_for(merges);
  for (std::size_t id = 0; id < tokens.size(); ++id) vocab[spelling_of_bytes(tokens[id])] = id;
  for (const auto& [left, right] : merges) list.push_back(spelling_of_bytes(left) + " " + spelling_of_bytes(right));
  const auto added = [&](std::size_t id, const char* content, bool special) {
    return nlohmann::json{{"id", id}, {"content", content}, {"special", special}};
  };
  return {{"added_tokens", {added(tokens.size(), "<|end|>", true), added(tokens.size() + 1, "<tool>", false)}},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", list}}}};
}

}  // namespace autodidact
