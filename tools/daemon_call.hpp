#pragma once
// One request to the running daemon over its admin socket, and its answer on the screen. One thread.

#include <string>
#include <vector>

#include "gateway/client.hpp"
#include "tools/cli.hpp"
#include "tools/json_view.hpp"

namespace autodidact {

// kUnavailable: no daemon listens there; kNotFound: there is no such run.
Result<AdminClient> connect_daemon(const Globals& globals);

// The answer as it came.
Result<std::string> call_daemon(const Globals& globals, const std::string& method, const std::string& target,
                                const Json& params, int timeout_s);

// Asks the daemon; without one, `autodidactd` does the same work on its own with these words, if -c names a configuration.
// The answer's JSON, or, of a program that said why on standard error, its exit status alone.
struct DaemonAnswer {
  int exit_status = 0;
  std::string json;
};
Result<DaemonAnswer> ask_daemon_or_offline(const Globals& globals, const std::string& target, const Json& params, int timeout_s,
                                           const std::vector<std::string>& offline_words);

// As JSON, or as a person reads it: "ok", else whatever there is.
Result<int> show_answer(const Result<std::string>& answer, Output& output);

}  // namespace autodidact
