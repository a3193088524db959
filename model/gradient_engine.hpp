#pragma once
// What the learner and the scorer compute with: the loss of a batch, its gradient, and the log-probabilities behind it. Two
// implementations, tested against each other: FusedEngine (own kernels, hand-written backward pass) and TorchEngine (libtorch
// autograd: the reference). One thread calls an engine; it may use workers of its own. Stateless between calls.

#include <cstdint>
#include <functional>
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

  // Rows through the model: the last token is only predicted, unless it has a label.
  std::int64_t rows() const { return predicting() + (labels_last() ? 1 : 0); }
  bool labels_last() const { return !example->labels.empty() && example->labels.back().at + 1 == example->tokens.size(); }
  std::int64_t predicting() const { return static_cast<std::int64_t>(example->tokens.size()) - 1; }
  // The first row whose prediction counts; row i predicts token i + 1.
  std::int64_t first_counted() const {
    return example->prompt_length == 0 ? 0 : static_cast<std::int64_t>(example->prompt_length) - 1;
  }
  std::int64_t counted() const { return predicting() - first_counted(); }  // tokens
  std::int64_t counted_rows() const { return rows() - first_counted(); }   // those, and the last one's when it has a label
};

class GradientEngine {
 public:
  virtual ~GradientEngine() = default;
  // Sum over examples of weight * sum of counted token NLL, plus labels' weight * BCE. Adds to grad the gradient of `scale`
  // times that.
  virtual Result<double> gradient(const Weights& weights, std::span<const PlacedExample> batch, float scale, float* grad) = 0;
  // out[i][j]: log p of the j-th counted token of example i.
  virtual Status logprobs(const Weights& weights, std::span<const PlacedExample> batch,
                          std::vector<std::vector<float>>& out) = 0;
  // The same, and the likeliest token in that place.
  virtual Status ranked(const Weights& weights, std::span<const PlacedExample> batch,
                        std::vector<std::vector<RankedToken>>& out) = 0;
  // out[i][j]: the value (log-odds) at label j of example i; what the label wants does not matter. Of a model with a value
  // head.
  virtual Status values(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) = 0;
};

using EngineFactory = std::function<std::unique_ptr<GradientEngine>(const ModelConfig&)>;

struct EngineOptions {
  std::int64_t threads = 1;
  bool checkpointing = false;  // keep each layer's input only, compute the rest again on the way back: a third more work
};
// Gradients depend neither on the number of threads nor on timing: what is a chunk and where it is added, the batch alone says.
std::unique_ptr<GradientEngine> make_fused_engine(const ModelConfig& config, const EngineOptions& options);
std::unique_ptr<GradientEngine> make_torch_engine(const ModelConfig& config, const EngineOptions& options);
// `ranks` engines that share each batch and sum their gradients: what one computes, but for rounding.
std::unique_ptr<GradientEngine> make_data_parallel_engine(const ModelConfig& config, std::int64_t ranks,
                                                          const EngineFactory& make_engine);

// kBadInput names the example: ids in range, at least two tokens, no more than the model has positions, something to count,
// labels in order and only for a model that has a value head.
Status check_example(const ModelConfig& config, const TrainExample& example);

}  // namespace autodidact
