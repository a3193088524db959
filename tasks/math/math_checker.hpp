#pragma once
// Judges the final answer of a mathematical completion against a reference. Native and bounded by construction: no timer, no
// process, no exception leaves it. What is accepted, and what is not, is told in docs/math-checker.md.
//
// Pure functions of their arguments: any thread, nothing kept between calls. Linear in the length of the texts up to the
// answer, then at most kMaxWork steps (tasks/math/work.hpp) for the comparison.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace autodidact {

// A reward is what a policy learns to get, so it must be earned with a well-formed, marked, single answer; an evaluation
// should find the answer a reader would find.
enum class MathMode : std::uint8_t { kReward, kEvaluation };

// kCannotJudge: the reference cannot be read, or the two were read and cannot be told apart within the limits. It says nothing
// about the completion, so count it, and do not turn it into a wrong answer. What a model can bring about alone (an answer
// that cannot be read, or that is too large) is kWrong.
enum class MathVerdict : std::uint8_t { kRight, kWrong, kCannotJudge };

struct MathCheck {
  MathVerdict verdict = MathVerdict::kCannotJudge;
  std::string answer;  // as found in the completion, "" when none
  std::string why;     // one short line: the rule that decided
};

// The reference is an answer ("42", "\frac{1}{2}", "(1, 2]") or a worked solution that ends in one ("… #### 42", "\boxed{42}").
// Thread-safe, never throws, bounded in time and memory whatever the texts are.
MathCheck check_math(std::string_view completion, std::string_view reference, MathMode mode);

// The final answer a completion states, as its text; nullopt when it states none, or breaks off in the middle of one.
// kReward: only \boxed{…}, \fbox{…} and "#### …" state an answer. kEvaluation: also "the answer is …" and, after those, the
// last formula in $…$, \(…\), \[…\]. (check_math falls back once more, to the last number, when the reference is a number.)
std::optional<std::string> extract_math_answer(std::string_view completion, MathMode mode);

}  // namespace autodidact
