#pragma once
// Trains: forward, masked token NLL, backward, clip, AdamW. Owner and thread: one compute thread makes it and calls every
// method; inside it fans out over `threads` workers of its own. Only save_state() may also run on another thread, beside
// gradient(), which leaves alone what it writes. Same inputs, same bits. What survives a crash: what save_state() wrote.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "model/train_example.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct LoraAdapter;  // model/lora.hpp

struct StepStats {
  double loss = 0;       // mean NLL per counted token, nats
  double grad_norm = 0;  // before clipping
  double lr = 0;
  std::uint64_t tokens = 0;  // through the model, padding excluded
  std::uint64_t loss_tokens = 0;
};

// Where a run of training stands; saved with the weights so that a resumed step is the step that would have been.
struct LearnerCursor {
  std::uint64_t step = 0;        // global step, counts over the whole life of the store
  std::uint64_t plan_step = 0;   // step within the current plan: drives warm-up and schedule
  std::uint64_t plan_steps = 0;  // length of the plan, 0 = open-ended
  double peak_lr = 0;
};

class Learner {
 public:
  virtual ~Learner() = default;
  // New plan: these weights, fresh moments, plan_step 0. The global step goes on.
  virtual Status begin(const Weights& weights, const LearnerCursor& cursor) = 0;
  // The first half of a step: the batch's gradient, kept for update(); weights, moments and cursor stay as they are. kInternal
  // on a non-finite loss or gradient: then there is nothing to update with.
  // `denominator`: what the loss is divided by; absent: the tokens counted.
  virtual Result<StepStats> gradient(std::span<const TrainExample> batch, std::optional<double> denominator = {}) = 0;
  // The second half: applies the gradient computed last, once.
  virtual void update() = 0;
  // log p of each completion token under the weights as they are, at positions from 0 on like a Scorer's, which preference
  // losses compare it with.
  virtual Result<std::vector<std::vector<float>>> logprobs(std::span<const TrainExample> batch) = 0;
  Result<StepStats> step(std::span<const TrainExample> batch) {
    auto stats = gradient(batch);
    if (stats.ok()) update();
    return stats;
  }
  virtual LearnerCursor cursor() const = 0;
  // The weights now, as an immutable version: a pointer, nothing is copied. The next update() writes to buffers of its own.
  virtual WeightsPtr snapshot(VersionId version) = 0;
  // What snapshot() is, as adapters beside the weights given to begin(); null when every weight is trained.
  virtual std::shared_ptr<const LoraAdapter> adapter() const { return nullptr; }
  // Parameters, moments, cursor to `path`, durable on return, checksummed. A file of the same size is overwritten in place (a
  // quarter of the time of a new file), so a crash meanwhile may cost that file: alternate between two paths.
  // load_state refuses anything damaged, and what other settings or another base have trained. A learner of adapters wants
  // begin() with their base first: the file holds the adapters alone.
  virtual Status save_state(const std::string& path) const = 0;
  virtual Status load_state(const std::string& path) = 0;
};

// log p(token | prefix) of each completion token under `weights`, by the trainer's own forward pass.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual Result<std::vector<std::vector<float>>> logprobs(const Weights& weights, std::span<const TrainExample> batch) = 0;
  // The same, and the likeliest token in each place.
  virtual Result<std::vector<std::vector<RankedToken>>> ranked(const Weights& weights, std::span<const TrainExample> batch) = 0;
  // The value (log-odds) at each label of each example; its target and weight do not matter. kBadInput: no value head.
  virtual Result<std::vector<std::vector<float>>> values(const Weights& weights, std::span<const TrainExample> batch) = 0;
};

}  // namespace autodidact
