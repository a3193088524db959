#pragma once
// STaR's rules one by one, as plain functions of what they read, so that each can be read and tested alone. Pure; any thread.

#include <cstdint>
#include <span>

#include "config/options.hpp"
#include "config/types.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// Steps in round n: min(max_steps_per_round, steps_first_round * steps_growth^(n-1)), rounded down as in the paper (its round
// 30 of 40 * 1.2^(n-1) has 7,912), at least 1.
std::uint64_t steps_in_round(const TrainOptions& options, std::uint32_t round);

// What is known about an item's attempts when one of them is judged.
struct SelectionState {
  std::uint64_t kept = 0;                      // of this problem, so far
  std::span<const std::uint64_t> kept_hashes;  // token hashes of these
};

// The indicator 1(a = y) of STaR's objective with the guards around it: kNone when the attempt is worth learning, else the
// first rule that speaks against it, in the order of the definition.
Reject star_reject(const MethodOptions& options, const Task& task, const WorkItem& item, const JudgedAttempt& attempt,
                   std::uint64_t attempt_index, const SelectionState& state);

}  // namespace autodidact
