#pragma once
// Forward and backward of a handful of packed sequences on one thread: no padding, block-diagonal causal attention.
// Activations are kept for the way back, or with checkpointing only each layer's input, from which the layer is computed
// again. Hand-written gradients: at d = 64 an operator of an autograd library costs more to dispatch than to compute.
// Memory: reserve() allocates, nothing else does.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/huge_pages.hpp"
#include "model/blocks.hpp"
#include "model/gradient_engine.hpp"
#include "model/gradient_turns.hpp"

namespace autodidact {

class FusedPass {
 public:
  FusedPass(const ModelConfig& config, const RopeTable& rope, bool checkpointing);

  // Room for chunks of up to `rows` rows, and sequences of up to `longest` of them.
  void reserve(std::int64_t rows, std::int64_t longest);
  // The examples fit what is reserved. After it, one of the two may be called, with the same weights:
  void forward(const PackedWeights& weights, std::span<const PlacedExample> examples);
  // Adds to the sink the gradient of scale * loss but for the embedding's; returns the loss, the sum of weight * NLL.
  double backward(const PackedWeights& weights, float scale, const GradientSink& sink);
  // log p of the counted tokens, example after example; out[i] is sized.
  void logprobs(const PackedWeights& weights, std::span<std::vector<float>> out);
  // The same, and the likeliest in each place.
  void ranked(const PackedWeights& weights, std::span<std::vector<RankedToken>> out);
  // The value at each label, likewise; no logits are computed.
  void values(const PackedWeights& weights, std::span<std::vector<float>> out);

  // After backward(): the gradient of the embedded rows, [rows, hidden_size], in the order of the examples.
  const float* embedding_gradient() const { return dx_.data(); }
  static std::size_t stages(const ModelConfig& config) { return static_cast<std::size_t>(config.num_hidden_layers) + 1; }

 private:
  struct Segment {
    const PlacedExample* placed;
    std::int64_t row, rows;      // in the packed batch
    std::int64_t first_counted;  // of its rows
    std::int64_t counted_row;    // where its counted rows begin among all counted rows
  };
  struct Layer {  // [rows, width]; what comes after the last layer's attention is of counted rows only
    HugeVector<float> norm, mean, rstd, qkv, attended, x_mid, mlp_norm, mlp_mean, mlp_rstd, up, act;
    HugeVector<float> qk_raw, qk_rstd;  // before the query and key norm; empty without one
  };
  struct Target {
    TokenId token;
    float weight;
  };
  struct Labelled {
    std::int64_t row;  // among the counted ones
    float target, weight;
  };

  bool last(std::size_t layer) const { return layer + 1 == inputs_.size(); }
  Layer& kept(std::size_t layer) { return layers_[checkpointing_ ? 0 : layer]; }
  void place(std::span<const PlacedExample> examples);
  void embed(const PackedWeights& weights);
  void attention_forward(const PackedLayer& weights, std::size_t index);
  void normalize_and_rotate(const PackedLayer& weights, Layer& layer);
  void rotate_back(const PackedLayer& weights, const LayerOffsets& at, const Layer& layer, float* grad);
  void attend(Layer& layer, const Segment& segment, bool last);
  void mlp_forward(const PackedLayer& weights, Layer& layer, std::int64_t rows);
  double head_backward(const PackedWeights& weights, float scale, float* grad);
  bool any_weight(std::int64_t first, std::int64_t rows) const;
  double value_backward(const PackedWeights& weights, float scale, float* grad);
  void mlp_backward(const PackedLayer& weights, const LayerOffsets& at, Layer& layer, std::int64_t rows, float* grad);
  void attention_backward(const PackedLayer& weights, const LayerOffsets& at, std::size_t index, float* grad);
  void attend_backward(const Layer& layer);
  void spread_counted_rows();
  template <class Score, class Of>
  void score_rows(const PackedWeights& weights, std::span<std::vector<Score>> out, Of of);

  const CpuKernels& kernels_ = cpu_kernels();
  const ModelConfig config_;
  const Blocks blocks_;
  const RopeTable& rope_;
  const WeightOffsets offsets_;
  const bool checkpointing_;
  std::vector<Segment> segments_;
  std::vector<Target> targets_;  // of each counted row
  std::vector<Labelled> labels_;
  std::int64_t reserved_ = 0, longest_ = 0, head_rows_ = 0;  // head_rows_: of which logits are held at once
  std::int64_t rows_ = 0, counted_ = 0;
  std::vector<HugeVector<float>> inputs_;  // of each layer, [rows, hidden_size]
  std::vector<Layer> layers_;              // of each layer; one for all when checkpointing
  HugeVector<float> x_, final_norm_, final_mean_, final_rstd_, logits_;
  HugeVector<float> dx_, dnorm_, dqkv_, dattended_, dact_, keys_, scratch_, gemm_scratch_;
  std::vector<KvPage> pages_;  // of the segment under way, like queries_
  std::vector<AttentionRow> queries_;
};

}  // namespace autodidact
