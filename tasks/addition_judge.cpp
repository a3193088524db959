#include "tasks/addition_judge.hpp"

#include <algorithm>

namespace autodidact {
namespace {

constexpr std::size_t kExtractedChars = 64;  // `extracted` is for reading

// The next step of `rest`, which is advanced past its separator; `more` tells whether there was one.
std::string_view take_step(std::string_view& rest, char separator, bool& more) {
  const std::size_t end = rest.find(separator);
  more = end != std::string_view::npos;
  const std::string_view step = rest.substr(0, end);
  rest = more ? rest.substr(end + 1) : std::string_view();
  return step;
}

// A step counts as right only when it also ends where the right one ends: at a separator, or at the end of the text.
std::vector<float> score_steps(std::string_view expected, std::string_view completion, char separator) {
  std::vector<float> scores;
  bool right = true;
  for (bool more = true; more;) {
    bool more_given = false;
    const std::string_view step = take_step(expected, separator, more);
    right = right && step == take_step(completion, separator, more_given) && more == more_given;
    scores.push_back(right ? 1.0f : 0.0f);
  }
  return scores;
}

std::string shortened(std::string text) {
  if (text.size() > kExtractedChars) text = text.substr(0, kExtractedChars) + "…";
  return text;
}

}  // namespace

Verdict judge_addition(const ScratchpadFormat& format, const Problem& problem, std::string_view completion, bool process) {
  Verdict verdict;
  verdict.checker = process ? "addition.scratchpad" : "addition.answer";
  if (!problem.has_reference) return verdict;
  const auto sum = format.parse_prompt(problem.prompt);
  if (!sum) return verdict;

  auto answer = format.answer(completion);
  verdict.answer_correct = answer && *answer == problem.reference;
  if (answer) verdict.extracted = shortened(std::move(*answer));
  verdict.step_scores = score_steps(format.completion(*sum), completion, format.step_separator());

  const bool all_right = verdict.step_scores.back() == 1.0f;
  const bool correct = verdict.answer_correct && (all_right || !process);
  verdict.outcome = correct ? Outcome::kCorrect : Outcome::kWrong;
  verdict.score = correct ? 1.0f : 0.0f;
  return verdict;
}

}  // namespace autodidact
