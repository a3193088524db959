#pragma once
// What a tokenizer.json says, checked: nothing in it is believed before. One call, any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/bpe/added_tokens.hpp"
#include "model/bpe/bpe_vocabulary.hpp"
#include "model/bpe/normalizer.hpp"
#include "model/bpe/splitter.hpp"

namespace autodidact {

struct TokenizerParts {
  Normalizer normalizer;
  Splitter splitter;
  BpeVocabulary vocabulary;
  std::vector<AddedToken> added;
};

// kBadInput when a key stands twice in one object: one of the two would silently win.
Result<nlohmann::json> parse_json_once(const std::string& text);
Result<TokenizerParts> parse_tokenizer_json(const nlohmann::json& file);

}  // namespace autodidact
