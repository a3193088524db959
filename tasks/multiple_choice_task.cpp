// Questions with lettered choices, as STaR asks CommonsenseQA. With the default task.prompt the plain text is the paper's:
//
//   Q: What home entertainment equipment requires cable?
//   Answer Choices:
//   (a) radio shack
//   (b) substation
//   (c) television (CORRECT)          the mark is the hint
//   A: The answer must require cable. … Therefore, the answer is television (c).

#include "tasks/answer_check.hpp"
#include "tasks/hint.hpp"
#include "tasks/problem_set_task.hpp"

namespace autodidact {
namespace {

constexpr std::string_view kMark = " (CORRECT)";

class MultipleChoiceTask final : public ProblemSetTask {
 public:
  using ProblemSetTask::ProblemSetTask;

  std::string hinted_prompt(const Problem& problem) const override {
    std::string question(format().question_of(problem.prompt));
    const std::size_t line = problem.has_reference ? question.rfind("\n(" + problem.reference + ") ") : std::string::npos;
    if (line == std::string::npos) return problem.prompt;
    question.insert(std::min(question.find('\n', line + 1), question.size()), kMark);
    return format().asked(question);
  }
  bool leaks_hint(const Problem& problem, std::string_view completion) const override {
    return completion.find("CORRECT") != std::string_view::npos || speaks_of_hint(completion) ||
           bare_answer(completion, "(" + problem.reference + ")");
  }
  Verdict judge(const Problem& problem, std::string_view completion, bool) const override {
    return check_answer(AnswerKind::kChoice, problem, completion);
  }
  std::string answer_of(std::string_view completion) const override { return answer_key(AnswerKind::kChoice, completion); }
};

}  // namespace

Result<std::shared_ptr<const Task>> make_multiple_choice_task(const TaskOptions& options, std::uint64_t seed) {
  AD_ASSIGN_OR_RETURN(auto parts, load_problem_set(options, seed, /*multiple_choice=*/true));
  return std::shared_ptr<const Task>(std::make_shared<MultipleChoiceTask>(options, std::move(parts)));
}

}  // namespace autodidact
