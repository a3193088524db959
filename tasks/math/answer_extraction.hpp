#pragma once
// Where a completion states its answer. Pure; any thread; linear in the completion.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/math/math_checker.hpp"

namespace autodidact::math {

struct Stated {
  std::vector<std::string> answers;  // in the order of the text; what stands in neighbouring boxes is one answer
  bool broken_off = false;           // the text ends inside a box or a line of thought
  bool too_many = false;             // more than kMaxStatedAnswers
};

// \boxed{…}, \fbox{…}, and what stands behind #### on its line. After a </think> only what follows it counts.
Stated marked_answers(std::string_view completion);
// Behind the last "answer is" or "answer:", up to the end of the sentence.
std::optional<std::string> spoken_answer(std::string_view completion);
// The last formula in $…$, $$…$$, \(…\) or \[…\].
std::optional<std::string> last_formula(std::string_view completion);
// The last number of the text.
std::optional<std::string> last_number(std::string_view completion);
// The answer in a reference that may be a worked solution.
std::string reference_answer(std::string_view reference);

}  // namespace autodidact::math
