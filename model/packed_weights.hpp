#pragma once
// Weights as the kernels read them: each matrix in packed panels beside the flat buffer, and where each tensor begins.
// Immutable once made; shared by every decoder of a version. The learner keeps one of its own and packs it again each step.

#include <cstdint>
#include <vector>

#include "kernels/cpu_kernels.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct Norm {
  const float *weight = nullptr, *bias = nullptr;  // [width], into the flat buffer; bias null without one
};
struct Linear {
  const float* panels = nullptr;  // y = x W^T
  const float* bias = nullptr;    // [out], into the flat buffer; null without one
};
struct PackedLayer {
  Norm attention_norm;
  Linear qkv;
  const float *q_norm = nullptr, *k_norm = nullptr;  // [head_dim]; null without
  Linear o;
  Norm mlp_norm;
  Linear up, down;  // up: gate and up when gated
};
struct PackedWeights {
  const float *embed = nullptr, *positions = nullptr;  // into the flat buffer; positions null when not learned
  Norm final_norm;
  Linear head;
  std::vector<PackedLayer> layers;
  std::vector<float> panels;
};
// `flat` must outlive `packed`; the buffer of `packed` is used again when its size fits.
void pack_weights(const ModelConfig& config, const float* flat, PackedWeights& packed);

// cos and sin of position * rate(i), [positions][head_dim / 2] each; empty unless positions rotate.
struct RopeTable {
  explicit RopeTable(const ModelConfig& config);
  bool empty() const { return cos.empty(); }
  const float* cos_at(std::int64_t position) const { return cos.data() + position * half; }
  const float* sin_at(std::int64_t position) const { return sin.data() + position * half; }
  std::int64_t half;
  std::vector<float> cos, sin;
};
// Radians per position of pair i of a head, i in [0, head_dim / 2): theta^(-2 i / head_dim), stretched as rope_scaling says.
double rope_rate(const ModelConfig& config, std::int64_t i);

}  // namespace autodidact
