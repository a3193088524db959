#include "model/fused_pass.hpp"

#include <algorithm>
#include <cstring>

#include "model/value_head.hpp"

namespace autodidact {
namespace {

// Logits of some rows at a time: at a vocabulary of 49,152 those of 512 tokens would be 100 MB. Each time all of the head's
// matrix and gradient pass through the caches, so not too few.
constexpr std::int64_t kHeadFloats = std::int64_t{1} << 23, kMinHeadRows = 120;

void size(HugeVector<float>& buffer, std::int64_t rows, std::int64_t width) {
  buffer.resize(static_cast<std::size_t>(rows * width + kSlackFloats));
}

void copy_rows(const float* from, std::int64_t rows, std::int64_t width, float* to) {
  std::memmove(to, from, static_cast<std::size_t>(rows * width) * sizeof(float));
}

void zero_rows(float* to, std::int64_t rows, std::int64_t width) { std::fill(to, to + rows * width, 0.0f); }

}  // namespace

FusedPass::FusedPass(const ModelConfig& c, const RopeTable& rope, bool checkpointing)
    : config_(c),
      blocks_(c),
      rope_(rope),
      offsets_(weight_offsets(c)),
      checkpointing_(checkpointing),
      inputs_(static_cast<std::size_t>(c.num_hidden_layers)),
      layers_(checkpointing ? 1 : static_cast<std::size_t>(c.num_hidden_layers)) {}

void FusedPass::reserve(std::int64_t rows, std::int64_t longest) {
  const ModelConfig& c = config_;
  const std::int64_t d = c.hidden_size, q = q_width(c), f = c.intermediate_size;
  if (rows > reserved_) {
    reserved_ = rows;
    head_rows_ = std::min(rows, std::max(kHeadFloats / c.vocab_size, kMinHeadRows));
    for (auto& input : inputs_) size(input, rows, d);
    for (Layer& layer : layers_) {
      for (auto* wide : {&layer.norm, &layer.x_mid, &layer.mlp_norm}) size(*wide, rows, d);
      for (auto* column : {&layer.mean, &layer.rstd, &layer.mlp_mean, &layer.mlp_rstd}) size(*column, rows, 1);
      size(layer.qkv, rows, qkv_width(c));
      size(layer.attended, rows, q);
      size(layer.up, rows, up_width(c));
      size(layer.act, rows, f);
      if (c.qk_norm()) size(layer.qk_raw, rows, qkv_width(c));
      if (c.qk_norm()) size(layer.qk_rstd, rows, c.num_attention_heads + c.num_key_value_heads);
    }
    for (auto* wide : {&x_, &final_norm_, &dx_, &dnorm_}) size(*wide, rows, d);
    for (auto* column : {&final_mean_, &final_rstd_}) size(*column, rows, 1);
    size(logits_, head_rows_, c.vocab_size);
    size(dqkv_, rows, qkv_width(c));
    size(dattended_, rows, q);
    size(dact_, rows, f);
    size(gemm_scratch_, 1, gemm_scratch_floats(std::max({d, q, f})));
  }
  if (longest > longest_) {
    longest_ = longest;
    size(keys_, c.num_key_value_heads, key_floats(longest, c.head_dim));
    pages_.reserve(static_cast<std::size_t>(longest / kPage + 1));
    queries_.reserve(static_cast<std::size_t>(longest));
    size(scratch_, 1,
         std::max({qkv_width(c), attention_scratch_floats(longest, c.head_dim),
                   attention_grad_scratch_floats(longest, c.head_dim)}));
  }
}

void FusedPass::place(std::span<const PlacedExample> examples) {
  segments_.clear();
  targets_.clear();
  labels_.clear();
  rows_ = counted_ = 0;
  for (const PlacedExample& placed : examples) {
    for (std::int64_t i = placed.first_counted(); i < placed.predicting(); ++i)
      targets_.push_back({placed.example->tokens[i + 1], placed.example->weight});
    if (placed.labels_last()) targets_.push_back({0, 0.0f});  // predicts nothing, but has a value
    for (const ValueLabel& label : placed.example->labels)
      labels_.push_back({counted_ + label.at - placed.first_counted(), label.target, label.weight});
    segments_.push_back({&placed, rows_, placed.rows(), placed.first_counted(), counted_});
    rows_ += placed.rows();
    counted_ += placed.counted_rows();
  }
}

void FusedPass::embed(const PackedWeights& weights) {
  const std::int64_t d = config_.hidden_size;
  float* to = inputs_.front().data();
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
  const std::int64_t d = config_.hidden_size;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const std::int64_t rows = last(i) ? counted_ : rows_;
    HugeVector<float>& out = last(i) ? x_ : inputs_[i + 1];
    attention_forward(weights.layers[i], i);
    mlp_forward(weights.layers[i], kept(i), rows);
    copy_rows(kept(i).x_mid.data(), rows, d, out.data());
    blocks_.linear(weights.layers[i].down, kept(i).act.data(), rows, config_.intermediate_size, d, out.data(), true);
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
void FusedPass::attention_forward(const PackedLayer& weights, std::size_t index) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  const float* x = inputs_[index].data();
  Layer& layer = kept(index);
  blocks_.norm(weights.attention_norm, x, rows_, layer.norm.data(), layer.mean.data(), layer.rstd.data());
  blocks_.linear(weights.qkv, layer.norm.data(), rows_, d, qkv_width(config_), layer.qkv.data(), false);
  normalize_and_rotate(weights, layer);
  for (const Segment& segment : segments_) {
    attend(layer, segment, last(index));
    const std::int64_t from = last(index) ? segment.first_counted : 0;
    copy_rows(x + (segment.row + from) * d, segment.rows - from, d,
              layer.x_mid.data() + (last(index) ? segment.counted_row : segment.row) * d);
  }
  blocks_.linear(weights.o, layer.attended.data(), last(index) ? counted_ : rows_, q, d, layer.x_mid.data(), true);
}

void FusedPass::attend(Layer& layer, const Segment& segment, bool last) {
  const std::int64_t hd = config_.head_dim, width = qkv_width(config_), head_floats = key_floats(segment.rows, hd);
  const float* qkv = layer.qkv.data() + segment.row * width;
  for (std::int64_t h = 0; h < config_.num_key_value_heads; ++h)
    for (std::int64_t i = 0; i < segment.rows; ++i)
      store_key(qkv + i * width + q_width(config_) + h * hd, hd, i % kPage,
                keys_.data() + h * head_floats + i / kPage * kPage * hd);
  pages_.clear();
  for (std::int64_t i = 0; i < segment.rows; i += kPage)
    pages_.push_back({keys_.data() + i * hd, qkv + i * width + q_width(config_) + kv_width(config_)});
  queries_.clear();
  float* out = layer.attended.data() + (last ? segment.counted_row : segment.row) * q_width(config_);
  for (std::int64_t i = last ? segment.first_counted : 0; i < segment.rows; ++i, out += q_width(config_))
    queries_.push_back({qkv + i * width, out, pages_.data(), i + 1});
  kernels_.attention({queries_.data(), static_cast<std::int64_t>(queries_.size()), config_.num_attention_heads,
                      config_.num_key_value_heads, hd, /*k_offset=*/0, head_floats, /*v_offset=*/0, /*v_head_stride=*/hd, width,
                      scratch_.data()});
}

// Up to its activation.
void FusedPass::mlp_forward(const PackedLayer& weights, Layer& layer, std::int64_t rows) {
  const std::int64_t d = config_.hidden_size;
  blocks_.norm(weights.mlp_norm, layer.x_mid.data(), rows, layer.mlp_norm.data(), layer.mlp_mean.data(), layer.mlp_rstd.data());
  blocks_.linear(weights.up, layer.mlp_norm.data(), rows, d, up_width(config_), layer.up.data(), false);
  blocks_.activation(layer.up.data(), rows, layer.act.data());
}

double FusedPass::backward(const PackedWeights& weights, float scale, const GradientSink& sink) {
  double loss = 0;
  {
    const GradientTurn turn(sink, 0);
    loss = head_backward(weights, scale, sink.grad) + value_backward(weights, scale, sink.grad);
    zero_rows(dx_.data(), counted_, config_.hidden_size);
    blocks_.norm_grad(weights.final_norm, offsets_.final_norm, x_.data(), final_mean_.data(), final_rstd_.data(), dnorm_.data(),
                      counted_, dx_.data(), sink.grad);
  }
  for (std::size_t i = inputs_.size(); i-- > 0;) {
    const std::int64_t rows = last(i) ? counted_ : rows_;
    if (checkpointing_ && !last(i)) {  // the last one's are still there
      attention_forward(weights.layers[i], i);
      mlp_forward(weights.layers[i], kept(i), rows);
    }
    const GradientTurn turn(sink, i + 1);
    mlp_backward(weights.layers[i], offsets_.layers[i], kept(i), rows, sink.grad);
    attention_backward(weights.layers[i], offsets_.layers[i], i, sink.grad);
  }
  return loss;
}

// Some rows' logits at a time, which become their gradient where they lie; dnorm_ receives that of the final norm's output.
double FusedPass::head_backward(const PackedWeights& weights, float scale, float* grad) {
  const std::int64_t d = config_.hidden_size, vocab = config_.vocab_size;
  double loss = 0;
  for (std::int64_t first = 0; first < counted_; first += head_rows_) {
    const std::int64_t rows = std::min(head_rows_, counted_ - first);
    const float* x = final_norm_.data() + first * d;
    if (!any_weight(first, rows)) {
      zero_rows(dnorm_.data() + first * d, rows, d);
      continue;
    }
    blocks_.head(weights.head, x, rows, logits_.data(), vocab);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto [token, weight] = targets_[first + i];
      loss += static_cast<double>(weight) * kernels_.nll_grad(logits_.data() + i * vocab, vocab, token, scale * weight);
    }
    blocks_.linear_grad({offsets_.head, kAbsent}, logits_.data(), x, rows, d, vocab, grad, gemm_scratch_.data());
    blocks_.linear_back(weights.head, logits_.data(), rows, d, vocab, dnorm_.data() + first * d, gemm_scratch_.data());
  }
  return loss;
}

// Reward models count no tokens, and then need no logits.
bool FusedPass::any_weight(std::int64_t first, std::int64_t rows) const {
  const auto begin = targets_.begin() + first;
  return std::any_of(begin, begin + rows, [](const Target& target) { return target.weight != 0; });
}

double FusedPass::value_backward(const PackedWeights& weights, float scale, float* grad) {
  const std::int64_t d = config_.hidden_size;
  double loss = 0;
  for (const Labelled& label : labels_)
    loss += label.weight * value_grad(weights.score, weights.score_bias, final_norm_.data() + label.row * d, d, label.target,
                                      scale * label.weight, grad + offsets_.score.weight, grad + offsets_.score.bias,
                                      dnorm_.data() + label.row * d);
  return loss;
}

void FusedPass::values(const PackedWeights& weights, std::span<std::vector<float>> out) {
  const std::int64_t d = config_.hidden_size;
  auto label = labels_.begin();
  for (std::vector<float>& values : out)
    for (float& value : values) value = value_of(weights.score, weights.score_bias, final_norm_.data() + (label++)->row * d, d);
}

// dx_ is the gradient of the layer's output on entry and of x_mid on return.
void FusedPass::mlp_backward(const PackedLayer& weights, const LayerOffsets& at, Layer& layer, std::int64_t rows, float* grad) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size, up = up_width(config_);
  float* scratch = gemm_scratch_.data();
  blocks_.linear_grad(at.down, dx_.data(), layer.act.data(), rows, f, d, grad, scratch);
  blocks_.linear_back(weights.down, dx_.data(), rows, f, d, dact_.data(), scratch);
  blocks_.activation_grad(layer.up.data(), dact_.data(), rows);
  blocks_.linear_grad(at.up, layer.up.data(), layer.mlp_norm.data(), rows, d, up, grad, scratch);
  blocks_.linear_back(weights.up, layer.up.data(), rows, d, up, dnorm_.data(), scratch);
  blocks_.norm_grad(weights.mlp_norm, at.mlp_norm, layer.x_mid.data(), layer.mlp_mean.data(), layer.mlp_rstd.data(),
                    dnorm_.data(), rows, dx_.data(), grad);
}

// Gradients of counted rows to their places among all rows, from the back so that nothing is overwritten; zero elsewhere.
void FusedPass::spread_counted_rows() {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  for (std::size_t i = segments_.size(); i-- > 0;) {
    const Segment& s = segments_[i];
    const std::int64_t to = s.row + s.first_counted, count = s.rows - s.first_counted;
    copy_rows(dx_.data() + s.counted_row * d, count, d, dx_.data() + to * d);
    copy_rows(dattended_.data() + s.counted_row * q, count, q, dattended_.data() + to * q);
    zero_rows(dx_.data() + s.row * d, s.first_counted, d);
    zero_rows(dattended_.data() + s.row * q, s.first_counted, q);
  }
}

void FusedPass::attend_backward(const Layer& layer) {
  const std::int64_t q = q_width(config_), width = qkv_width(config_);
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
}

// dx_ is the gradient of x_mid on entry (counted rows only in the last layer) and of the layer's input on return.
void FusedPass::attention_backward(const PackedLayer& weights, const LayerOffsets& at, std::size_t index, float* grad) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_), width = qkv_width(config_);
  const std::int64_t rows = last(index) ? counted_ : rows_;
  float* scratch = gemm_scratch_.data();
  Layer& layer = kept(index);
  blocks_.linear_grad(at.o, dx_.data(), layer.attended.data(), rows, q, d, grad, scratch);
  blocks_.linear_back(weights.o, dx_.data(), rows, q, d, dattended_.data(), scratch);
  if (last(index)) spread_counted_rows();
  attend_backward(layer);
  rotate_back(weights, at, layer, grad);
  blocks_.linear_grad(at.qkv, dqkv_.data(), layer.norm.data(), rows_, d, width, grad, scratch);
  blocks_.linear_back(weights.qkv, dqkv_.data(), rows_, d, width, dnorm_.data(), scratch);
  blocks_.norm_grad(weights.attention_norm, at.attention_norm, inputs_[index].data(), layer.mean.data(), layer.rstd.data(),
                    dnorm_.data(), rows_, dx_.data(), grad);
}

// of(logits, target): what is told of a counted row.
template <class Score, class Of>
void FusedPass::score_rows(const PackedWeights& weights, std::span<std::vector<Score>> out, Of of) {
  const std::int64_t vocab = config_.vocab_size;
  auto to = out.begin();
  auto segment = segments_.begin();
  for (std::int64_t first = 0, written = 0; first < counted_; first += head_rows_) {
    const std::int64_t rows = std::min(head_rows_, counted_ - first);
    blocks_.head(weights.head, final_norm_.data() + first * config_.hidden_size, rows, logits_.data(), vocab);
    for (std::int64_t i = 0; i < rows; ++i, ++written) {
      while (written == segment->placed->counted_rows()) ++to, ++segment, written = 0;
      if (written == segment->placed->counted()) continue;  // the labelled last one predicts nothing
      (*to)[static_cast<std::size_t>(written)] = of(logits_.data() + i * vocab, targets_[first + i].token);
    }
  }
}

void FusedPass::logprobs(const PackedWeights& weights, std::span<std::vector<float>> out) {
  score_rows(weights, out, [this](const float* logits, TokenId target) {
    return logits[target] - kernels_.log_sum_exp(logits, config_.vocab_size);
  });
}

void FusedPass::ranked(const PackedWeights& weights, std::span<std::vector<RankedToken>> out) {
  score_rows(weights, out, [this](const float* logits, TokenId target) {
    const float* best = std::max_element(logits, logits + config_.vocab_size);
    const float all = kernels_.log_sum_exp(logits, config_.vocab_size);
    return RankedToken{logits[target] - all, static_cast<TokenId>(best - logits), *best - all};
  });
}

}  // namespace autodidact
