#pragma once
// Addition as a Task: sums from AdditionProblems, written in a ScratchpadFormat, judged by recomputing the one right
// scratchpad. Immutable after construction; any thread.

#include <memory>

#include "tasks/addition_problems.hpp"
#include "tasks/scratchpad_format.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// kConfig when the options are out of range or name no known format.
Result<std::shared_ptr<const Task>> make_addition_task(const TaskOptions& options, std::uint64_t seed);

}  // namespace autodidact
