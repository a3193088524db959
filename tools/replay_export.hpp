#pragma once
// `replay export`: a directory of JSONL that other trainers load, or lines on standard output. One thread.

#include "tools/cli.hpp"

namespace autodidact {

void add_export_command(CLI::App& replay, Cli& cli);

}  // namespace autodidact
