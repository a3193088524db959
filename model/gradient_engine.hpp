#pragma once
// What the learner and the scorer compute with: the loss of a batch, its gradient, and the log-probabilities behind it. Two
// implementations, tested against each other: FusedEngine (own kernels, hand-written backward pass; CPU) and TorchEngine
// (libtorch autograd). One thread calls an engine; it may use workers of its own. Stateless between calls.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/status.hpp"
#include "model/train_example.hpp"
#include "model/weights.hpp"

namespace autodidact {

// A checked example and the position of its first token.
struct PlacedExample {
  const TrainExample* example = nullptr;
  std::int64_t offset = 0;

  // Rows through the model: the last token is only predicted.
  std::int64_t rows() const { return static_cast<std::int64_t>(example->tokens.size()) - 1; }
  // The first row whose prediction counts; row i predicts token i + 1.
  std::int64_t first_counted() const {
    return example->prompt_length == 0 ? 0 : static_cast<std::int64_t>(example->prompt_length) - 1;
  }
  std::int64_t counted() const { return rows() - first_counted(); }
};

class GradientEngine {
 public:
  virtual ~GradientEngine() = default;
  // Sum over examples of weight * sum of counted token NLL. grad receives the gradient of `scale` times that.
  virtual Result<double> gradient(const float* params, std::span<const PlacedExample> batch, float scale, float* grad) = 0;
  // out[i][j]: log p of the j-th counted token of example i.
  virtual Status logprobs(const Weights& weights, std::span<const PlacedExample> batch,
                          std::vector<std::vector<float>>& out) = 0;
};

// Gradients do not depend on `threads` up to 4, nor on timing ever: sequences are dealt to lanes by length, each lane sums in
// order, lanes are added in order.
std::unique_ptr<GradientEngine> make_fused_engine(const ModelConfig& config, std::int64_t threads);
std::unique_ptr<GradientEngine> make_torch_engine(const ModelConfig& config, std::int64_t threads);

// kBadInput names the example: ids in range, at least two tokens, no more than the model has positions, something to count.
Status check_example(const ModelConfig& config, const TrainExample& example);

}  // namespace autodidact
