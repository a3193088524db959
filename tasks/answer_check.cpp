#include "tasks/answer_check.hpp"

#include <array>

#include "tasks/math/math_checker.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kExtractedChars = 64;  // `extracted` is for reading
constexpr std::array<std::string_view, 5> kMarks = {"####", "\\boxed{", "<answer>", "answer is", "answer:"};

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string_view last_line(std::string_view text) {
  text = trimmed(text);
  const std::size_t end = text.rfind('\n');
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }

// The letters of "(b)" in a line.
std::string bracketed_letters(std::string_view line) {
  std::string letters;
  for (std::size_t i = 0; i + 2 < line.size(); ++i) {
    if (line[i] == '(' && is_letter(line[i + 1]) && line[i + 2] == ')') letters += lower_case(line.substr(i + 1, 1));
  }
  return letters;
}

// Letters that stand alone as an answer does: the only word of the line ("b", "**B**"), one before a bracket ("b) blotter"), or
// a capital that is no English word ("B because …").
std::string lone_letters(std::string_view line) {
  std::string letters;
  std::size_t words = 0, first_letter = std::string_view::npos;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!is_word(line[i])) continue;
    const std::size_t begin = i;
    while (i < line.size() && is_word(line[i])) ++i;
    ++words;
    if (i - begin != 1 || !is_letter(line[begin])) continue;
    if (words == 1) first_letter = begin;
    const bool article = line[begin] == 'A' || line[begin] == 'I' || line[begin] >= 'a';
    const bool closed = i < line.size() && line[i] == ')';
    if (closed || !article) letters += lower_case(line.substr(begin, 1));
  }
  if (letters.empty() && words == 1 && first_letter != std::string_view::npos)
    letters = lower_case(line.substr(first_letter, 1));
  return letters;
}

// The letters of what follows a mark.
std::string marked_letters(std::string_view line) {
  line = line.substr(0, line.find("</"));
  const std::string letters = bracketed_letters(line);
  return letters.empty() ? lone_letters(line) : letters;
}

Verdict judged(const char* checker, bool right, std::string answer) {
  Verdict verdict;
  verdict.checker = checker;
  verdict.outcome = right ? Outcome::kCorrect : Outcome::kWrong;
  verdict.answer_correct = right;
  verdict.score = right ? 1.0f : 0.0f;
  verdict.extracted = answer.size() > kExtractedChars ? readable(answer) : std::move(answer);
  return verdict;
}

Verdict check_as_math(const Problem& problem, std::string_view completion) {
  const MathMode mode = problem.split == Split::kHeldOut ? MathMode::kEvaluation : MathMode::kReward;
  MathCheck check = check_math(completion, problem.reference, mode);
  Verdict verdict = judged("math", check.verdict == MathVerdict::kRight, std::move(check.answer));
  if (check.verdict == MathVerdict::kCannotJudge) verdict.outcome = Outcome::kCannotJudge;
  return verdict;
}

std::string plain(std::string_view text) {
  std::string answer = normalised(text);
  while (answer.ends_with('.')) answer.pop_back();
  return answer;
}

Verdict check_as_text(const Problem& problem, std::string_view completion) {
  std::string answer = stated_answer(completion);
  const bool right = !plain(answer).empty() && plain(answer) == plain(problem.reference);
  return judged("exact", right, std::move(answer));
}

Verdict check_as_choice(const Problem& problem, std::string_view completion) {
  const auto wanted = stated_choice(problem.reference);
  if (!wanted) return {};
  const auto stated = stated_choice(completion);
  return judged("choice", stated == wanted, stated ? std::string(1, *stated) : "");
}

}  // namespace

Result<AnswerKind> parse_answer_kind(const std::string& name) {
  if (name == "math") return AnswerKind::kMath;
  if (name == "exact") return AnswerKind::kExact;
  if (name == "choice") return AnswerKind::kChoice;
  return Status(Errc::kConfig, R"(task.answer: ")" + name + R"(" is not known, use "math", "exact" or "choice")");
}

std::string answer_key(AnswerKind kind, std::string_view completion) {
  constexpr std::size_t kKeyBytes = 256;
  if (kind == AnswerKind::kChoice) {
    const auto stated = stated_choice(completion);
    return stated ? std::string(1, *stated) : "";
  }
  std::string key = plain(stated_answer(completion));
  if (kind == AnswerKind::kMath) {
    std::erase(key, '$');
    const bool number = !key.empty() && key.find_first_not_of("0123456789,.+-") == std::string::npos;
    if (number) std::erase(key, ',');
  }
  return key.size() <= kKeyBytes ? key : "";
}

std::string stated_answer(std::string_view completion) {
  const std::string lower = lower_case(completion);
  std::size_t begin = std::string::npos;
  std::string_view found;
  for (const std::string_view mark : kMarks) {
    const std::size_t at = lower.rfind(mark);
    if (at == std::string::npos || (begin != std::string::npos && at < begin)) continue;
    begin = at;
    found = mark;
  }
  if (begin == std::string::npos) return std::string(last_line(completion));
  const std::string_view rest = completion.substr(begin + found.size());
  if (found == "\\boxed{") return std::string(trimmed(last_boxed(completion.substr(begin))));
  if (found == "<answer>") return std::string(trimmed(rest.substr(0, lower.find("</answer>", begin) - begin - found.size())));
  return std::string(trimmed(first_line(rest)));
}

std::optional<char> stated_choice(std::string_view completion) {
  const std::string lower = lower_case(completion);
  std::string letters;
  bool marked = false;
  for (const std::string_view mark : kMarks) {
    for (std::size_t at = lower.find(mark); at != std::string::npos;) {
      const std::size_t next = lower.find(mark, at + mark.size());
      const std::string_view part =
          completion.substr(at + mark.size(), next == std::string::npos ? next : next - at - mark.size());
      letters += marked_letters(first_line(part));
      marked = true;
      at = next;
    }
  }
  if (!marked) {
    const std::string_view line = last_line(completion);
    letters = count_words(line, 2) < 2 ? marked_letters(line) : bracketed_letters(line);
  }
  if (letters.empty() || letters.find_first_not_of(letters[0]) != std::string::npos) return std::nullopt;
  return letters[0];
}

Verdict check_answer(AnswerKind kind, const Problem& problem, std::string_view completion) {
  if (!problem.has_reference) {
    Verdict verdict;
    verdict.extracted = readable(stated_answer(completion));
    return verdict;
  }
  switch (kind) {
    case AnswerKind::kMath: return check_as_math(problem, completion);
    case AnswerKind::kExact: return check_as_text(problem, completion);
    case AnswerKind::kChoice: return check_as_choice(problem, completion);
  }
  return {};
}

}  // namespace autodidact
