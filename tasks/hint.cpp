#include "tasks/hint.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "tasks/text.hpp"

namespace autodidact {
namespace {

// Where the last mark of a final answer stands.
std::optional<std::size_t> final_mark(std::string_view lower_text) {
  static constexpr std::array<std::string_view, 4> kMarks = {"####", "\\boxed", "answer is", "answer:"};
  std::optional<std::size_t> last;
  for (const std::string_view mark : kMarks) {
    const std::size_t at = lower_text.rfind(mark);
    if (at != std::string::npos) last = std::max(last.value_or(0), at);
  }
  return last;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool digit_at(std::string_view text, std::size_t i) { return i < text.size() && is_digit(text[i]); }

// Takes the number that `text` begins with, "1,000.50" as "1000.5" and ".5" as "0.5"; nothing when it begins with none. A comma
// or a point belongs to it only before a digit, as at the end of a sentence it does not.
std::string take_number(std::string_view& text) {
  std::string number;
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      number += text[i];
    } else if (text[i] == '.' && !point && digit_at(text, i + 1)) {
      point = true;
      number += '.';
    } else if (text[i] != ',' || point || number.empty() || !digit_at(text, i + 1)) {
      break;
    }
  }
  text.remove_prefix(i);
  if (point) number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  number.erase(0, std::min(number.find_first_not_of('0'), number.size()));
  if (i > 0 && (number.empty() || number.front() == '.')) number.insert(0, "0");
  return number;
}

}  // namespace

bool speaks_of_hint(std::string_view completion) {
  static constexpr std::array kPhrases = {"the hint",         "a hint",          "hint:",           "as given",
                                          "as stated",        "given answer",    "answer given",    "answer is given",
                                          "answer was given", "provided answer", "answer provided", "answer is provided"};
  const std::string text = normalised(completion);
  return std::ranges::any_of(kPhrases, [&](std::string_view phrase) { return text.find(phrase) != std::string::npos; });
}

bool bare_answer(std::string_view completion, std::string_view reference) {
  const std::string text = lower_case(completion);
  const std::size_t begin = final_mark(text).value_or(std::min(text.rfind(lower_case(trimmed(reference))), text.size()));
  return count_words(std::string_view(text).substr(0, begin), kLeastReasoningWords) < kLeastReasoningWords;
}

bool unreached_answer(std::string_view completion, std::string_view reference) {
  std::string_view rest = trimmed(reference);
  if (rest.starts_with('-')) rest.remove_prefix(1);
  if (rest.starts_with('$')) rest.remove_prefix(1);
  const std::string sought = take_number(rest);
  const auto mark = final_mark(lower_case(completion));
  if (sought.empty() || !rest.empty() || !mark) return false;
  for (std::string_view working = completion.substr(0, *mark); !working.empty();) {
    if (take_number(working) == sought) return false;
    if (!digit_at(working, 0)) working.remove_prefix(std::min<std::size_t>(1, working.size()));
  }
  return true;
}

}  // namespace autodidact
