#pragma once
// Tokens that are found in the text as they are written, before it is cut and merged: <|im_start|> and its like. Leftmost,
// then longest. Immutable after make(); any thread.

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/markup.hpp"

namespace autodidact {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;                          // only in text of our own making, never in a user's
  bool strip_left = false, strip_right = false;  // takes the white space beside it
  bool normalized = false;                       // looked for in the normalized text
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // Calls text() with what lies between tokens and token() with each, in order. with_special: the special ones count too.
  // Only those whose `normalized` is as said are looked for, and none with a byte in `untrusted` (offsets in `text`).
  struct Visitor {
    std::function<Status(std::string_view)> text;
    std::function<void(TokenId)> token;
  };
  Status split(std::string_view text, bool with_special, bool normalized, const Visitor& visitor,
               std::span<const ByteRange> untrusted = {}) const;

  bool empty() const { return tokens_.empty(); }
  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  const AddedToken* longest_at(std::string_view text, std::size_t at, bool with_special, bool normalized,
                               std::span<const ByteRange> untrusted) const;

  std::vector<AddedToken> tokens_;                        // longest first
  std::array<std::vector<std::uint32_t>, 256> by_first_;  // indexes into tokens_, longest first
  std::array<bool, 256> begins_{};                        // by_first_ has any
};

}  // namespace autodidact
