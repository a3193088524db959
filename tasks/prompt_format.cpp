#include "tasks/prompt_format.hpp"

#include "tasks/example_file.hpp"
#include "tasks/problem_id.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

constexpr std::string_view kQuestion = "{question}";

Result<std::vector<WorkedExample>> read_few_shot(const PromptFormat& format, const std::string& path, const std::string& key,
                                                 const std::string& task) {
  std::vector<WorkedExample> few_shot;
  if (path.empty()) return few_shot;
  AD_ASSIGN_OR_RETURN(const auto examples, read_example_file(path, key));
  for (const QuestionAndCompletion& example : examples) {
    Problem problem;
    problem.task = task;
    problem.prompt = format.asked(example.question);
    problem.id = make_problem_id(problem.task, problem.prompt);
    problem.has_reference = false;
    problem.source = "few-shot";
    few_shot.push_back({std::move(problem), example.completion, false});
  }
  return few_shot;
}

}  // namespace

Result<PromptFormat> PromptFormat::make(const TaskOptions& options) {
  const std::size_t at = options.prompt.find(kQuestion);
  if (at == std::string::npos) {
    return Status(Errc::kConfig, "task.prompt: must hold {question}, in the place of the question");
  }
  PromptFormat format;
  format.before_ = options.prompt.substr(0, at);
  format.after_ = options.prompt.substr(at + kQuestion.size());
  if (!options.instruction.empty()) format.instruction_ = "\n" + options.instruction;
  AD_ASSIGN_OR_RETURN(format.few_shot_, read_few_shot(format, options.few_shot_file, "task.few_shot_file", options.name));
  format.few_shot_hinted_ = format.few_shot_;
  if (options.few_shot_hinted_file.empty()) return format;
  AD_ASSIGN_OR_RETURN(format.few_shot_hinted_,
                      read_few_shot(format, options.few_shot_hinted_file, "task.few_shot_hinted_file", options.name));
  return format;
}

std::string PromptFormat::asked(std::string_view question) const { return std::string(question) + instruction_; }

std::string_view PromptFormat::question_of(std::string_view prompt) const {
  if (!instruction_.empty() && prompt.ends_with(instruction_)) prompt.remove_suffix(instruction_.size());
  return prompt;
}

// Byte-pair tokenizers hold a word with the space before it: the space belongs to the completion, not to the prompt.
std::string PromptFormat::plain_completion(std::string_view completion) const {
  const bool apart = after_.empty() || after_.ends_with(' ') || after_.ends_with('\n');
  return (apart || completion.starts_with(' ') ? "" : " ") + std::string(completion);
}

std::string PromptFormat::plain_stop() const {
  const std::string_view start = trimmed(before_);
  return start.empty() ? "" : "\n" + std::string(start);
}

}  // namespace autodidact
