#include "model/packed_weights.hpp"

#include <cmath>

namespace autodidact {

WeightOffsets weight_offsets(const ModelConfig& c) {
  WeightOffsets offsets;
  std::size_t at = 0;
  const auto take = [&at](std::int64_t rows, std::int64_t columns) {
    const std::size_t begin = at;
    at += static_cast<std::size_t>(rows * columns);
    return begin;
  };
  offsets.embed = take(c.vocab_size, c.hidden_size);
  if (c.position == ModelConfig::Position::kLearned) offsets.positions = take(c.max_position_embeddings, c.hidden_size);
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) {
    LayerOffsets layer;
    layer.attention_norm = take(1, c.hidden_size);
    layer.qkv = take(qkv_width(c), c.hidden_size);
    layer.o = take(c.hidden_size, q_width(c));
    layer.mlp_norm = take(1, c.hidden_size);
    layer.gate_up = take(2 * c.intermediate_size, c.hidden_size);
    layer.down = take(c.hidden_size, c.intermediate_size);
    offsets.layers.push_back(layer);
  }
  offsets.final_norm = take(1, c.hidden_size);
  offsets.head = c.tie_word_embeddings ? offsets.embed : take(c.vocab_size, c.hidden_size);
  offsets.size = at;
  return offsets;
}

void pack_weights(const ModelConfig& c, const float* flat, PackedWeights& packed) {
  const CpuKernels& kernels = cpu_kernels();
  const WeightOffsets offsets = weight_offsets(c);
  const std::int64_t d = c.hidden_size, f = c.intermediate_size;
  const std::int64_t layer_floats = packed_floats(kernels, qkv_width(c), d) + packed_floats(kernels, d, q_width(c)) +
                                    packed_floats(kernels, 2 * f, d) + packed_floats(kernels, d, f);
  packed.panels.resize(
      static_cast<std::size_t>(c.num_hidden_layers * layer_floats + packed_floats(kernels, c.vocab_size, d) + kSlackFloats));
  float* to = packed.panels.data();
  const auto pack = [&](std::size_t offset, std::int64_t n, std::int64_t k) {
    const float* begin = to;
    kernels.pack_nk(flat + offset, k, n, k, to);
    to += packed_floats(kernels, n, k);
    return begin;
  };
  packed.embed = flat + offsets.embed;
  packed.positions = flat + offsets.positions;
  packed.final_norm = flat + offsets.final_norm;
  packed.layers.resize(offsets.layers.size());
  for (std::size_t i = 0; i < offsets.layers.size(); ++i) {
    const LayerOffsets& at = offsets.layers[i];
    packed.layers[i] = {flat + at.attention_norm, pack(at.qkv, qkv_width(c), d), pack(at.o, d, q_width(c)),
                        flat + at.mlp_norm,       pack(at.gate_up, 2 * f, d),    pack(at.down, d, f)};
  }
  packed.head = pack(offsets.head, c.vocab_size, d);
}

RopeTable::RopeTable(const ModelConfig& config) : half(config.head_dim / 2) {
  if (config.position != ModelConfig::Position::kRope) return;
  cos.reserve(static_cast<std::size_t>(config.max_position_embeddings * half));
  sin.reserve(cos.capacity());
  for (std::int64_t p = 0; p < config.max_position_embeddings; ++p)
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) *
                           std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.head_dim));
      cos.push_back(static_cast<float>(std::cos(angle)));
      sin.push_back(static_cast<float>(std::sin(angle)));
    }
}

}  // namespace autodidact
