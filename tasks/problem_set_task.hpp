#pragma once
// A ProblemSet as a Task: what jsonl and multiple_choice have in common. Immutable after construction; any thread.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tasks/jsonl/problem_set.hpp"
#include "tasks/prompt_format.hpp"
#include "tasks/task.hpp"
#include "tasks/text.hpp"

namespace autodidact {

struct ProblemSetParts {
  ProblemSet problems;
  PromptFormat format;
  std::vector<WorkedExample> seeds;  // of task.seed_file; those of the training problems are added by the task
  std::uint64_t seed = 0;
};

class ProblemSetTask : public Task {
 public:
  ProblemSetTask(const TaskOptions& options, ProblemSetParts parts);

  std::string name() const override { return name_; }
  Problem training_problem(std::uint64_t index) const override;
  Problem held_out_problem(std::uint64_t index) const override;
  std::uint64_t held_out_size() const override { return parts_.problems.held_out().size(); }
  std::size_t group_of(const Problem& problem) const override;
  std::vector<std::string> group_names() const override { return group_names_; }

  std::vector<WorkedExample> few_shot(bool hinted) const override { return parts_.format.few_shot(hinted); }
  std::string plain_question(std::string_view asked) const override { return parts_.format.plain_question(asked); }
  std::string plain_completion(std::string_view text) const override { return parts_.format.plain_completion(text); }
  std::string plain_stop() const override { return parts_.format.plain_stop(); }

  std::vector<WorkedExample> seeds() const override;
  Result<Problem> parse_question(std::string_view question) const override;
  // Printable ASCII. What a set holds beyond that takes a checkpoint's tokenizer, which config/rules.cpp demands.
  std::string alphabet() const override { return printable_ascii(); }

 protected:
  const PromptFormat& format() const { return parts_.format; }

 private:
  Problem to_problem(const ProblemRow& row, const std::string& source, Split split) const;
  void name_groups();

  const std::string name_;
  const std::string train_source_, held_out_source_;  // file names without their directories
  const ProblemSetParts parts_;
  const std::uint64_t seeds_from_train_;
  std::vector<std::string> group_names_;
  std::unordered_map<ProblemId, std::uint32_t> group_of_;  // empty with a single group
};

// The question with its choices below, as STaR shows them: "…?\nAnswer Choices:\n(a) …\n(b) …". Without choices, the question.
std::string question_text(const ProblemRow& row);

// Everything `options` name, read. Errors under the key of the setting that is off.
Result<ProblemSetParts> load_problem_set(const TaskOptions& options, std::uint64_t seed, bool multiple_choice);

// Problems of free text with a reference answer each.
Result<std::shared_ptr<const Task>> make_jsonl_task(const TaskOptions& options, std::uint64_t seed);
// Questions with lettered choices.
Result<std::shared_ptr<const Task>> make_multiple_choice_task(const TaskOptions& options, std::uint64_t seed);

}  // namespace autodidact
