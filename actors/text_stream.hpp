#pragma once
// The text of a completion while its tokens come: whole characters, nothing that may turn out to be the begin of a stop text,
// and nothing of a stop text or behind it. One owner, one thread; nothing survives a crash.

#include <optional>
#include <string>
#include <vector>

#include "actors/answer_backend.hpp"
#include "model/bpe/stream_decoder.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

class TextStream {
 public:
  // stops: not empty texts; may be none. keeps_tokens: false where nobody asks for them, they take longer than the text.
  TextStream(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops, bool keeps_tokens = true)
      : tokenizer_(std::move(tokenizer)), stops_(std::move(stops)), keeps_tokens_(keeps_tokens) {}

  // What may be shown now, and the tokens whose text that ends.
  AnswerPart push(TokenId token, float logprob);
  // The completion has ended: what was held back. Nothing comes behind it.
  AnswerPart finish();

  const std::string& text() const { return text_; }                   // all that was shown
  const std::vector<AnswerToken>& tokens() const { return tokens_; }  // of that text, what ended it included if it has no text

 private:
  AnswerPart show(std::size_t up_to);
  void look_for_stops(std::size_t from);
  std::size_t held_back() const;

  const std::shared_ptr<const Tokenizer> tokenizer_;
  const std::vector<std::string> stops_;
  const bool keeps_tokens_;
  std::string bytes_;               // of all tokens
  std::size_t shown_ = 0;           // of them
  std::optional<std::size_t> cut_;  // where a stop text begins
  StreamDecoder decoder_;
  struct Pending {
    AnswerToken token;
    std::size_t begin, end;  // in bytes_
  };
  std::vector<Pending> pending_;
  std::string text_;
  std::vector<AnswerToken> tokens_;
};

// Up to where the first of `stops` begins in it.
std::string before_stop(std::string text, const std::vector<std::string>& stops);

}  // namespace autodidact
