#pragma once
// Text of a completion as its tokens come: a character whose bytes are spread over tokens is held back until it is whole. One
// thread; nothing survives a crash.

#include <string>

#include "config/types.hpp"
#include "model/bpe/utf8.hpp"

namespace autodidact {

class StreamDecoder {
 public:
  // Adds a token's bytes; what can be shown now, well-formed UTF-8.
  std::string push(std::string_view bytes) {
    held_ += bytes;
    const std::size_t complete = complete_prefix(held_);
    const std::string out = replace_ill_formed(std::string_view(held_).substr(0, complete));
    held_.erase(0, complete);
    return out;
  }
  // What was held back; U+FFFD for a character that never became whole.
  std::string finish() {
    const std::string out = replace_ill_formed(held_);
    held_.clear();
    return out;
  }

 private:
  std::string held_;  // at most three bytes between calls
};

}  // namespace autodidact
