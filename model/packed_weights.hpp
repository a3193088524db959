#pragma once
// Weights as the kernels read them: each matrix in packed panels beside the flat buffer, and where each tensor begins.
// Immutable once made; shared by every decoder of a version. The learner keeps one of its own and packs it again each step.

#include <cstdint>
#include <vector>

#include "kernels/cpu_kernels.hpp"
#include "model/weights.hpp"

namespace autodidact {

// Offsets into the flat buffer, in floats; the same order as tensor_layout(). q, k, v lie together and so do gate and up:
// each group is one matrix to the kernels.
struct LayerOffsets {
  std::size_t attention_norm, qkv, o, mlp_norm, gate_up, down;
};
struct WeightOffsets {
  std::size_t embed = 0, positions = 0, final_norm = 0, head = 0, size = 0;  // head == embed when tied
  std::vector<LayerOffsets> layers;
};
WeightOffsets weight_offsets(const ModelConfig& config);

struct PackedLayer {
  const float *attention_norm, *qkv, *o, *mlp_norm, *gate_up, *down;  // norms: flat; matrices: panels, y = x W^T
};
struct PackedWeights {
  const float *embed = nullptr, *positions = nullptr, *final_norm = nullptr;  // into the flat buffer
  const float* head = nullptr;                                                // panels
  std::vector<PackedLayer> layers;
  std::vector<float> panels;
};
// `flat` must outlive `packed`; the buffer of `packed` is used again when its size fits.
void pack_weights(const ModelConfig& config, const float* flat, PackedWeights& packed);

// Columns of the fused projections.
inline std::int64_t q_width(const ModelConfig& c) { return c.num_attention_heads * c.head_dim; }
inline std::int64_t kv_width(const ModelConfig& c) { return c.num_key_value_heads * c.head_dim; }
inline std::int64_t qkv_width(const ModelConfig& c) { return q_width(c) + 2 * kv_width(c); }

// cos and sin of position * theta^(-2i/head_dim), [positions][head_dim / 2] each; empty unless positions rotate.
struct RopeTable {
  explicit RopeTable(const ModelConfig& config);
  const float* cos_at(std::int64_t position) const { return cos.data() + position * half; }
  const float* sin_at(std::int64_t position) const { return sin.data() + position * half; }
  std::int64_t half;
  std::vector<float> cos, sin;
};

}  // namespace autodidact
