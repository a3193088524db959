#pragma once
// Is the final answer of a completion the reference? Three ways to ask. Pure functions; any thread; bounded in time and memory
// whatever a model wrote. kCannotJudge is about the reference; what a model can bring about alone is kWrong.

#include <optional>
#include <string>
#include <string_view>

#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

enum class AnswerKind { kMath, kExact, kChoice };

// "math", "exact", "choice"; kConfig for anything else.
Result<AnswerKind> parse_answer_kind(const std::string& name);

// kMath: see math/math_checker.hpp. A held-out problem is judged as in an evaluation, any other as for a reward.
// kExact: as text, letter case, white space and a closing full stop aside.
// kChoice: the letter of an option; a completion that states several is wrong.
Verdict check_answer(AnswerKind kind, const Problem& problem, std::string_view completion);

// The stated answer as votes count it: two completions with the same key give the same answer. Letter case, white space, a
// closing full stop, dollar signs and the commas of "1,000" aside, as text; kChoice: the letter. "" when none is stated.
std::string answer_key(AnswerKind kind, std::string_view completion);

// The final answer as text: in the last \boxed{} or <answer></answer>, after the last "####", "answer is" or "answer:", else
// the last line. What stands further back counts.
std::string stated_answer(std::string_view completion);

// The one option that every stated answer names, small: "(b)", "B", "b)". Nothing when none or several are named.
std::optional<char> stated_choice(std::string_view completion);

}  // namespace autodidact
