#pragma once
// Measures a version on the held-out problems, and answers single questions, on one compute thread. No CAF. Owned by the
// evaluator actor. Nothing survives a crash: an unfinished evaluation is done again.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/compute_thread.hpp"
#include "actors/context.hpp"
#include "actors/loop_core.hpp"
#include "actors/sliced_turn.hpp"

namespace autodidact {

class EvaluatorEngine : public std::enable_shared_from_this<EvaluatorEngine> {
 public:
  // `broken`: a job threw (the device, mostly) and will not report; this engine is of no more use.
  EvaluatorEngine(ContextPtr context, std::function<void(const std::string&)> broken);

  using DoneEvaluation = std::function<void(Result<EvaluationResult>)>;
  // Greedy decoding of up to `limit` held-out problems (0 = all), judged by answer and by process; accuracy counts what the
  // method's check demands of training data only in `process_accuracy`: the answer is what users see.
  void evaluate(VersionId version, std::uint64_t limit, DoneEvaluation done);
  using DoneAnswer = std::function<void(Result<std::string>)>;  // JSON object
  void ask(std::string question, bool hint, DoneAnswer done);

  void stop() { stopping_ = true; }
  std::uint64_t progress() const { return progress_.load(); }
  std::size_t queued() const { return queued_.load(); }
  std::string waits_for() const;

 private:
  Result<EvaluationResult> measure(VersionId version, std::uint64_t limit);
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
  std::string waits_for_;  // guarded by mutex_
  SlicedTurn turn_;        // compute thread only
};

}  // namespace autodidact
