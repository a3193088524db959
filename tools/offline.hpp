#pragma once
// Runs the daemon's program for one question that needs the model, when no daemon runs. One thread.

#include <string>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

struct OfflineAnswer {
  int exit_status = 0;
  std::string output;  // one JSON line when exit_status is 0; messages went to standard error
};

// `autodidactd` beside this program, else by PATH. kUnavailable: there is none.
Result<OfflineAnswer> run_autodidactd(const std::vector<std::string>& arguments);

}  // namespace autodidact
