#pragma once
// Text of our own making that carries text of others: a rendered chat template with a user's words in it. Which bytes are
// theirs is kept beside it, so that a tokenizer finds special tokens in ours alone. Plain values: any thread may hold one.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
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

// Each run of bytes, untrusted or not, replaced by what `map` makes of it.
template <class Map>
Markup map_runs(std::string_view text, std::span<const ByteRange> untrusted, Map map) {
  Markup out;
  std::size_t at = 0;
  for (const ByteRange& range : untrusted) {
    out.text += map(text.substr(at, range.begin - at));
    const std::size_t begin = out.text.size();
    out.text += map(text.substr(range.begin, range.end - range.begin));
    if (out.text.size() > begin) out.untrusted.push_back({begin, out.text.size()});
    at = range.end;
  }
  out.text += map(text.substr(at));
  return out;
}

}  // namespace autodidact
