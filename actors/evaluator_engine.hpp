#pragma once
// Measures a version on the held-out problems, and answers single questions, on one compute thread. No CAF. Owned by the
// evaluator actor. Nothing survives a crash: an unfinished evaluation is done again.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/compute_thread.hpp"
#include "actors/context.hpp"
#include "actors/loop_core.hpp"
#include "actors/sliced_turn.hpp"

namespace autodidact {

struct StrategyEval {
  VersionId version = 0;
  std::vector<std::string> strategies;  // "majority:n=16"
  std::vector<std::uint64_t> budgets;   // tokens for each problem
  std::uint64_t limit = 0;              // held-out problems; 0 = eval.sample_problems
  bool fit_auto = false;                // fits the table of strategy `auto` from them; none: auto_trials.hpp's
  std::uint64_t probes = 0;             // with fit_auto: that predict a question's difficulty; 0 = 1 with a verifier, else 4
};

class EvaluatorEngine : public std::enable_shared_from_this<EvaluatorEngine> {
 public:
  // `broken`: a job threw (the device, mostly) and will not report; this engine is of no more use.
  EvaluatorEngine(ContextPtr context, std::function<void(const std::string&)> broken);

  using DoneEvaluation = std::function<void(Result<EvaluationResult>)>;
  // Greedy decoding of up to `limit` held-out problems (0 = all), judged by answer and by process; accuracy counts what the
  // method's check demands of training data only in `process_accuracy`: the answer is what users see. With eval.samples also
  // what choosing among that many candidates is worth; `keep` then writes the confidence fitted on them beside the version.
  void evaluate(VersionId version, std::uint64_t limit, bool keep, DoneEvaluation done);
  // Each strategy with each budget on the same problems. With fit_auto strategies.json is then written beside the version.
  // JSON object.
  void compare(StrategyEval request, std::function<void(Result<std::string>)> done);
  using DoneAnswer = std::function<void(Result<std::string>)>;  // JSON object
  void ask(std::string question, bool hint, DoneAnswer done);

  void configure(std::shared_ptr<const Options> options);  // from the next request on
  void stop() { stopping_ = true; }
  std::uint64_t progress() const { return progress_.load(); }
  std::size_t queued() const { return queued_.load(); }
  std::string waits_for() const;

 private:
  Result<EvaluationResult> measure(VersionId version, std::uint64_t limit, bool keep);
  Result<std::string> measure_strategies(const StrategyEval& request);
  Result<std::string> fit_auto(const StrategyEval& request);
  // Up to `limit` held-out problems, spread so that a part covers every group.
  std::vector<Problem> held_out(std::uint64_t limit) const;
  // The numbers of eval.samples candidates a problem, a JSON object.
  Result<std::string> measure_candidates(const WeightsPtr& weights, bool keep);
  // Waits for the device; not ok: stopping.
  Status hold_device();
  std::shared_ptr<const Options> options() const;
  // Largest |log p by the trainer - by the sampler| of the tokens of a few results, under the same weights; nothing when none
  // has tokens.
  Result<std::optional<double>> logprob_gap(const WeightsPtr& weights, const std::vector<Problem>& problems,
                                            const std::vector<DecodeResult>& results);
  Result<std::string> answer(const std::string& question, bool hint);
  Result<std::vector<DecodeResult>> decode(const WeightsPtr& weights, const std::vector<Problem>& problems, bool hinted);
  void post(std::function<void()> job, const std::function<void(Status)>& refuse);

  const ContextPtr context_;
  const std::shared_ptr<ComputeThread> thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> progress_{0};
  std::atomic<std::size_t> queued_{0};
  mutable std::mutex mutex_;
  std::string waits_for_;                   // guarded by mutex_
  std::shared_ptr<const Options> options_;  // guarded by mutex_
  SlicedTurn turn_;                         // compute thread only
};

}  // namespace autodidact
