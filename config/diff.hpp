#pragma once
// What a reload changes, and what of it can be had without a restart. As in PostgreSQL, a setting that needs a restart does
// not hold the others back: it stays pending. Pure functions: any thread.

#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/schema.hpp"
#include "config/status.hpp"

namespace autodidact {

struct Change {
  std::string key;
  std::string old_text, new_text;  // as TOML
  Reload reload = Reload::kRestart;
};

std::vector<Change> diff_options(const Options& from, const Options& to);

struct ReloadPlan {
  Options merged;               // `running` with the applied changes
  std::vector<Change> applied;  // live or from the next round on
  std::vector<Change> pending;  // not before a restart
};
// kConfig when the part that can be applied breaks a rule without the part that cannot; then nothing should be applied.
Result<ReloadPlan> apply_live(const Options& running, const Options& wanted);

// "loop.rounds: 8 -> 12 (next round)"
std::string to_string(const Change& change);

}  // namespace autodidact
