#pragma once
// Walks a whole store and says what is wrong with it: invariants 1, 2 and 3 of the architecture as far as the store shows them.
// Shared by the tests that kill actors and by the crash harness. Free functions; any thread.

#include <string>
#include <vector>

#include "config/options.hpp"
#include "storage/replay_store.hpp"
#include "tasks/task.hpp"

namespace autodidact {

struct AuditScope {
  std::string data_dir;               // to check the weights' digests; empty = leave them
  std::uint32_t complete_rounds = 0;  // rounds whose every problem must be done, once
};

// One line per finding; empty = sound.
std::vector<std::string> audit_store(const ReplayStore& store, const Options& options, const Task& task,
                                     const AuditScope& scope);

// The findings as text, a line each; "" = sound.
std::string joined(const std::vector<std::string>& lines);

// Every attempt, ascending id.
std::vector<JudgedAttempt> all_attempts(const ReplayStore& store);

// Everything a run leaves behind, as text: equal for two runs with the same seed when deterministic.
std::string dump_store(const ReplayStore& store);

}  // namespace autodidact
