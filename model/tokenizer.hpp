#pragma once
// Text to token ids and back. Immutable after construction; any thread may call it. Needs no libtorch, so tools link it.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/markup.hpp"

namespace autodidact {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::int32_t vocab_size() const = 0;
  virtual TokenId eos() const = 0;  // ends a completion
  virtual TokenId pad() const = 0;  // never sampled, never in a loss
  // kBadInput names the first character (byte offset) that has no token. Never yields special tokens from user text.
  virtual Result<std::vector<TokenId>> encode(std::string_view text) const = 0;
  // Text of our own making, such as a rendered chat template: special tokens in it are special tokens, but for those that have
  // an untrusted byte. Else the same as one text.
  virtual Result<std::vector<TokenId>> encode_markup(const Markup& markup) const { return encode(markup.text); }
  // Special tokens decode to nothing; ids out of range to U+FFFD.
  virtual std::string decode(std::span<const TokenId> tokens) const = 0;
  // What the token adds to a text, which may be part of a character (see StreamDecoder).
  virtual std::string token_bytes(TokenId token) const { return decode({&token, 1}); }
  // One token for reading, e.g. "7", "\n" escaped, "<eos>".
  virtual std::string token_text(TokenId token) const = 0;
  // Its tokenizer.json (ours for characters), written beside the weights.
  virtual std::string to_json() const = 0;
};

// One token per byte of `alphabet` (ASCII, deduplicated, sorted) after <pad>=0 and <eos>=1.
Result<std::shared_ptr<const Tokenizer>> make_char_tokenizer(std::string_view alphabet);
// From a version directory's tokenizer.json: ours for characters or SentencePiece, or Hugging Face's byte-level BPE with its
// tokenizer_config.json (eos_token, pad_token) beside it; where there is none, from the tokenizer.model beside it. kBadInput
// names the file and the place in it.
Result<std::shared_ptr<const Tokenizer>> load_tokenizer(const std::string& path);

}  // namespace autodidact
