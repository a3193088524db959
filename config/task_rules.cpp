#include "config/task_rules.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace autodidact {
namespace {

using Problems = std::vector<RuleProblem>;

std::string str(std::int64_t value) { return std::to_string(value); }
void error(Problems& p, std::string key, std::string message) { p.push_back({std::move(key), std::move(message), true}); }
void warn(Problems& p, std::string key, std::string message) { p.push_back({std::move(key), std::move(message), false}); }

void check_seed_counts(Problems& p, const TaskOptions& task, std::int64_t lengths) {
  const std::string range = str(task.min_digits) + " to " + str(task.max_digits) + " digits";
  const auto too_many = [&](const char* key, std::size_t size) {
    if (static_cast<std::int64_t>(size) > lengths) {
      error(p, key, "has " + std::to_string(size) + " entries for the " + str(lengths) + " lengths from " + range);
    }
  };
  too_many("task.seed_examples", task.seed_examples.size());
  too_many("task.hinted_seed_examples", task.hinted_seed_examples.size());
  for (std::size_t i = 0; i < task.hinted_seed_examples.size(); ++i) {
    const std::int64_t given = i < task.seed_examples.size() ? task.seed_examples[i] : 0;
    if (task.hinted_seed_examples[i] <= given) continue;
    error(p, "task.hinted_seed_examples",
          "entry " + std::to_string(i + 1) + " shows the hint in " + str(task.hinted_seed_examples[i]) + " of only " +
              str(given) + " examples in task.seed_examples");
  }
}

void check_addition(Problems& p, const Options& o) {
  const TaskOptions& task = o.task;
  if (task.min_digits > task.max_digits) {
    error(p, "task.min_digits", str(task.min_digits) + " is more than task.max_digits = " + str(task.max_digits));
    return;  // the lengths below would make no sense
  }
  const std::int64_t lengths = task.max_digits - task.min_digits + 1;
  check_seed_counts(p, task, lengths);
  const auto& weights = task.digit_weights;
  if (!weights.empty() && static_cast<std::int64_t>(weights.size()) != lengths) {
    error(p, "task.digit_weights",
          "has " + std::to_string(weights.size()) + " entries; expected none or " + str(lengths) +
              ", one per length from task.min_digits to task.max_digits");
  }
  if (!weights.empty() && std::accumulate(weights.begin(), weights.end(), 0.0) <= 0) {
    error(p, "task.digit_weights", "all zero: no problem would be sampled");
  }
  const bool seeds = std::ranges::any_of(task.seed_examples, [](std::int64_t n) { return n > 0; });
  if (!seeds && o.model.checkpoint.empty()) {
    warn(p, "task.seed_examples", "no seed examples and no model.checkpoint: the base model will know nothing");
  }
}

void check_countdown(Problems& p, const Options& o) {
  const TaskOptions& task = o.task;
  if (task.min_numbers > task.max_numbers) {
    error(p, "task.min_numbers", str(task.min_numbers) + " is more than task.max_numbers = " + str(task.max_numbers));
  }
  if (task.min_target > task.max_target) {
    error(p, "task.min_target", str(task.min_target) + " is more than task.max_target = " + str(task.max_target));
  }
  if (!task.seed_file.empty()) {
    error(p, "task.seed_file", "is not read by task.name = \"countdown\", which makes its own: set task.seeds_from_train");
  }
  if (task.seeds_from_train == 0 && o.model.checkpoint.empty()) {
    warn(p, "task.seeds_from_train", "no worked examples and no model.checkpoint: the base model will know nothing");
  }
}

// A set of free text: what it needs besides its file.
void check_problem_set(Problems& p, const Options& o) {
  const TaskOptions& task = o.task;
  if (task.train_file.empty()) {
    error(p, "task.train_file", "is empty; task.name = \"" + task.name + "\" needs the file its problems are in");
  } else if (task.train_file == task.held_out_file) {
    error(p, "task.held_out_file", "is task.train_file; leave it out to have problems of that file split off");
  }
  if (o.model.checkpoint.empty()) {
    error(p, "model.checkpoint",
          "is empty; task.name = \"" + task.name +
              "\" is free text, which takes a pretrained model and its tokenizer: name the directory of a checkpoint");
  }
}

void check_prompts(Problems& p, const Options& o) {
  const TaskOptions& task = o.task;
  constexpr std::string_view kQuestion = "{question}";
  const std::size_t at = task.prompt.find(kQuestion);
  if (at == std::string::npos || task.prompt.find(kQuestion, at + 1) != std::string::npos) {
    error(p, "task.prompt", "must hold {question} once, in the place of the question");
  }
  if (o.method.check == "process") {
    error(p, "method.check",
          "must be \"answer\" for task.name = \"" + task.name + "\": only addition has one right text to check the working by");
  }
  if (!task.few_shot_hinted_file.empty() && !o.method.rationalize) {
    warn(p, "task.few_shot_hinted_file", "is never shown: method.rationalize is off");
  }
}

}  // namespace

void check_task_rules(Problems& problems, const Options& options) {
  const std::string& name = options.task.name;
  if (name == "addition") return check_addition(problems, options);
  if (name == "countdown") check_countdown(problems, options);
  if (name == "jsonl" || name == "multiple_choice") check_problem_set(problems, options);
  check_prompts(problems, options);
}

std::int64_t least_prompt(const TaskOptions& task) {
  const auto digits = [](std::int64_t number) { return static_cast<std::int64_t>(str(number).size()); };
  if (task.name == "addition") return 2 * task.max_digits + 1;  // "99999+99999"
  if (task.name == "countdown") return task.max_numbers * (digits(task.max_number) + 1) + digits(task.max_target);
  return 1;
}

}  // namespace autodidact
