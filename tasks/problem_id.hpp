#pragma once
// Problem ids: the same problem has the same id in every run and on every machine. Pure function; any thread.

#include <string_view>

#include "config/types.hpp"

namespace autodidact {

// FNV-1a, 64 bits, over "task \0 prompt"; never 0.
ProblemId make_problem_id(std::string_view task, std::string_view prompt);

}  // namespace autodidact
