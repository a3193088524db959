#pragma once
// A tokenizer's split pattern, compiled by PCRE2 with JIT. Hugging Face's patterns are written for Oniguruma; what differs is
// translated (white space is Unicode's, \p{N} and friends are Unicode's). Immutable after compile(); any thread.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "config/status.hpp"

namespace autodidact {

class SplitRegex {
 public:
  // kBadInput with the byte of `pattern` where it goes wrong, or when it is over 4 KiB or compiles to over 1 MiB.
  static Result<SplitRegex> compile(const std::string& pattern);

  // The first match in well-formed UTF-8 `text` at or behind `from`, as [begin, end); begin == npos: none. An empty match is
  // no match. kBadInput when the pattern costs too much on this text.
  Result<std::pair<std::size_t, std::size_t>> find(std::string_view text, std::size_t from) const;

 private:
  struct State;
  explicit SplitRegex(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace autodidact
