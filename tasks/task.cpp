#include "tasks/task.hpp"

#include "tasks/addition_task.hpp"
#include "tasks/countdown/countdown_task.hpp"
#include "tasks/problem_set_task.hpp"

namespace autodidact {

Result<std::shared_ptr<const Task>> make_task(const TaskOptions& options, std::uint64_t seed) {
  if (options.name == "addition") return make_addition_task(options, seed);
  if (options.name == "countdown") return make_countdown_task(options, seed);
  if (options.name == "jsonl") return make_jsonl_task(options, seed);
  if (options.name == "multiple_choice") return make_multiple_choice_task(options, seed);
  return Status(Errc::kConfig, "task.name: \"" + options.name +
                                   "\" is not known, use \"addition\", \"countdown\", \"jsonl\" or \"multiple_choice\"");
}

}  // namespace autodidact
