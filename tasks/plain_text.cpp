#include "tasks/plain_text.hpp"

namespace autodidact {

std::string plain_text(const Task& task, const Problem& problem, bool hinted) {
  std::string text;
  for (const WorkedExample& example : task.few_shot(hinted)) {
    text += task.plain_question(example.problem.prompt) + task.plain_completion(example.completion) + "\n\n";
  }
  return text + task.plain_question(hinted ? task.hinted_prompt(problem) : problem.prompt);
}

}  // namespace autodidact
