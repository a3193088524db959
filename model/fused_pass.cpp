#include "model/fused_pass.hpp"

#include <algorithm>
#include <cstring>

namespace autodidact {
namespace {

std::vector<float> buffer(std::int64_t rows, std::int64_t width) {
  return std::vector<float>(static_cast<std::size_t>(rows * width + kSlackFloats));
}

void copy_rows(const float* from, std::int64_t rows, std::int64_t width, float* to) {
  std::memmove(to, from, static_cast<std::size_t>(rows * width) * sizeof(float));
}

void zero_rows(float* to, std::int64_t rows, std::int64_t width) { std::fill(to, to + rows * width, 0.0f); }

}  // namespace

void pack_backward(const ModelConfig& c, const float* flat, BackwardPanels& packed) {
  const CpuKernels& kernels = cpu_kernels();
  const WeightOffsets offsets = weight_offsets(c);
  const std::int64_t d = c.hidden_size, f = c.intermediate_size;
  const std::int64_t layer_floats = packed_floats(kernels, d, qkv_width(c)) + packed_floats(kernels, q_width(c), d) +
                                    packed_floats(kernels, d, 2 * f) + packed_floats(kernels, f, d);
  packed.panels.resize(
      static_cast<std::size_t>(c.num_hidden_layers * layer_floats + packed_floats(kernels, d, c.vocab_size) + kSlackFloats));
  float* to = packed.panels.data();
  const auto pack = [&](std::size_t offset, std::int64_t out, std::int64_t in) {
    const float* begin = to;
    kernels.pack_kn(flat + offset, in, out, in, to);
    to += packed_floats(kernels, in, out);
    return begin;
  };
  packed.layers.resize(offsets.layers.size());
  for (std::size_t i = 0; i < offsets.layers.size(); ++i) {
    const LayerOffsets& at = offsets.layers[i];
    packed.layers[i] = {pack(at.qkv, qkv_width(c), d), pack(at.o, d, q_width(c)), pack(at.gate_up, 2 * f, d),
                        pack(at.down, d, f)};
  }
  packed.head = pack(offsets.head, c.vocab_size, d);
}

FusedPass::FusedPass(const ModelConfig& c, const RopeTable& rope, std::int64_t max_rows)
    : config_(c),
      rope_(rope),
      offsets_(weight_offsets(c)),
      x_(buffer(max_rows, c.hidden_size)),
      final_norm_(buffer(max_rows, c.hidden_size)),
      final_rstd_(buffer(max_rows, 1)),
      logits_(buffer(max_rows, c.vocab_size)),
      dx_(buffer(max_rows, c.hidden_size)),
      dnorm_(buffer(max_rows, c.hidden_size)),
      dqkv_(buffer(max_rows, qkv_width(c))),
      dattended_(buffer(max_rows, q_width(c))),
      dact_(buffer(max_rows, c.intermediate_size)),
      key_tiles_(buffer(c.num_key_value_heads, key_tile_floats(max_rows, c.head_dim))),
      scratch_(buffer(1, std::max(attention_scratch_floats(max_rows, c.num_attention_heads, c.head_dim),
                                  attention_grad_scratch_floats(std::min(max_rows, c.max_position_embeddings), c.head_dim)))) {
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i)
    layers_.push_back({buffer(max_rows, c.hidden_size), buffer(max_rows, c.hidden_size), buffer(max_rows, 1),
                       buffer(max_rows, qkv_width(c)), buffer(max_rows, q_width(c)), buffer(max_rows, c.hidden_size),
                       buffer(max_rows, c.hidden_size), buffer(max_rows, 1), buffer(max_rows, 2 * c.intermediate_size),
                       buffer(max_rows, c.intermediate_size)});
}

void FusedPass::place(std::span<const PlacedExample> examples) {
  segments_.clear();
  rows_ = counted_ = 0;
  for (const PlacedExample& placed : examples) {
    segments_.push_back({&placed, rows_, placed.rows(), placed.first_counted(), counted_});
    rows_ += placed.rows();
    counted_ += placed.counted();
  }
}

void FusedPass::embed(const PackedWeights& weights) {
  const std::int64_t d = config_.hidden_size;
  float* to = layers_.front().x.data();
  for (const Segment& segment : segments_) {
    const auto& tokens = segment.placed->example->tokens;
    for (std::int64_t i = 0; i < segment.rows; ++i) copy_rows(weights.embed + tokens[i] * d, 1, d, to + (segment.row + i) * d);
    if (config_.position == ModelConfig::Position::kLearned)
      kernels_.add(to + segment.row * d, weights.positions + segment.placed->offset * d, segment.rows * d);
  }
}

void FusedPass::forward(const PackedWeights& weights, std::span<const PlacedExample> examples) {
  place(examples);
  embed(weights);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool last = i + 1 == layers_.size();
    attention_forward(weights.layers[i], layers_[i], last);
    mlp_forward(weights.layers[i], layers_[i], last ? counted_ : rows_, last ? x_.data() : layers_[i + 1].x.data());
  }
  const std::int64_t d = config_.hidden_size;
  kernels_.rmsnorm(x_.data(), counted_, d, weights.final_norm, static_cast<float>(config_.rms_norm_eps), final_norm_.data(),
                   final_rstd_.data());
  kernels_.gemm(final_norm_.data(), d, counted_, weights.head, d, config_.vocab_size, logits_.data(), config_.vocab_size,
                false);
}

void FusedPass::rotate(float* qkv, float sign) const {
  if (config_.position != ModelConfig::Position::kRope) return;
  const std::int64_t heads = config_.num_attention_heads + config_.num_key_value_heads, width = qkv_width(config_);
  for (const Segment& segment : segments_)
    for (std::int64_t i = 0; i < segment.rows; ++i) {
      const std::int64_t position = segment.placed->offset + i;
      kernels_.rope(qkv + (segment.row + i) * width, heads, config_.head_dim, rope_.cos_at(position), rope_.sin_at(position),
                    sign);
    }
}

// After the last layer's attention only the counted rows go on: the others predict nothing that is asked for.
void FusedPass::attention_forward(const PackedLayer& weights, Layer& layer, bool last) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  kernels_.rmsnorm(layer.x.data(), rows_, d, weights.attention_norm, static_cast<float>(config_.rms_norm_eps),
                   layer.norm.data(), layer.rstd.data());
  kernels_.gemm(layer.norm.data(), d, rows_, weights.qkv, d, qkv_width(config_), layer.qkv.data(), qkv_width(config_), false);
  rotate(layer.qkv.data(), 1);
  for (const Segment& segment : segments_) {
    attend(layer, segment, last);
    const std::int64_t from = last ? segment.first_counted : 0;
    copy_rows(layer.x.data() + (segment.row + from) * d, segment.rows - from, d,
              layer.x_mid.data() + (last ? segment.counted_row : segment.row) * d);
  }
  kernels_.gemm(layer.attended.data(), q, last ? counted_ : rows_, weights.o, q, d, layer.x_mid.data(), d, true);
}

void FusedPass::attend(Layer& layer, const Segment& segment, bool last) {
  const std::int64_t hd = config_.head_dim, width = qkv_width(config_), head_floats = key_tile_floats(segment.rows, hd);
  const float* qkv = layer.qkv.data() + segment.row * width;
  for (std::int64_t h = 0; h < config_.num_key_value_heads; ++h)
    for (std::int64_t i = 0; i < segment.rows; ++i) {
      const float* k = qkv + i * width + q_width(config_) + h * hd;
      float* tile = key_tiles_.data() + h * head_floats + i / kKeyTile * kKeyTile * hd + i % kKeyTile;
      for (std::int64_t d = 0; d < hd; ++d) tile[d * kKeyTile] = k[d];
    }
  AttentionCall call;
  call.first = last ? segment.first_counted : 0;
  call.rows = segment.rows - call.first;
  call.heads = config_.num_attention_heads;
  call.kv_heads = config_.num_key_value_heads;
  call.head_dim = hd;
  call.q = qkv + call.first * width;
  call.q_stride = width;
  call.k_tiles = key_tiles_.data();
  call.k_head_stride = head_floats;
  call.v = qkv + q_width(config_) + kv_width(config_);
  call.v_stride = width;
  call.out = layer.attended.data() + (last ? segment.counted_row : segment.row) * q_width(config_);
  call.out_stride = q_width(config_);
  call.scratch = scratch_.data();
  kernels_.attention(call);
}

void FusedPass::mlp_forward(const PackedLayer& weights, Layer& layer, std::int64_t rows, float* x_out) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size;
  kernels_.rmsnorm(layer.x_mid.data(), rows, d, weights.mlp_norm, static_cast<float>(config_.rms_norm_eps),
                   layer.mlp_norm.data(), layer.mlp_rstd.data());
  kernels_.gemm(layer.mlp_norm.data(), d, rows, weights.gate_up, d, 2 * f, layer.gate_up.data(), 2 * f, false);
  kernels_.swiglu(layer.gate_up.data(), rows, f, layer.act.data());
  copy_rows(layer.x_mid.data(), rows, d, x_out);
  kernels_.gemm(layer.act.data(), f, rows, weights.down, f, d, x_out, d, true);
}

double FusedPass::backward(const PackedWeights& weights, const BackwardPanels& panels, float scale, float* grad) {
  const double loss = head_backward(panels, scale, grad);
  const std::int64_t d = config_.hidden_size;
  zero_rows(dx_.data(), counted_, d);
  kernels_.rmsnorm_grad(x_.data(), final_rstd_.data(), weights.final_norm, dnorm_.data(), counted_, d, dx_.data(),
                        grad + offsets_.final_norm);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const bool last = i + 1 == layers_.size();
    mlp_backward(weights.layers[i], panels.layers[i], offsets_.layers[i], layers_[i], last ? counted_ : rows_, grad);
    attention_backward(weights.layers[i], panels.layers[i], offsets_.layers[i], layers_[i], last, grad);
  }
  embed_backward(grad);
  return loss;
}

// Logits become their gradient; dnorm_ receives that of the final norm's output.
double FusedPass::head_backward(const BackwardPanels& panels, float scale, float* grad) {
  const std::int64_t d = config_.hidden_size, vocab = config_.vocab_size;
  double loss = 0;
  for (const Segment& segment : segments_) {
    const TrainExample& example = *segment.placed->example;
    double nll = 0;
    for (std::int64_t i = segment.first_counted; i < segment.rows; ++i)
      nll += kernels_.nll_grad(logits_.data() + (segment.counted_row + i - segment.first_counted) * vocab, vocab,
                               example.tokens[i + 1], scale * example.weight);
    loss += nll * example.weight;
  }
  kernels_.gemm_tn_add(logits_.data(), vocab, final_norm_.data(), d, counted_, vocab, d, grad + offsets_.head, d);
  kernels_.gemm(logits_.data(), vocab, counted_, panels.head, vocab, d, dnorm_.data(), d, false);
  return loss;
}

// dx_ is the gradient of the layer's output on entry and of x_mid on return.
void FusedPass::mlp_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at,
                             Layer& layer, std::int64_t rows, float* grad) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size;
  kernels_.gemm_tn_add(dx_.data(), d, layer.act.data(), f, rows, d, f, grad + at.down, f);
  kernels_.gemm(dx_.data(), d, rows, panels.down, d, f, dact_.data(), f, false);
  kernels_.swiglu_grad(layer.gate_up.data(), dact_.data(), rows, f);
  kernels_.gemm_tn_add(layer.gate_up.data(), 2 * f, layer.mlp_norm.data(), d, rows, 2 * f, d, grad + at.gate_up, d);
  kernels_.gemm(layer.gate_up.data(), 2 * f, rows, panels.gate_up, 2 * f, d, dnorm_.data(), d, false);
  kernels_.rmsnorm_grad(layer.x_mid.data(), layer.mlp_rstd.data(), weights.mlp_norm, dnorm_.data(), rows, d, dx_.data(),
                        grad + at.mlp_norm);
}

// dx_ is the gradient of x_mid on entry (counted rows only in the last layer) and of the layer's input on return.
void FusedPass::attention_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at,
                                   Layer& layer, bool last, float* grad) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_), width = qkv_width(config_), rows = last ? counted_ : rows_;
  kernels_.gemm_tn_add(dx_.data(), d, layer.attended.data(), q, rows, d, q, grad + at.o, q);
  kernels_.gemm(dx_.data(), d, rows, panels.o, d, q, dattended_.data(), q, false);
  if (last) {  // spread over all rows again, from the back so that nothing is overwritten
    for (std::size_t i = segments_.size(); i-- > 0;) {
      const Segment& s = segments_[i];
      const std::int64_t to = s.row + s.first_counted, count = s.rows - s.first_counted;
      copy_rows(dx_.data() + s.counted_row * d, count, d, dx_.data() + to * d);
      copy_rows(dattended_.data() + s.counted_row * q, count, q, dattended_.data() + to * q);
      zero_rows(dx_.data() + s.row * d, s.first_counted, d);
      zero_rows(dattended_.data() + s.row * q, s.first_counted, q);
    }
  }
  for (const Segment& segment : segments_) {
    AttentionGradCall call;
    call.rows = segment.rows;
    call.heads = config_.num_attention_heads;
    call.kv_heads = config_.num_key_value_heads;
    call.head_dim = config_.head_dim;
    call.qkv = layer.qkv.data() + segment.row * width;
    call.dqkv = dqkv_.data() + segment.row * width;
    call.stride = width;
    call.dout = dattended_.data() + segment.row * q;
    call.dout_stride = q;
    call.scratch = scratch_.data();
    kernels_.attention_grad(call);
  }
  rotate(dqkv_.data(), -1);
  kernels_.gemm_tn_add(dqkv_.data(), width, layer.norm.data(), d, rows_, width, d, grad + at.qkv, d);
  kernels_.gemm(dqkv_.data(), width, rows_, panels.qkv, width, d, dnorm_.data(), d, false);
  kernels_.rmsnorm_grad(layer.x.data(), layer.rstd.data(), weights.attention_norm, dnorm_.data(), rows_, d, dx_.data(),
                        grad + at.attention_norm);
}

void FusedPass::embed_backward(float* grad) {
  const std::int64_t d = config_.hidden_size;
  for (const Segment& segment : segments_) {
    const auto& tokens = segment.placed->example->tokens;
    const float* from = dx_.data() + segment.row * d;
    for (std::int64_t i = 0; i < segment.rows; ++i) kernels_.add(grad + offsets_.embed + tokens[i] * d, from + i * d, d);
    if (config_.position == ModelConfig::Position::kLearned)
      kernels_.add(grad + offsets_.positions + segment.placed->offset * d, from, segment.rows * d);
  }
}

void FusedPass::logprobs(std::span<std::vector<float>> out) const {
  const std::int64_t vocab = config_.vocab_size;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const Segment& segment = segments_[s];
    const auto& tokens = segment.placed->example->tokens;
    for (std::size_t j = 0; j < out[s].size(); ++j) {
      const float* logits = logits_.data() + (segment.counted_row + static_cast<std::int64_t>(j)) * vocab;
      out[s][j] = logits[tokens[static_cast<std::size_t>(segment.first_counted) + j + 1]] - kernels_.log_sum_exp(logits, vocab);
    }
  }
}

}  // namespace autodidact
