#pragma once
// What is kept beside a SentencePiece tokenizer's model: its options. Pure functions; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/sentencepiece/sentencepiece_tokenizer.hpp"

namespace autodidact {

std::string write_sentencepiece_json(const std::string& model, const SentencePieceOptions& options);
// What a Hugging Face tokenizer_config.json says. kBadInput names the key.
Result<SentencePieceOptions> read_tokenizer_config(const nlohmann::json& config);

}  // namespace autodidact
