#pragma once
// Text of our own making that carries text of others: a rendered chat template with a user's words in it. Which bytes are
// theirs is kept beside it, so that a tokenizer finds special tokens in ours alone. Plain values: any thread may hold one.

#include <cstddef>
#include <string>
#include <vector>

namespace autodidact {

struct ByteRange {
  std::size_t begin = 0, end = 0;
  bool operator==(const ByteRange&) const = default;
};

struct Markup {
  std::string text;
  std::vector<ByteRange> untrusted;  // sorted, not empty, neither overlapping nor touching
};

}  // namespace autodidact
