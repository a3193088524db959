#include "tasks/math/math_checker.hpp"

#include <algorithm>
#include <exception>

#include "tasks/math/answer_extraction.hpp"
#include "tasks/math/characters.hpp"
#include "tasks/math/check.hpp"
#include "tasks/math/compare.hpp"
#include "tasks/math/parser.hpp"
#include "tasks/math/special_forms.hpp"

namespace autodidact::math {
namespace {

struct Judgement {
  MathVerdict verdict;
  std::string why;
};
Judgement right(std::string why) { return {MathVerdict::kRight, std::move(why)}; }
Judgement wrong(std::string why) { return {MathVerdict::kWrong, std::move(why)}; }
Judgement cannot(std::string why) { return {MathVerdict::kCannotJudge, std::move(why)}; }

// One answer against the reference.
class Judge {
 public:
  Judge(std::string_view reference, MathMode mode, Work& work) : mode_(mode), work_(work) {
    auto latex = to_latex(reference);
    valid_ = latex.has_value();
    if (latex) reference_ = std::move(*latex);
    plain_ = plain_form(reference_);
    choice_ = choice_letter(reference_, false);
    if (valid_) parsed_ = read(reference_, references());
  }

  // What makes the reference unfit for any answer that does not repeat it; "" when it is fit.
  std::string unfit() const {
    if (!valid_) return "the reference is not valid UTF-8";
    if (plain_.empty()) return "there is no reference";
    return parsed_.expr ? "" : "the reference cannot be read: " + parsed_.error;
  }
  // A number and nothing else: then, and only then, the last number of a text may be its answer.
  bool is_number() const { return parsed_.expr && is_written_number(*parsed_.expr) && choice_ == '\0'; }

  Judgement judge(std::string_view text) {
    const auto latex = to_latex(text);
    if (!latex) return wrong("the answer is not valid UTF-8");
    const std::string plain = plain_form(*latex);
    if (plain.empty()) return wrong("the answer is empty");
    if (valid_ && plain == plain_) return right("the same text");
    if (const std::string why = unfit(); !why.empty()) return cannot(why);
    if (choice_ != '\0') return choose(*latex);
    Judgement first = attempt(parsed_, read(*latex, answers()));
    return first.verdict == MathVerdict::kRight ? first : other_commas(*latex, std::move(first));
  }

 private:
  static LexOptions references() { return {true, true, false}; }
  LexOptions answers() const { return {mode_ == MathMode::kEvaluation, true, false}; }

  Parsed read(const std::string& latex, const LexOptions& options) {
    if (auto special = special_form(latex)) return {std::move(special), "", false};
    return parse_answer(latex, options, work_);
  }

  Judgement choose(const std::string& latex) const {
    char given = choice_letter(latex, true);
    if (given == '\0' && mode_ == MathMode::kEvaluation && latex.size() == 1) given = choice_letter("(" + latex + ")", false);
    if (given == '\0') return wrong("no letter of a choice");
    return given == choice_ ? right("the letter of the choice") : wrong("another letter of the choice");
  }

  Judgement attempt(const Parsed& reference, const Parsed& answer) {
    if (!reference.expr) return cannot("the reference cannot be read: " + reference.error);
    if (!answer.expr) return wrong("the answer cannot be read: " + answer.error);
    Comparer comparer(mode_, work_);
    switch (comparer.compare(*reference.expr, *answer.expr)) {
      case Equal::kYes: return right(comparer.why());
      case Equal::kNo: return wrong(comparer.why());
      case Equal::kUndecided: break;
    }
    const bool heavy_answer = work_.exhausted() && size_of(*answer.expr) >= size_of(*reference.expr);
    return heavy_answer && !comparer.reference_too_large() ? wrong("the answer takes too much work") : cannot(comparer.why());
  }

  // "100,200" may be two numbers after all, and "3,14" is 3.14 in much of the world.
  Judgement other_commas(const std::string& latex, Judgement first) {
    const auto again = [this](const std::string& text, LexOptions options, bool thousands, bool decimal_comma) {
      options.thousands = thousands;
      options.decimal_comma = decimal_comma;
      return parse_answer(text, options, work_);
    };
    if (latex.find(',') == std::string::npos && !parsed_.thousands_comma) return first;
    Judgement second = attempt(again(reference_, references(), false, false), again(latex, answers(), false, false));
    if (second.verdict == MathVerdict::kRight) return second;
    const bool decimal = mode_ == MathMode::kEvaluation && parsed_.expr->kind == Kind::kNumber && parsed_.expr->decimals > 0;
    if (!decimal) return first;
    second = attempt(parsed_, again(latex, answers(), false, true));
    return second.verdict == MathVerdict::kRight ? second : first;
  }

  MathMode mode_;
  Work& work_;
  bool valid_ = false;
  std::string reference_;
  std::string plain_;
  char choice_ = '\0';
  Parsed parsed_;
};

MathCheck checked(Judgement judgement, std::string answer) {
  return {judgement.verdict, std::move(answer), std::move(judgement.why)};
}

// Every answer that is stated must be right: a policy must not gain by stating several.
MathCheck check_all(Judge& judge, std::vector<std::string> answers) {
  Judgement judgement = wrong("");
  std::string last;
  for (std::string& answer : answers) {
    judgement = judge.judge(answer);
    last = std::move(answer);
    if (judgement.verdict != MathVerdict::kRight) break;
  }
  if (answers.size() > 1 && judgement.verdict == MathVerdict::kWrong)
    judgement.why = "one of several answers: " + judgement.why;
  return checked(std::move(judgement), std::move(last));
}

MathCheck check_reward(Judge& judge, Stated stated) {
  if (stated.broken_off) return {MathVerdict::kWrong, "", "the text breaks off before its answer is complete"};
  if (stated.answers.empty()) return {MathVerdict::kWrong, "", "no \\boxed{} and no ####"};
  if (stated.too_many) return {MathVerdict::kWrong, stated.answers.back(), "too many answers"};
  return check_all(judge, std::move(stated.answers));
}

MathCheck check_one(Judge& judge, std::string answer) {
  Judgement judgement = judge.judge(answer);
  return checked(std::move(judgement), std::move(answer));
}

// One place after the other; what is stated in words or boxes is final. A formula, or a sentence that is no answer ("the answer
// is what he pays"), leaves the last number to be tried where the reference is a number.
MathCheck check_evaluation(Judge& judge, std::string_view completion, Stated stated) {
  if (!stated.answers.empty()) return check_one(judge, std::move(stated.answers.back()));
  if (stated.broken_off) return {MathVerdict::kWrong, "", "the text breaks off before its answer is complete"};
  MathCheck check{MathVerdict::kWrong, "", "no answer is stated"};
  if (auto spoken = spoken_answer(completion)) {
    check = check_one(judge, std::move(*spoken));
    if (check.why != kOtherWords) return check;
  } else if (auto formula = last_formula(completion)) {
    check = check_one(judge, std::move(*formula));
  }
  if (check.verdict != MathVerdict::kWrong || !judge.is_number()) return check;
  auto number = last_number(completion);
  return number ? check_one(judge, std::move(*number)) : check;
}

}  // namespace

MathCheck check_counted(std::string_view completion, std::string_view reference, MathMode mode, Work& work) {
  Judge judge(reference_answer(reference), mode, work);
  Stated stated = marked_answers(completion);
  const std::string unfit = judge.unfit();
  MathCheck check = mode == MathMode::kReward ? check_reward(judge, std::move(stated))
                                              : check_evaluation(judge, completion, std::move(stated));
  if (!unfit.empty() && check.verdict != MathVerdict::kRight)
    return {MathVerdict::kCannotJudge, std::move(check.answer), unfit};
  return check;
}

}  // namespace autodidact::math

namespace autodidact {

MathCheck check_math(std::string_view completion, std::string_view reference, MathMode mode) {
  try {
    math::Work work;
    return math::check_counted(completion, reference, mode, work);
  } catch (const std::exception& e) {  // out of memory
    return {MathVerdict::kCannotJudge, "", std::string("could not be computed: ") + e.what()};
  }
}

}  // namespace autodidact
