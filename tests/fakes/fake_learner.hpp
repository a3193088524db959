#pragma once
// Learns nothing, faithfully: weights and a hidden state change by a fixed function of every batch seen, in order. A run that
// lost, repeated or reordered a batch, or lost its hidden state, ends with other weights. Owner and thread: as Learner.

#include <optional>

#include "tests/fakes/fake_runtime.hpp"

namespace autodidact {

class FakeLearner : public Learner {
 public:
  FakeLearner(const FakeOptions& options, std::uint64_t seed, std::shared_ptr<FakeControls> controls);
  Status begin(const Weights& weights, const LearnerCursor& cursor) override;
  Result<StepStats> gradient(std::span<const TrainExample> batch, std::optional<double> denominator = {}) override;
  Result<std::vector<std::vector<float>>> logprobs(std::span<const TrainExample> batch) override;
  void update() override;
  LearnerCursor cursor() const override { return cursor_; }
  WeightsPtr snapshot(VersionId version) override;
  Status save_state(const std::string& path) const override;
  Status load_state(const std::string& path) override;

 private:
  const std::chrono::microseconds step_time_;
  const std::function<void(std::uint64_t)> on_step_;
  const std::uint64_t seed_;
  const std::shared_ptr<FakeControls> controls_;
  ModelConfig config_;
  std::vector<float> values_;             // the weights being trained
  std::uint64_t moments_ = 0;             // stands for the optimizer's state: it shapes later updates
  std::optional<std::uint64_t> pending_;  // moments after the update to come
  LearnerCursor cursor_;
};

class FakeScorer : public Scorer {
 public:
  explicit FakeScorer(float gap) : gap_(gap) {}
  Result<std::vector<std::vector<float>>> logprobs(const Weights& weights, std::span<const TrainExample> batch) override;
  Result<std::vector<std::vector<RankedToken>>> ranked(const Weights& weights, std::span<const TrainExample> batch) override;
  Result<std::vector<std::vector<float>>> values(const Weights& weights, std::span<const TrainExample> batch) override;

 private:
  const float gap_;
};

}  // namespace autodidact
