#pragma once
// What a verifier's plan is trained on and how: gathers right and wrong attempts from the store, turns each batch into what the
// learner minimises (methods/preference.hpp, or labels for a value head), and measures checkpoints by Best-of-k on problems it
// keeps away from training. No CAF. Owner and thread: the trainer's compute thread. A function of the store and the settings:
// nothing here needs to survive a crash, but step labels are stored as soon as they are known and never made twice.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/context.hpp"
#include "actors/loop_core.hpp"
#include "methods/learned_verifier.hpp"
#include "methods/preference.hpp"
#include "methods/steps.hpp"

namespace autodidact {

class VerifierLesson {
 public:
  struct Hooks {
    std::function<bool()> before_step;       // holds the device; false: stop
    std::function<Status(WriteSet)> commit;  // durable on return
  };
  VerifierLesson(ContextPtr context, std::shared_ptr<const Options> options, const TrainCommand& command, WeightsPtr start,
                 Hooks hooks);

  // Reads the store, for process rewards also labels steps. Call once, first.
  Status gather();
  bool empty() const { return pairs_.empty(); }
  // What step `step` of the plan learns from, from 0. The same in every run of this store.
  std::vector<AttemptId> batch_of(std::uint64_t step) const;
  // Sets the weights or labels of a loaded batch. Returns what the loss is to be divided by.
  Result<double> prepare(std::span<const AttemptId> ids, std::vector<TrainExample>& batch, Learner& learner);

  struct Validation {
    double best_of_k = 0, pass_at_1 = 0;
    std::optional<double> step_auc;     // prm: of step values against rollouts that are mostly right
    std::uint64_t problems = 0, k = 0;  // k: the most candidates a problem has
  };
  // The validation problems' newest candidates, ranked by `weights`. No problems: all zero.
  Result<Validation> validate(const WeightsPtr& weights);
  // What `weights` say of these candidates, to be stored: a person may ask what a verifier makes of an attempt.
  Result<std::vector<AttemptScore>> score_validation(const WeightsPtr& weights);

 private:
  using Pair = std::array<AttemptId, 2>;  // a right and a wrong attempt at one problem

  Result<std::vector<GradedAttempt>> graded_attempts() const;
  void keep_validation(const std::vector<GradedAttempt>& attempts);
  Status label_steps();
  Status label_validation();
  Status load_labels(std::vector<AttemptId> ids);
  Status label_missing(std::vector<AttemptId> ids);
  Status make_labels(std::span<const AttemptId> ids);
  Result<double> prepare_pairs(std::span<const AttemptId> ids, std::vector<TrainExample>& batch, Learner& learner);
  Status reference_logprobs(std::span<const AttemptId> ids, std::span<const TrainExample> batch);
  StepBoundaries boundaries() const;
  // Of the attempts validation_[begin .. end), those of one problem.
  std::size_t end_of_problem(std::size_t begin) const;
  Result<std::vector<AttemptScore>> scores_of(const WeightsPtr& weights, std::size_t begin, std::size_t end);

  const ContextPtr context_;
  const std::shared_ptr<const Options> options_;
  const TrainCommand command_;
  const WeightsPtr start_;
  const Hooks hooks_;
  const std::unique_ptr<Scorer> scorer_;
  LearnedVerifier ranker_;
  std::vector<Pair> pairs_;
  std::vector<GradedAttempt> validation_;               // by problem
  std::unordered_map<AttemptId, double> reference_;     // log G_SFT(y|x)
  std::unordered_map<AttemptId, bool> correct_;         // of those in pairs_, for outcome labels
  std::unordered_map<AttemptId, AttemptScore> labels_;  // for process labels, validation attempts' too
};

}  // namespace autodidact
