#pragma once
// The client's commands. Each add_* declares some on the CLI11 app; parsing one sets `action`, which main then runs. One
// thread.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "config/status.hpp"
#include "tools/output.hpp"
#include "tools/place.hpp"

namespace autodidact {

struct Cli {
  using Action = std::function<Result<int>(Output&)>;  // the exit status

  Globals globals;
  Action action;
};

void add_check_command(CLI::App& app, Cli& cli);
// status reload pause resume drain checkpoint promote rollback config
void add_daemon_commands(CLI::App& app, Cli& cli);
void add_answer_commands(CLI::App& app, Cli& cli);  // eval ask
void add_replay_commands(CLI::App& app, Cli& cli);  // replay ...
void add_report_command(CLI::App& app, Cli& cli);
void add_model_commands(CLI::App& app, Cli& cli);  // model inspect convert

// A remark on standard error, unless --quiet.
void remark(const Globals& globals, const std::string& text);

// docs/replay-tool.md's reference: every command and option as --help knows them.
std::string reference_page(CLI::App& app);

}  // namespace autodidact
