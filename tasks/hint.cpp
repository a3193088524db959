#include "tasks/hint.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "tasks/text.hpp"

namespace autodidact {

bool speaks_of_hint(std::string_view completion) {
  static constexpr std::array kPhrases = {"the hint",         "a hint",          "hint:",           "as given",
                                          "as stated",        "given answer",    "answer given",    "answer is given",
                                          "answer was given", "provided answer", "answer provided", "answer is provided"};
  const std::string text = normalised(completion);
  return std::ranges::any_of(kPhrases, [&](std::string_view phrase) { return text.find(phrase) != std::string::npos; });
}

bool bare_answer(std::string_view completion, std::string_view reference) {
  static constexpr std::array<std::string_view, 4> kMarks = {"####", "\\boxed", "answer is", "answer:"};
  const std::string text = lower_case(completion);
  std::size_t begin = 0;
  bool marked = false;
  for (const std::string_view mark : kMarks) {
    const std::size_t at = text.rfind(mark);
    if (at == std::string::npos) continue;
    begin = std::max(begin, at);
    marked = true;
  }
  if (!marked) begin = std::min(text.rfind(lower_case(trimmed(reference))), text.size());
  return count_words(std::string_view(text).substr(0, begin), kLeastReasoningWords) < kLeastReasoningWords;
}

}  // namespace autodidact
