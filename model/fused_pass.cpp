#include "model/fused_pass.hpp"

#include <algorithm>
#include <cstring>

namespace autodidact {
namespace {

// Logits of a few rows at a time: at a vocabulary of 49,152 those of 512 tokens would be 100 MB.
constexpr std::int64_t kHeadFloats = std::int64_t{1} << 21, kMinHeadRows = 48;

std::vector<float> buffer(std::int64_t rows, std::int64_t width) {
  return std::vector<float>(static_cast<std::size_t>(rows * width + kSlackFloats));
}

void copy_rows(const float* from, std::int64_t rows, std::int64_t width, float* to) {
  std::memmove(to, from, static_cast<std::size_t>(rows * width) * sizeof(float));
}

void zero_rows(float* to, std::int64_t rows, std::int64_t width) { std::fill(to, to + rows * width, 0.0f); }

}  // namespace

FusedPass::FusedPass(const ModelConfig& c, const RopeTable& rope, std::int64_t max_rows)
    : config_(c),
      blocks_(c),
      rope_(rope),
      offsets_(weight_offsets(c)),
      x_(buffer(max_rows, c.hidden_size)),
      final_norm_(buffer(max_rows, c.hidden_size)),
      final_mean_(buffer(max_rows, 1)),
      final_rstd_(buffer(max_rows, 1)),
      head_rows_(std::clamp(kHeadFloats / c.vocab_size, std::min(kMinHeadRows, max_rows), max_rows)),
      logits_(buffer(head_rows_, c.vocab_size)),
      dx_(buffer(max_rows, c.hidden_size)),
      dnorm_(buffer(max_rows, c.hidden_size)),
      dqkv_(buffer(max_rows, qkv_width(c))),
      dattended_(buffer(max_rows, q_width(c))),
      dact_(buffer(max_rows, c.intermediate_size)),
      key_tiles_(buffer(c.num_key_value_heads, key_tile_floats(max_rows, c.head_dim))),
      scratch_(
          buffer(1, std::max({qkv_width(c), attention_scratch_floats(max_rows, c.num_attention_heads, c.head_dim),
                              attention_grad_scratch_floats(std::min(max_rows, c.max_position_embeddings), c.head_dim)}))) {
  const std::int64_t d = c.hidden_size, heads = c.num_attention_heads + c.num_key_value_heads;
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) {
    Layer layer;
    layer.x = layer.norm = layer.x_mid = layer.mlp_norm = buffer(max_rows, d);
    layer.mean = layer.rstd = layer.mlp_mean = layer.mlp_rstd = buffer(max_rows, 1);
    layer.qkv = buffer(max_rows, qkv_width(c));
    layer.attended = buffer(max_rows, q_width(c));
    layer.up = buffer(max_rows, up_width(c));
    layer.act = buffer(max_rows, c.intermediate_size);
    if (c.qk_norm()) {
      layer.qk_raw = layer.qkv;
      layer.qk_rstd = buffer(max_rows, heads);
    }
    layers_.push_back(std::move(layer));
  }
}

void FusedPass::place(std::span<const PlacedExample> examples) {
  segments_.clear();
  targets_.clear();
  rows_ = counted_ = 0;
  for (const PlacedExample& placed : examples) {
    for (std::int64_t i = placed.first_counted(); i < placed.rows(); ++i)
      targets_.push_back({placed.example->tokens[i + 1], placed.example->weight});
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
  blocks_.norm(weights.final_norm, x_.data(), counted_, final_norm_.data(), final_mean_.data(), final_rstd_.data());
}

void FusedPass::normalize_and_rotate(const PackedLayer& weights, Layer& layer) {
  const std::int64_t width = qkv_width(config_), heads = config_.num_attention_heads + config_.num_key_value_heads;
  if (config_.qk_norm()) copy_rows(layer.qkv.data(), rows_, width, layer.qk_raw.data());
  for (const Segment& segment : segments_)
    for (std::int64_t i = 0; i < segment.rows; ++i) {
      float* row = layer.qkv.data() + (segment.row + i) * width;
      blocks_.qk_norm(weights, row, config_.qk_norm() ? layer.qk_rstd.data() + (segment.row + i) * heads : nullptr);
      blocks_.rotate(rope_, segment.placed->offset + i, row, 1);
    }
}

void FusedPass::rotate_back(const PackedLayer& weights, const LayerOffsets& at, const Layer& layer, float* grad) {
  const std::int64_t width = qkv_width(config_), heads = config_.num_attention_heads + config_.num_key_value_heads;
  for (const Segment& segment : segments_)
    for (std::int64_t i = 0; i < segment.rows; ++i) {
      const std::int64_t r = segment.row + i;
      blocks_.rotate(rope_, segment.placed->offset + i, dqkv_.data() + r * width, -1);
      if (config_.qk_norm())
        blocks_.qk_norm_grad(weights, at, layer.qk_raw.data() + r * width, layer.qk_rstd.data() + r * heads,
                             dqkv_.data() + r * width, scratch_.data(), grad);
    }
}

// After the last layer's attention only the counted rows go on: the others predict nothing that is asked for.
void FusedPass::attention_forward(const PackedLayer& weights, Layer& layer, bool last) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  blocks_.norm(weights.attention_norm, layer.x.data(), rows_, layer.norm.data(), layer.mean.data(), layer.rstd.data());
  blocks_.linear(weights.qkv, layer.norm.data(), rows_, d, qkv_width(config_), layer.qkv.data(), false);
  normalize_and_rotate(weights, layer);
  for (const Segment& segment : segments_) {
    attend(layer, segment, last);
    const std::int64_t from = last ? segment.first_counted : 0;
    copy_rows(layer.x.data() + (segment.row + from) * d, segment.rows - from, d,
              layer.x_mid.data() + (last ? segment.counted_row : segment.row) * d);
  }
  blocks_.linear(weights.o, layer.attended.data(), last ? counted_ : rows_, q, d, layer.x_mid.data(), true);
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
  blocks_.norm(weights.mlp_norm, layer.x_mid.data(), rows, layer.mlp_norm.data(), layer.mlp_mean.data(), layer.mlp_rstd.data());
  blocks_.linear(weights.up, layer.mlp_norm.data(), rows, d, up_width(config_), layer.up.data(), false);
  blocks_.activation(layer.up.data(), rows, layer.act.data());
  copy_rows(layer.x_mid.data(), rows, d, x_out);
  blocks_.linear(weights.down, layer.act.data(), rows, f, d, x_out, true);
}

double FusedPass::backward(const PackedWeights& weights, const BackwardPanels& panels, float scale, float* grad) {
  const double loss = head_backward(weights, panels, scale, grad);
  const std::int64_t d = config_.hidden_size;
  zero_rows(dx_.data(), counted_, d);
  blocks_.norm_grad(weights.final_norm, offsets_.final_norm, x_.data(), final_mean_.data(), final_rstd_.data(), dnorm_.data(),
                    counted_, dx_.data(), grad);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const bool last = i + 1 == layers_.size();
    mlp_backward(weights.layers[i], panels.layers[i], offsets_.layers[i], layers_[i], last ? counted_ : rows_, grad);
    attention_backward(weights.layers[i], panels.layers[i], offsets_.layers[i], layers_[i], last, grad);
  }
  embed_backward(grad);
  return loss;
}

void FusedPass::head(const PackedWeights& weights, std::int64_t first, std::int64_t rows) {
  const std::int64_t d = config_.hidden_size, vocab = config_.vocab_size;
  kernels_.gemm(final_norm_.data() + first * d, d, rows, weights.head.panels, d, vocab, logits_.data(), vocab, false);
}

// A few rows' logits at a time, which become their gradient where they lie; dnorm_ receives that of the final norm's output.
double FusedPass::head_backward(const PackedWeights& weights, const BackwardPanels& panels, float scale, float* grad) {
  const std::int64_t d = config_.hidden_size, vocab = config_.vocab_size;
  double loss = 0;
  for (std::int64_t first = 0; first < counted_; first += head_rows_) {
    const std::int64_t rows = std::min(head_rows_, counted_ - first);
    head(weights, first, rows);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto [token, weight] = targets_[first + i];
      loss += static_cast<double>(weight) * kernels_.nll_grad(logits_.data() + i * vocab, vocab, token, scale * weight);
    }
    kernels_.gemm_tn_add(logits_.data(), vocab, final_norm_.data() + first * d, d, rows, vocab, d, grad + offsets_.head, d);
    kernels_.gemm(logits_.data(), vocab, rows, panels.head, vocab, d, dnorm_.data() + first * d, d, false);
  }
  return loss;
}

// dx_ is the gradient of the layer's output on entry and of x_mid on return.
void FusedPass::mlp_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at,
                             Layer& layer, std::int64_t rows, float* grad) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size, up = up_width(config_);
  blocks_.linear_grad(at.down, dx_.data(), layer.act.data(), rows, f, d, grad);
  kernels_.gemm(dx_.data(), d, rows, panels.down, d, f, dact_.data(), f, false);
  blocks_.activation_grad(layer.up.data(), dact_.data(), rows);
  blocks_.linear_grad(at.up, layer.up.data(), layer.mlp_norm.data(), rows, d, up, grad);
  kernels_.gemm(layer.up.data(), up, rows, panels.up, up, d, dnorm_.data(), d, false);
  blocks_.norm_grad(weights.mlp_norm, at.mlp_norm, layer.x_mid.data(), layer.mlp_mean.data(), layer.mlp_rstd.data(),
                    dnorm_.data(), rows, dx_.data(), grad);
}

// dx_ is the gradient of x_mid on entry (counted rows only in the last layer) and of the layer's input on return.
void FusedPass::attention_backward(const PackedLayer& weights, const BackwardPanels::Layer& panels, const LayerOffsets& at,
                                   Layer& layer, bool last, float* grad) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_), width = qkv_width(config_), rows = last ? counted_ : rows_;
  blocks_.linear_grad(at.o, dx_.data(), layer.attended.data(), rows, q, d, grad);
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
  rotate_back(weights, at, layer, grad);
  blocks_.linear_grad(at.qkv, dqkv_.data(), layer.norm.data(), rows_, d, width, grad);
  kernels_.gemm(dqkv_.data(), width, rows_, panels.qkv, width, d, dnorm_.data(), d, false);
  blocks_.norm_grad(weights.attention_norm, at.attention_norm, layer.x.data(), layer.mean.data(), layer.rstd.data(),
                    dnorm_.data(), rows_, dx_.data(), grad);
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

void FusedPass::logprobs(const PackedWeights& weights, std::span<std::vector<float>> out) {
  const std::int64_t vocab = config_.vocab_size;
  auto to = out.begin();
  for (std::int64_t first = 0, written = 0; first < counted_; first += head_rows_) {
    const std::int64_t rows = std::min(head_rows_, counted_ - first);
    head(weights, first, rows);
    for (std::int64_t i = 0; i < rows; ++i, ++written) {
      while (written == static_cast<std::int64_t>(to->size())) ++to, written = 0;
      const float* logits = logits_.data() + i * vocab;
      (*to)[static_cast<std::size_t>(written)] = logits[targets_[first + i].token] - kernels_.log_sum_exp(logits, vocab);
    }
  }
}

}  // namespace autodidact
