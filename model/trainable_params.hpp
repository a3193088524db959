#pragma once
// What the optimizer moves, and the model that comes of it: every weight, or low-rank adapters beside frozen weights. Owned
// and called by the learner, on its thread; updating, merging and projecting fan out over workers of their own. What survives
// a crash: nothing; the learner writes the parameters with its state.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "kernels/cpu_kernels.hpp"
#include "model/lora.hpp"
#include "model/train_state.hpp"
#include "model/weights.hpp"

namespace autodidact {

class TrainableParams {
 public:
  virtual ~TrainableParams() = default;
  // A plan that starts from `weights`: the state to adopt, its moments zero. Deterministic in cursor and seed.
  virtual Result<TrainState> begin(const Weights& weights, const LearnerCursor& cursor, std::uint64_t seed) = 0;
  // Whether a state read from a file is one that adopt() can go on from; kBadInput says why not.
  virtual Status check(const TrainState& state) const = 0;
  // From now on this is about `state`'s parameters, which it shares with the caller.
  virtual void adopt(const TrainState& state) = 0;
  // The model now, parameters included; changed by update().
  virtual const Weights& model() const = 0;
  // The same as a version for others to read: no copy, and the next update() writes elsewhere.
  virtual WeightsPtr publish(VersionId version) = 0;
  // From the gradient of the model's flat weights, that of the parameters; valid until the next call. `dense` may be what it
  // returns.
  virtual const float* project(const float* dense) = 0;
  // One AdamW step on state's parameters and moments; the model follows. `rates`: all but the buffers. state.params may be
  // another buffer afterwards.
  virtual void update(const AdamWCall& rates, const float* gradient, TrainState& state) = 0;
  // A copy of the adapters now; null when every weight is trained.
  virtual std::shared_ptr<const LoraAdapter> adapter() const = 0;
};

// compute: what the model's matrices are multiplied in, kF32 or kBf16; parameters and moments are fp32 either way.
std::unique_ptr<TrainableParams> make_full_params(std::int64_t threads, Dtype compute);
std::unique_ptr<TrainableParams> make_lora_params(const LoraConfig& config, std::int64_t threads, Dtype compute);

}  // namespace autodidact
