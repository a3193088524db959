#include "tools/step_texts.hpp"

#include <algorithm>

namespace autodidact {

std::vector<std::string> step_texts(const Tokenizer& tokenizer, std::span<const TokenId> tokens,
                                    std::span<const std::uint32_t> step_ends, const std::string& text) {
  std::vector<std::string> steps;
  std::string all;
  std::size_t begin = 0;
  for (const std::uint32_t last : step_ends) {
    const std::size_t end = std::size_t{last} + 1;
    if (end > tokens.size() || end < begin) break;
    std::string& step = steps.emplace_back();
    for (; begin < end; ++begin) step += tokenizer.token_bytes(tokens[begin]);
    all += step;
  }
  // SentencePiece spells a space before the first word that the text has not.
  const std::size_t offset = all.find(text);
  if (offset == std::string::npos) return steps;
  std::size_t at = 0;
  for (std::string& step : steps) {
    const std::size_t first = std::clamp(offset, at, at + step.size()) - at;
    const std::size_t last = std::clamp(offset + text.size(), at, at + step.size()) - at;
    at += step.size();
    step = step.substr(first, last - first);
  }
  return steps;
}

}  // namespace autodidact
