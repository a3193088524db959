#pragma once
// The GPU arithmetic of a decoder's step, but for matrix products (blas.hpp). Each function puts one or two launches on a
// stream and returns; sizes come from the host, values stay on the device, so a step can be captured as a CUDA graph. fp32
// residual stream and sums; matrices, keys, values and what is multiplied are bfloat16, as std::uint16_t. No torch headers.
//
// What a row gives depends on that row alone: sums have one order, whatever the number of rows in the call. (The matrix
// products between them do not promise that.) Any thread, on a stream of its own.

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/cpu_kernels.hpp"

namespace autodidact::cuda {

// How the rows of a step lie in the pages. Arrays are on the device; a page is [layer][kv head][key, value][kPage][head_dim].
struct Rows {
  std::int64_t count;
  const std::int32_t* positions;   // of each row: it attends to positions 0 .. its own
  const std::int32_t* first_page;  // where its sequence's pages begin in `pages`
  const std::int32_t* pages;
  std::uint16_t* cache;
  std::int64_t page_values;  // of a page, all layers
};
struct Heads {
  std::int64_t query, kv, dim;  // dim: a multiple of 16, at most 256; query: a multiple of kv
};

// x[r] = embed[token] (+ positions[position]). embed, positions [.., d]; positions null without learned ones.
void embed(const Rows& rows, const std::int32_t* tokens, const std::uint16_t* embed, const std::uint16_t* positions,
           std::int64_t d, float* x, cudaStream_t stream);

// y[i] = norm(x[from[i]]) weight (+ bias): RMSNorm, or with a bias LayerNorm. `from` null: of each row in turn.
void norm(const float* x, const std::int32_t* from, std::int64_t count, std::int64_t d, const float* weight, const float* bias,
          float eps, std::uint16_t* y, cudaStream_t stream);

// Each row += bias.
void add_bias(float* x, std::int64_t count, std::int64_t n, const float* bias, cudaStream_t stream);

// What becomes of a row of q, k and v before attention; null for what a family lacks.
struct QkvCall {
  float* qkv;         // [rows, query + 2 kv heads, dim]; queries are changed in place
  const float* bias;  // of a row
  const float *q_norm, *k_norm;
  float eps;
  const float *cos, *sin;  // [positions, dim / 2]
  std::int64_t layer;
};
// Bias, query and key norm, rotary positions; keys and values to their pages.
void place_qkv(const Rows& rows, const Heads& heads, const QkvCall& call, cudaStream_t stream);

// Keys of a sequence that one block attends to. A row with more is put together from parts, as many as its own length says.
constexpr std::int64_t kSplit = 512;
inline std::int64_t splits_for(std::int64_t keys) { return (keys + kSplit - 1) / kSplit; }
std::int64_t attention_scratch_floats(std::int64_t rows, const Heads& heads, std::int64_t splits);
// out [rows, query heads * dim]. splits: splits_for() of the longest row, or more.
void attention(const Rows& rows, const Heads& heads, std::int64_t layer, std::int64_t splits, const float* qkv, float* scratch,
               std::uint16_t* out, cudaStream_t stream);

// act[rows, f] = silu(gate) * up of up_out [rows, 2 f], or gelu(up) of [rows, f]; bias of a row of up_out, or null.
void activation(const float* up_out, std::int64_t count, std::int64_t f, bool gated, const float* bias, std::uint16_t* act,
                cudaStream_t stream);

void to_bf16(const float* from, std::int64_t count, std::uint16_t* to, cudaStream_t stream);

// One token for each row of logits, as kernels/sampler.hpp says, but for the repetition penalty.
struct DrawParams {
  double uniform;
  float temperature, top_p, min_p;
  std::int32_t top_k, never;
};
struct Drawn {
  std::int32_t token;  // -1: the logits are NaN or infinite
  float logprob;
};
constexpr std::int64_t kMostVocab = std::int64_t{1} << 18;
void draw(const float* logits, std::int64_t count, std::int64_t vocab, const DrawParams* params, Drawn* drawn,
          cudaStream_t stream);

}  // namespace autodidact::cuda
