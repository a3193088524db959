#pragma once
// The numbers game Countdown as a Task: reach the target with every number, each once. Immutable after construction; any
// thread.
//
//   compact   8 3 5 -> 25:                     8-3=5,5*5=25,Answer: (8-3)*5
//   paper     TinyZero's wording               <think> … </think> <answer> (8-3)*5 </answer>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tasks/countdown/countdown_problems.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// kConfig when the options leave no problems or name no known format.
Result<std::shared_ptr<const Task>> make_countdown_task(const TaskOptions& options, std::uint64_t seed);

// "[8, 3, 5] … 25", "8 3 5 -> 25:": the first two to six whole numbers and the target behind them. Nothing for another text.
std::optional<Countdown> parse_countdown(std::string_view text);

// The expression in the last <answer>…</answer>, or behind the last "Answer:" up to the end of the line; whichever is later.
std::optional<std::string> countdown_answer(std::string_view completion);

// TinyZero's rule: an expression of exactly these numbers, each once, that comes to exactly the target.
bool solves(const Countdown& problem, std::string_view expression);

}  // namespace autodidact
