#pragma once
// A whole prompt as plain text, for a model without a chat template: the worked examples, then the question. With a template
// the examples of Task::few_shot() are turns of the chat, and their text is used as it stands. Pure functions; any thread.

#include <string>

#include "tasks/task.hpp"

namespace autodidact {

// hinted: the problem with its answer shown, after the examples that show theirs. The completion follows directly.
std::string plain_text(const Task& task, const Problem& problem, bool hinted);

}  // namespace autodidact
