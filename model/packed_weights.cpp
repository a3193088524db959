#include "model/packed_weights.hpp"

#include <cmath>
#include <numbers>

namespace autodidact {
namespace {

// Packs matrices of the flat buffer one behind the other.
class Packer {
 public:
  Packer(const float* flat, float* to) : flat_(flat), to_(to) {}

  const float* at(std::size_t offset) const { return offset == kAbsent ? nullptr : flat_ + offset; }
  Norm norm(const NormOffsets& offsets) const { return {at(offsets.weight), at(offsets.bias)}; }
  Linear linear(const LinearOffsets& offsets, std::int64_t out, std::int64_t in) {
    const float* panels = to_;
    kernels_.pack_nk(flat_ + offsets.weight, in, out, in, to_);
    to_ += packed_floats(kernels_, out, in);
    return {panels, at(offsets.bias)};
  }

 private:
  const CpuKernels& kernels_ = cpu_kernels();
  const float* flat_;
  float* to_;
};

std::int64_t panel_floats(const ModelConfig& c) {
  const CpuKernels& kernels = cpu_kernels();
  const std::int64_t d = c.hidden_size, f = c.intermediate_size;
  const std::int64_t layer = packed_floats(kernels, qkv_width(c), d) + packed_floats(kernels, d, q_width(c)) +
                             packed_floats(kernels, up_width(c), d) + packed_floats(kernels, d, f);
  return c.num_hidden_layers * layer + packed_floats(kernels, c.vocab_size, d) + kSlackFloats;
}

}  // namespace

void pack_weights(const ModelConfig& c, const float* flat, PackedWeights& packed) {
  const WeightOffsets offsets = weight_offsets(c);
  packed.panels.resize(static_cast<std::size_t>(panel_floats(c)));
  Packer packer(flat, packed.panels.data());
  const std::int64_t d = c.hidden_size;
  packed.embed = packer.at(offsets.embed);
  packed.positions = packer.at(offsets.positions);
  packed.final_norm = packer.norm(offsets.final_norm);
  packed.layers.clear();
  for (const LayerOffsets& at : offsets.layers) {
    PackedLayer layer;
    layer.attention_norm = packer.norm(at.attention_norm);
    layer.qkv = packer.linear(at.qkv, qkv_width(c), d);
    layer.q_norm = packer.at(at.q_norm);
    layer.k_norm = packer.at(at.k_norm);
    layer.o = packer.linear(at.o, d, q_width(c));
    layer.mlp_norm = packer.norm(at.mlp_norm);
    layer.up = packer.linear(at.up, up_width(c), d);
    layer.down = packer.linear(at.down, d, c.intermediate_size);
    packed.layers.push_back(layer);
  }
  packed.head = packer.linear({offsets.head, kAbsent}, c.vocab_size, d);
}

double rope_rate(const ModelConfig& c, std::int64_t i) {
  const double rate = std::pow(c.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(c.head_dim));
  const RopeScaling& s = c.rope_scaling;
  if (s.kind == RopeScaling::Kind::kNone) return rate;
  if (s.kind == RopeScaling::Kind::kLinear) return rate / s.factor;
  const double original = static_cast<double>(s.original_max_position_embeddings);
  const double wavelength = 2 * std::numbers::pi / rate;
  if (wavelength > original / s.low_freq_factor) return rate / s.factor;
  if (wavelength < original / s.high_freq_factor) return rate;
  const double keep = (original / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - keep) * rate / s.factor + keep * rate;
}

RopeTable::RopeTable(const ModelConfig& config) : half(config.head_dim / 2) {
  if (config.position != ModelConfig::Position::kRope) return;
  std::vector<double> rates;
  for (std::int64_t i = 0; i < half; ++i) rates.push_back(rope_rate(config, i));
  cos.reserve(static_cast<std::size_t>(config.max_position_embeddings * half));
  sin.reserve(cos.capacity());
  for (std::int64_t p = 0; p < config.max_position_embeddings; ++p)
    for (const double rate : rates) {
      cos.push_back(static_cast<float>(std::cos(static_cast<double>(p) * rate)));
      sin.push_back(static_cast<float>(std::sin(static_cast<double>(p) * rate)));
    }
}

}  // namespace autodidact
