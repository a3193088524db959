// Problems of free text with a reference answer: GSM8K, MATH and what is laid out like them.

#include "tasks/answer_check.hpp"
#include "tasks/hint.hpp"
#include "tasks/problem_set_task.hpp"

namespace autodidact {
namespace {

class JsonlTask final : public ProblemSetTask {
 public:
  JsonlTask(const TaskOptions& options, ProblemSetParts parts, AnswerKind kind)
      : ProblemSetTask(options, std::move(parts)), kind_(kind) {}

  // The answer alone: STaR's release shows GSM8K's whole solution here, which leaves nothing to reason out.
  std::string hinted_prompt(const Problem& problem) const override {
    if (!problem.has_reference) return problem.prompt;
    return format().asked(std::string(format().question_of(problem.prompt)) + " (The answer is " + problem.reference + ".)");
  }
  bool leaks_hint(const Problem& problem, std::string_view completion) const override {
    return completion.find("(The answer is ") != std::string_view::npos || speaks_of_hint(completion) ||
           bare_answer(completion, problem.reference) || unreached_answer(completion, problem.reference);
  }
  // There is one right answer and no one right working: `process` asks for nothing more.
  Verdict judge(const Problem& problem, std::string_view completion, bool) const override {
    return check_answer(kind_, problem, completion);
  }
  std::string answer_of(std::string_view completion) const override { return answer_key(kind_, completion); }

 private:
  const AnswerKind kind_;
};

}  // namespace

Result<std::shared_ptr<const Task>> make_jsonl_task(const TaskOptions& options, std::uint64_t seed) {
  AD_ASSIGN_OR_RETURN(const AnswerKind kind, parse_answer_kind(options.answer));
  AD_ASSIGN_OR_RETURN(auto parts, load_problem_set(options, seed, /*multiple_choice=*/false));
  return std::shared_ptr<const Task>(std::make_shared<JsonlTask>(options, std::move(parts), kind));
}

}  // namespace autodidact
