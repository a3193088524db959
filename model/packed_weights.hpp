#pragma once
// Weights as the kernels read them: each matrix in packed panels beside the flat buffer, and where each tensor begins.
// Immutable once shared; every decoder of a version reads the same. The learner writes its own with each update
// (model/adamw_step.hpp).

#include <cstdint>
#include <vector>

#include "kernels/cpu_kernels.hpp"
#include "kernels/huge_pages.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct Norm {
  const float *weight = nullptr, *bias = nullptr;  // [width], into the flat buffer; bias null without one
};
struct Linear {
  const float* weight = nullptr;  // [out, in], into the flat buffer
  const float* bias = nullptr;    // [out], into the flat buffer; null without one
  // y = x W^T; the one of the two that is set says in which precision.
  const float* panels = nullptr;
  const std::uint16_t* panels_bf16 = nullptr;
};
struct PackedLayer {
  Norm attention_norm;
  Linear qkv;
  const float *q_norm = nullptr, *k_norm = nullptr;  // [head_dim]; null without
  Linear o;
  Norm mlp_norm;
  Linear up, down;  // up: gate and up when gated
};
// A matrix of the flat buffer and where its panels begin, in elements.
struct PackedMatrix {
  std::size_t offset;
  std::int64_t out, in;
  std::size_t panels;
};
struct PackedWeights {
  const float *embed = nullptr, *positions = nullptr;  // into the flat buffer; positions null when not learned
  Norm final_norm;
  Linear head;
  const float *score = nullptr,
              *score_bias = nullptr;  // [hidden_size] and [1], into the flat buffer; null without a value head
  std::vector<PackedLayer> layers;
  std::vector<PackedMatrix> matrices;
  const float* flat = nullptr;
  HugeVector<float> panels;  // the one of the two that holds them
  HugeVector<std::uint16_t> panels_bf16;
};
// Everything but the panels' contents. `flat` must outlive `packed`. compute: kF32 or kBf16.
void lay_out_weights(const ModelConfig& config, const float* flat, Dtype compute, PackedWeights& packed);
// Packs rows [first, first + rows) of a matrix; first is a multiple of the panel's width. Any thread; rows do not overlap.
void pack_rows(PackedWeights& packed, const PackedMatrix& matrix, std::int64_t first, std::int64_t rows);
// Both, whole.
void pack_weights(const ModelConfig& config, const float* flat, Dtype compute, PackedWeights& packed);

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
