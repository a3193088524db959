#pragma once
// What the settings of a task demand of each other and of the model. Used by rules.cpp only; pure, any thread.

#include <vector>

#include "config/rules.hpp"

namespace autodidact {

void check_task_rules(std::vector<RuleProblem>& problems, const Options& options);

// The shortest a longest problem can be in characters; the task's own wording only adds to it.
std::int64_t least_prompt(const TaskOptions& task);

}  // namespace autodidact
