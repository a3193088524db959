#pragma once
// Evaluation and single questions without a running daemon: reads the store beside nobody, takes the serving weights from disk.

#include <string>

#include "actors/ask.hpp"
#include "actors/evaluator_engine.hpp"
#include "config/options.hpp"
#include "config/status.hpp"
#include "tools/daemon_main.hpp"

namespace autodidact {

// version 0 = the serving one; no strategies: greedy. JSON as `autodidact eval --json` prints it.
Result<std::string> offline_eval(const Options& options, const RuntimeFactory& runtime, StrategyEval request);
// As the verb `ask` answers; [serve] for what `asked` leaves open.
Result<std::string> offline_ask(const Options& options, const RuntimeFactory& runtime, const std::string& question,
                                const AskOptions& asked);

}  // namespace autodidact
