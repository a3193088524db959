#pragma once
// How a question of free text is asked: with its instruction, with worked examples before it, and as plain text. Immutable;
// any thread.

#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "tasks/task.hpp"

namespace autodidact {

class PromptFormat {
 public:
  // Reads the few-shot files; kConfig or kBadInput under the key of the setting that is off.
  static Result<PromptFormat> make(const TaskOptions& options);

  // The prompt of a problem: the question and below it the instruction.
  std::string asked(std::string_view question) const;
  // A prompt without its instruction again.
  std::string_view question_of(std::string_view prompt) const;

  const std::vector<WorkedExample>& few_shot(bool hinted) const { return hinted ? few_shot_hinted_ : few_shot_; }
  std::string plain_question(std::string_view asked) const { return before_ + std::string(asked) + after_; }
  std::string plain_completion(std::string_view completion) const;
  // "\nQ:" of "Q: {question}\nA:".
  std::string plain_stop() const;

 private:
  PromptFormat() = default;

  std::string before_, after_;  // the question in task.prompt
  std::string instruction_;     // "\n" and task.instruction, or nothing
  std::vector<WorkedExample> few_shot_, few_shot_hinted_;
};

}  // namespace autodidact
