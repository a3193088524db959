#pragma once
// Forward and backward of a handful of packed sequences on one thread: no padding, block-diagonal causal attention, every
// activation kept for the way back. Buffers are sized once for `max_rows` rows and stay in cache. Hand-written gradients:
// at d = 64 an operator of an autograd library costs more to dispatch than to compute.

#include <cstdint>
#include <span>
#include <vector>

#include "model/backward_panels.hpp"
#include "model/blocks.hpp"
#include "model/gradient_engine.hpp"

namespace autodidact {

class FusedPass {
 public:
  FusedPass(const ModelConfig& config, const RopeTable& rope, std::int64_t max_rows);

  // The examples' rows together are at most max_rows. After it, one of the two may be called, with the same weights:
  void forward(const PackedWeights& weights, std::span<const PlacedExample> examples);
  // Adds to grad the gradient of scale * loss; returns the loss, the sum of weight * NLL.
  double backward(const PackedWeights& weights, const BackwardPanels& panels, float scale, float* grad);
  // log p of the counted tokens, example after example; out[i] is sized.
  void logprobs(const PackedWeights& weights, std::span<std::vector<float>> out);

 private:
  struct Segment {
    const PlacedExample* placed;
    std::int64_t row, rows;      // in the packed batch
    std::int64_t first_counted;  // of its rows
    std::int64_t counted_row;    // where its counted rows begin among all counted rows
  };
  struct Layer {  // [rows, width]; what comes after the last layer's attention is of counted rows only
    std::vector<float> x, norm, mean, rstd, qkv, attended, x_mid, mlp_norm, mlp_mean, mlp_rstd, up, act;
    std::vector<float> qk_raw, qk_rstd;  // before the query and key norm; empty without one
  };

  void place(std::span<const PlacedExample> examples);
  void embed(const PackedWeights& weights);
  void attention_forward(const PackedLayer& weights, Layer& layer, bool last);
  void normalize_and_rotate(const PackedLayer& weights, Layer& layer);
  void rotate_back(const PackedLayer& weights, const LayerOffsets& at, const Layer& layer, float* grad);
  void attend(Layer& layer, const Segment& segment, bool last);
  void mlp_forward(const PackedLayer& weights, Layer& layer, std::int64_t rows, float* x_out);
  void head(const PackedWeights& weights, std::int64_t first, std::int64_t rows);
  double head_backward(const PackedWeights& weights, const BackwardPanels& panels, float scale, float* grad);
  void mlp_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at, Layer& layer,
                    std::int64_t rows, float* grad);
  void attention_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at, Layer& layer,
                          bool last, float* grad);
  void embed_backward(float* grad);

  const CpuKernels& kernels_ = cpu_kernels();
  const ModelConfig config_;
  const Blocks blocks_;
  const RopeTable& rope_;
  const WeightOffsets offsets_;
  std::vector<Segment> segments_;
  struct Target {
    TokenId token;
    float weight;
  };
  std::vector<Target> targets_;  // of each counted row
  std::int64_t rows_ = 0, counted_ = 0;
  std::vector<Layer> layers_;
  std::vector<float> x_, final_norm_, final_mean_, final_rstd_;
  std::int64_t head_rows_;  // of which logits are held at once
  std::vector<float> logits_;
  std::vector<float> dx_, dnorm_, dqkv_, dattended_, dact_, key_tiles_, scratch_;
};

}  // namespace autodidact
