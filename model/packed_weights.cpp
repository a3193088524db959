#include "model/packed_weights.hpp"

#include <cmath>
#include <numbers>

namespace autodidact {
namespace {

// Hands out room for panels, one matrix behind the other.
class Layout {
 public:
  Layout(const float* flat, PackedWeights& packed) : flat_(flat), packed_(packed) {}

  const float* at(std::size_t offset) const { return offset == kAbsent ? nullptr : flat_ + offset; }
  Norm norm(const NormOffsets& offsets) const { return {at(offsets.weight), at(offsets.bias)}; }
  Linear linear(const LinearOffsets& offsets, std::int64_t out, std::int64_t in) {
    packed_.matrices.push_back({offsets.weight, out, in, elements_});
    elements_ += static_cast<std::size_t>(packed_floats(cpu_kernels(), out, in));
    return {at(offsets.weight), at(offsets.bias), nullptr, nullptr};
  }
  std::size_t elements() const { return elements_; }

 private:
  const float* flat_;
  PackedWeights& packed_;
  std::size_t elements_ = 0;
};

// The linears in the order in which they were laid out.
template <class Use>
void for_each_linear(PackedWeights& packed, Use use) {
  for (PackedLayer& layer : packed.layers)
    for (Linear* linear : {&layer.qkv, &layer.o, &layer.up, &layer.down}) use(*linear);
  use(packed.head);
}

}  // namespace

void lay_out_weights(const ModelConfig& c, const float* flat, Dtype compute, PackedWeights& packed) {
  const WeightOffsets offsets = weight_offsets(c);
  const std::int64_t d = c.hidden_size;
  packed.matrices.clear();
  packed.layers.clear();
  packed.flat = flat;
  Layout layout(flat, packed);
  packed.embed = layout.at(offsets.embed);
  packed.positions = layout.at(offsets.positions);
  packed.final_norm = layout.norm(offsets.final_norm);
  packed.score = layout.at(offsets.score.weight);
  packed.score_bias = layout.at(offsets.score.bias);
  for (const LayerOffsets& at : offsets.layers) {
    PackedLayer layer;
    layer.attention_norm = layout.norm(at.attention_norm);
    layer.qkv = layout.linear(at.qkv, qkv_width(c), d);
    layer.q_norm = layout.at(at.q_norm);
    layer.k_norm = layout.at(at.k_norm);
    layer.o = layout.linear(at.o, d, q_width(c));
    layer.mlp_norm = layout.norm(at.mlp_norm);
    layer.up = layout.linear(at.up, up_width(c), d);
    layer.down = layout.linear(at.down, d, c.intermediate_size);
    packed.layers.push_back(layer);
  }
  packed.head = layout.linear({offsets.head, kAbsent}, c.vocab_size, d);
  const bool bf16 = compute == Dtype::kBf16;
  packed.panels.resize(bf16 ? 0 : layout.elements() + kSlackFloats);
  packed.panels_bf16.resize(bf16 ? layout.elements() + kSlackFloats : 0);
  auto matrix = packed.matrices.begin();
  for_each_linear(packed, [&](Linear& linear) {
    const std::size_t panels = (matrix++)->panels;
    linear.panels = bf16 ? nullptr : packed.panels.data() + panels;
    linear.panels_bf16 = bf16 ? packed.panels_bf16.data() + panels : nullptr;
  });
}

void pack_rows(PackedWeights& packed, const PackedMatrix& m, std::int64_t first, std::int64_t rows) {
  const CpuKernels& kernels = cpu_kernels();
  const float* from = packed.flat + m.offset + first * m.in;
  const std::size_t to = m.panels + static_cast<std::size_t>(first * m.in);
  if (packed.panels.empty())
    kernels.pack_nk_bf16(from, m.in, rows, m.in, packed.panels_bf16.data() + to);
  else
    kernels.pack_nk(from, m.in, rows, m.in, packed.panels.data() + to);
}

void pack_weights(const ModelConfig& config, const float* flat, Dtype compute, PackedWeights& packed) {
  lay_out_weights(config, flat, compute, packed);
  for (const PackedMatrix& matrix : packed.matrices) pack_rows(packed, matrix, 0, matrix.out);
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
