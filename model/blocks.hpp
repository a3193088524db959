#pragma once
// The pieces of a transformer block in which the families differ: norm, projection with or without bias, query and key norm,
// activation. The sampler and the trainer call the same ones, so that their log-probabilities stay equal bit for bit.
// Stateless but for whose threads help; any thread, on memory of its own.

#include <cstdint>

#include "model/helpers.hpp"
#include "model/packed_weights.hpp"

namespace autodidact {

// One position's key of one head, to column `at` of a page [head_dim][kPage].
inline void store_key(const float* key, std::int64_t head_dim, std::int64_t at, float* page) {
  for (std::int64_t d = 0; d < head_dim; ++d) page[d * kPage + at] = key[d];
}

class Blocks {
 public:
  explicit Blocks(const ModelConfig& config) : config_(config) {}

  // Threads to share the columns of large products with. The bits of a product do not depend on it.
  void set_helpers(Helpers helpers) { helpers_ = helpers; }

  // y = norm(x), [rows, hidden_size]; mean (LayerNorm only) and rstd of each row when not null, for the way back.
  void norm(const Norm& norm, const float* x, std::int64_t rows, float* y, float* mean, float* rstd) const;
  // y = x W^T + b, or += when `add`. x [rows, in], y [rows, out].
  void linear(const Linear& linear, const float* x, std::int64_t rows, std::int64_t in, std::int64_t out, float* y,
              bool add) const;
  // Logits of normed rows x [rows, hidden_size], rows of `stride` floats.
  void head(const Linear& head, const float* x, std::int64_t rows, float* logits, std::int64_t stride) const;
  // RMSNorm of each query and key head of a row of qkv, in place; rstd [heads + kv_heads] when not null. Without it: nothing.
  void qk_norm(const PackedLayer& layer, float* qkv_row, float* rstd) const;
  // Queries and keys of a row turned by its position (sign 1), or back (sign -1). Without rotary positions: nothing.
  void rotate(const RopeTable& rope, std::int64_t position, float* qkv_row, float sign) const;
  // act [rows, intermediate_size] from up [rows, up_width]: silu(gate) * up, or gelu(up).
  void activation(const float* up, std::int64_t rows, float* act) const;

  // Their gradients. dx +=, weights' +=.
  void norm_grad(const Norm& norm, const NormOffsets& at, const float* x, const float* mean, const float* rstd, const float* dy,
                 std::int64_t rows, float* dx, float* grad) const;
  // The matrix's and the bias's: from the output's gradient dy [rows, out] and the input x [rows, in]. scratch:
  // gemm_scratch_floats(in), as below.
  void linear_grad(const LinearOffsets& at, const float* dy, const float* x, std::int64_t rows, std::int64_t in,
                   std::int64_t out, float* grad, float* scratch) const;
  // The input's, dx [rows, in] = dy W, with W as the forward pass read it.
  void linear_back(const Linear& linear, const float* dy, std::int64_t rows, std::int64_t in, std::int64_t out, float* dx,
                   float* scratch) const;
  // dqkv_row becomes the gradient before the norm; qkv_raw_row is what went into it. scratch: qkv_width floats.
  void qk_norm_grad(const PackedLayer& layer, const LayerOffsets& at, const float* qkv_raw_row, const float* rstd,
                    float* dqkv_row, float* scratch, float* grad) const;
  // up becomes its own gradient.
  void activation_grad(float* up, const float* dact, std::int64_t rows) const;

 private:
  void product(const Linear& linear, const float* x, std::int64_t rows, std::int64_t in, std::int64_t out, float* y,
               std::int64_t stride, bool add) const;
  struct Product;
  void columns(const Product& product, std::int64_t first, std::int64_t count) const;
  Helpers helpers_;
  float eps() const { return static_cast<float>(config_.rms_norm_eps); }
  const CpuKernels& kernels_ = cpu_kernels();
  const ModelConfig config_;
};

}  // namespace autodidact
