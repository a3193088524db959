#include "model/blocks.hpp"

#include <algorithm>

namespace autodidact {

void Blocks::norm(const Norm& norm, const float* x, std::int64_t rows, float* y, float* mean, float* rstd) const {
  constexpr std::int64_t kEach = 4;  // a value's share of the work, in multiply-adds
  const std::int64_t d = config_.hidden_size;
  const auto from = [](float* p, std::int64_t first) { return p == nullptr ? nullptr : p + first; };
  helpers_.share(rows, d * kEach, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
    if (config_.layer_norm())
      kernels_.layernorm(x + first * d, count, d, norm.weight, norm.bias, eps(), y + first * d, from(mean, first),
                         from(rstd, first));
    else
      kernels_.rmsnorm(x + first * d, count, d, norm.weight, eps(), y + first * d, from(rstd, first));
  });
}

struct Blocks::Product {
  const Linear& linear;
  const float* x;
  std::int64_t rows, in, out;
  float* y;
  std::int64_t stride;
  bool add;
};

void Blocks::columns(const Product& p, std::int64_t first, std::int64_t count) const {
  if (p.linear.panels_bf16 != nullptr)
    kernels_.gemm_bf16(p.x, p.in, p.rows, p.linear.panels_bf16 + first * p.in, p.in, count, p.y + first, p.stride, p.add);
  else
    kernels_.gemm(p.x, p.in, p.rows, p.linear.panels + first * p.in, p.in, count, p.y + first, p.stride, p.add);
}

void Blocks::product(const Linear& linear, const float* x, std::int64_t rows, std::int64_t in, std::int64_t out, float* y,
                     std::int64_t stride, bool add) const {
  const Product product{linear, x, rows, in, out, y, stride, add};
  helpers_.share(out, rows * in, kernels_.panel,
                 [&](std::int64_t, std::int64_t first, std::int64_t count) { columns(product, first, count); });
}

void Blocks::linear(const Linear& linear, const float* x, std::int64_t rows, std::int64_t in, std::int64_t out, float* y,
                    bool add) const {
  product(linear, x, rows, in, out, y, out, add);
  if (linear.bias != nullptr) kernels_.add_bias(y, rows, out, linear.bias);
}

void Blocks::head(const Linear& head, const float* x, std::int64_t rows, float* logits, std::int64_t stride) const {
  product(head, x, rows, config_.hidden_size, config_.vocab_size, logits, stride, false);
}

void Blocks::qk_norm(const PackedLayer& layer, float* row, float* rstd) const {
  if (layer.q_norm == nullptr) return;
  const std::int64_t q = config_.num_attention_heads, k = config_.num_key_value_heads, hd = config_.head_dim;
  kernels_.rmsnorm(row, q, hd, layer.q_norm, eps(), row, rstd);
  kernels_.rmsnorm(row + q * hd, k, hd, layer.k_norm, eps(), row + q * hd, rstd == nullptr ? nullptr : rstd + q);
}

void Blocks::rotate(const RopeTable& rope, std::int64_t position, float* row, float sign) const {
  if (rope.empty()) return;
  kernels_.rope(row, config_.num_attention_heads + config_.num_key_value_heads, config_.head_dim, rope.cos_at(position),
                rope.sin_at(position), sign);
}

void Blocks::activation(const float* up, std::int64_t rows, float* act) const {
  constexpr std::int64_t kEach = 16;
  const std::int64_t f = config_.intermediate_size, wide = up_width(config_);
  helpers_.share(rows, f * kEach, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
    if (config_.gated_mlp())
      kernels_.swiglu(up + first * wide, count, f, act + first * f);
    else
      kernels_.gelu(up + first * wide, count * f, act + first * f);
  });
}

void Blocks::norm_grad(const Norm& norm, const NormOffsets& at, const float* x, const float* mean, const float* rstd,
                       const float* dy, std::int64_t rows, float* dx, float* grad) const {
  const std::int64_t d = config_.hidden_size;
  if (config_.layer_norm())
    kernels_.layernorm_grad(x, mean, rstd, norm.weight, dy, rows, d, dx, grad + at.weight, grad + at.bias);
  else
    kernels_.rmsnorm_grad(x, rstd, norm.weight, dy, rows, d, dx, grad + at.weight);
}

void Blocks::linear_grad(const LinearOffsets& at, const float* dy, const float* x, std::int64_t rows, std::int64_t in,
                         std::int64_t out, float* grad, float* scratch) const {
  kernels_.gemm_tn_add(dy, out, x, in, rows, out, in, grad + at.weight, in, scratch);
  if (at.bias != kAbsent) kernels_.bias_grad(dy, rows, out, grad + at.bias);
}

void Blocks::linear_back(const Linear& linear, const float* dy, std::int64_t rows, std::int64_t in, std::int64_t out, float* dx,
                         float* scratch) const {
  kernels_.gemm_kn(dy, out, rows, linear.weight, in, out, in, dx, in, linear.panels_bf16 != nullptr, scratch);
}

void Blocks::qk_norm_grad(const PackedLayer& layer, const LayerOffsets& at, const float* raw, const float* rstd, float* dqkv,
                          float* scratch, float* grad) const {
  const std::int64_t q = config_.num_attention_heads, k = config_.num_key_value_heads, hd = config_.head_dim;
  std::copy_n(dqkv, (q + k) * hd, scratch);
  std::fill_n(dqkv, (q + k) * hd, 0.0f);
  kernels_.rmsnorm_grad(raw, rstd, layer.q_norm, scratch, q, hd, dqkv, grad + at.q_norm);
  kernels_.rmsnorm_grad(raw + q * hd, rstd + q, layer.k_norm, scratch + q * hd, k, hd, dqkv + q * hd, grad + at.k_norm);
}

void Blocks::activation_grad(float* up, const float* dact, std::int64_t rows) const {
  if (config_.gated_mlp())
    kernels_.swiglu_grad(up, dact, rows, config_.intermediate_size);
  else
    kernels_.gelu_grad(up, dact, rows * config_.intermediate_size);
}

}  // namespace autodidact
