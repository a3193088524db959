#pragma once
// Answers many problems with one strategy on one decoder, as `eval` measures them. No CAF. Owner and thread: a compute thread
// makes it and calls it. Nothing survives a crash.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "actors/questions.hpp"
#include "methods/search/search_engine.hpp"

namespace autodidact {

class StrategyRunner {
 public:
  struct Weights {
    WeightsPtr generator;
    VerifierWeights verifier;
  };
  // before_step: holds the device; not ok: run() ends with that.
  static Result<std::unique_ptr<StrategyRunner>> make(ContextPtr context, const Options& options, const Weights& weights,
                                                      std::function<Status()> before_step);

  struct Plan {
    Strategy strategy;
    std::uint64_t budget_tokens = 0;  // of each problem
    double temperature = 1;
    std::uint64_t seed = 0;       // problem i draws with (seed, i): the same candidates for whatever strategy draws alike
    StrategyTablePtr table = {};  // strategy auto's
  };
  // One outcome for each problem, in order; its status may say why that problem alone has no answer. Not ok: it was stopped, or
  // the strategy cannot run with these weights.
  Result<std::vector<SearchOutcome>> run(std::span<const Problem> problems, const Plan& plan);
  DecoderStats stats() const { return decoder_->stats(); }

 private:
  StrategyRunner(ContextPtr context, const Options& options, std::function<Status()> before_step);

  const ContextPtr context_;
  const Questions questions_;
  const std::int64_t max_tokens_, batch_;
  const std::function<Status()> before_step_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<LearnedVerifier> verifier_;
  std::unique_ptr<SearchEngine> engine_;
};

}  // namespace autodidact
