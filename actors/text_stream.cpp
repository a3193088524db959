#include "actors/text_stream.hpp"

#include <algorithm>

namespace autodidact {
namespace {

// Of the end of `text`, the longest that `stop` begins with.
std::size_t begun(std::string_view text, std::string_view stop) {
  for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length)
    if (stop.starts_with(text.substr(text.size() - length))) return length;
  return 0;
}

}  // namespace

AnswerPart TextStream::push(TokenId token, float logprob) {
  std::string bytes = tokenizer_->token_bytes(token);
  const std::size_t before = bytes_.size();
  bytes_ += bytes;
  if (!cut_) look_for_stops(before);
  if (keeps_tokens_) pending_.push_back({{token, std::move(bytes), logprob, std::nullopt}, before, bytes_.size()});
  return show(cut_ ? *cut_ : bytes_.size() - held_back());
}

AnswerPart TextStream::finish() {
  AnswerPart part = show(cut_ ? *cut_ : bytes_.size());
  const std::string rest = decoder_.finish();
  part.text += rest;
  text_ += rest;
  pending_.clear();
  return part;
}

// A stop text that ends in the bytes from `from` on; the one that begins first.
void TextStream::look_for_stops(std::size_t from) {
  for (const std::string& stop : stops_) {
    const std::size_t begin = from - std::min(from, stop.size() - 1);
    const std::size_t at = bytes_.find(stop, std::max(begin, shown_));
    if (at != std::string::npos && (!cut_ || at < *cut_)) cut_ = at;
  }
}

std::size_t TextStream::held_back() const {
  std::size_t most = 0;
  const std::string_view open = std::string_view(bytes_).substr(shown_);
  for (const std::string& stop : stops_) most = std::max(most, begun(open, stop));
  return most;
}

AnswerPart TextStream::show(std::size_t up_to) {
  AnswerPart part;
  part.text = decoder_.push(std::string_view(bytes_).substr(shown_, up_to - shown_));
  shown_ = up_to;
  text_ += part.text;
  auto first_left = pending_.begin();
  for (; first_left != pending_.end(); ++first_left) {
    const bool in_text = cut_ ? first_left->begin < *cut_ : first_left->end <= shown_;
    if (!in_text) break;
    tokens_.push_back(first_left->token);
    part.tokens.push_back(std::move(first_left->token));
  }
  pending_.erase(pending_.begin(), first_left);
  return part;
}

std::string before_stop(std::string text, const std::vector<std::string>& stops) {
  std::size_t at = text.size();
  for (const std::string& stop : stops) at = std::min(at, text.find(stop));
  text.resize(at);
  return text;
}

}  // namespace autodidact
