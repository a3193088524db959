#pragma once
// A SentencePiece tokenizer (tokenizer.model: unigram, or BPE with bytes for what it does not know) behind our interface, by
// Google's library. Unigram text with several equally good segmentations ("ll l", "l ll") gets one of them; which one is a
// matter of rounding, in which the library's versions differ. Immutable; any thread.

#include <memory>
#include <string>
#include <vector>

#include "model/bpe/added_tokens.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

struct SentencePieceOptions {
  std::string eos = {}, pad = {};  // by content; empty: the model's own, and eos for pad
  // Beside the model's control pieces, or about its pieces: one that is special is no longer found in users' text. Ids behind
  // the model's make the vocabulary larger.
  std::vector<AddedToken> added = {};
  // Hugging Face's "legacy": text behind a special token begins with the space that the model puts before a text, too (as
  // llama.cpp has it). Else only the beginning of the whole does.
  bool legacy = true;
};

// `model`: the bytes of a tokenizer.model. kBadInput names the place, or the token that is not there.
// token_bytes() of a first token has the space before a text; decode() of a whole leaves it out.
Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(std::string model, SentencePieceOptions options);

// A tokenizer.model file, and what a tokenizer_config.json beside it says: eos_token, pad_token, legacy,
// added_tokens_decoder. kBadInput, kNotFound name the file.
Result<std::shared_ptr<const Tokenizer>> load_sentencepiece_tokenizer(const std::string& path);
// What to_json() of one gave: {"type": "sentencepiece", "model": base64, ...}. Nobody else reads it; write
// sentencepiece_model_of() as tokenizer.model for them.
Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer_from_json(const std::string& text);

// The bytes of its tokenizer.model; empty when it is no SentencePiece tokenizer.
std::string sentencepiece_model_of(const Tokenizer& tokenizer);

}  // namespace autodidact
