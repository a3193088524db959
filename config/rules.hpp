#pragma once
// What settings demand of each other, beyond each one's own limits. Pure function: any thread.

#include <string>
#include <vector>

#include "config/options.hpp"

namespace autodidact {

struct RuleProblem {
  std::string key;      // the setting to look at first
  std::string message;  // what is wrong and what would be right
  bool error = true;    // false: a warning, the run is possible but probably not meant
};

// Assumes each value to be within its own limits.
std::vector<RuleProblem> check_rules(const Options& options);

}  // namespace autodidact
