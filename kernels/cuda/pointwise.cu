// Embedding, norms, biases, rotary positions and the way into the pages, activations: a block a row.

#include "kernels/cuda/primitives.cuh"

namespace autodidact::cuda {
namespace {

constexpr int kThreads = 128;

__global__ void embed_kernel(const std::int32_t* tokens, const std::int32_t* at, const std::uint16_t* embed,
                             const std::uint16_t* positions, std::int64_t d, float* x) {
  const std::int64_t row = blockIdx.x;
  for (std::int64_t i = threadIdx.x; i < d; i += blockDim.x) {
    float v = from_bf16(embed[tokens[row] * d + i]);
    if (positions != nullptr) v += from_bf16(positions[at[row] * d + i]);
    x[row * d + i] = v;
  }
}

__global__ void norm_kernel(const float* all, const std::int32_t* from, std::int64_t d, const float* weight, const float* bias,
                            float eps, std::uint16_t* y) {
  __shared__ float slots[kThreads / kWarp];
  const std::int64_t row = blockIdx.x;
  const float* x = all + (from == nullptr ? row : from[row]) * d;
  float mean = 0;
  if (bias != nullptr) {
    float sum = 0;
    for (std::int64_t i = threadIdx.x; i < d; i += blockDim.x) sum += x[i];
    mean = block_sum<kThreads>(sum, slots) / static_cast<float>(d);
  }
  float squares = 0;
  for (std::int64_t i = threadIdx.x; i < d; i += blockDim.x) squares += (x[i] - mean) * (x[i] - mean);
  const float scale = 1.0f / sqrtf(block_sum<kThreads>(squares, slots) / static_cast<float>(d) + eps);
  for (std::int64_t i = threadIdx.x; i < d; i += blockDim.x)
    y[row * d + i] = as_bf16((x[i] - mean) * scale * weight[i] + (bias == nullptr ? 0.0f : bias[i]));
}

__global__ void add_bias_kernel(float* x, std::int64_t n, const float* bias) {
  const std::int64_t row = blockIdx.x;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) x[row * n + i] += bias[i];
}

// A warp a head: q heads, then k heads, then v heads.
__global__ void place_qkv_kernel(Rows rows, Heads heads, QkvCall call) {
  const std::int64_t row = blockIdx.x, all = heads.query + 2 * heads.kv, half = heads.dim / 2;
  const int lane = threadIdx.x % kWarp;
  const std::int64_t position = rows.positions[row];
  const std::int64_t page = rows.pages[rows.first_page[row] + position / kPage];
  for (std::int64_t h = threadIdx.x / kWarp; h < all; h += blockDim.x / kWarp) {
    float* x = call.qkv + (row * all + h) * heads.dim;
    const bool query = h < heads.query, value = h >= heads.query + heads.kv;
    const float* weight = value ? nullptr : query ? call.q_norm : call.k_norm;
    float squares = 0;
    for (std::int64_t i = lane; i < heads.dim; i += kWarp) {
      if (call.bias != nullptr) x[i] += call.bias[h * heads.dim + i];
      squares += x[i] * x[i];
    }
    const float scale = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(heads.dim) + call.eps);
    const std::int64_t kv_head = h - heads.query - (value ? heads.kv : 0);
    std::uint16_t* to = rows.cache + page * rows.page_values +
                        (((call.layer * heads.kv + kv_head) * 2 + (value ? 1 : 0)) * kPage + position % kPage) * heads.dim;
    __syncwarp();
    for (std::int64_t i = lane; i < half; i += kWarp) {
      float a = x[i], b = x[i + half];
      if (weight != nullptr) a *= scale * weight[i], b *= scale * weight[i + half];
      if (!value && call.cos != nullptr) {
        const float c = call.cos[position * half + i], s = call.sin[position * half + i], turned = a * c - b * s;
        b = b * c + a * s;
        a = turned;
      }
      if (query) {
        x[i] = a, x[i + half] = b;
      } else {
        to[i] = as_bf16(a), to[i + half] = as_bf16(b);
      }
    }
  }
}

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

__global__ void activation_kernel(const float* up_out, std::int64_t f, bool gated, const float* bias, std::uint16_t* act) {
  const std::int64_t row = blockIdx.x;
  const float* x = up_out + row * (gated ? 2 * f : f);
  for (std::int64_t i = threadIdx.x + blockIdx.y * blockDim.x; i < f; i += blockDim.x * gridDim.y) {
    const float v = x[i] + (bias == nullptr ? 0.0f : bias[i]);
    float out;
    if (gated)
      out = v * sigmoid(v) * (x[f + i] + (bias == nullptr ? 0.0f : bias[f + i]));
    else  // the tanh formula, as tanh(u) = 2 sigmoid(2 u) - 1
      out = v * sigmoid(1.5957691216057308f * v * (1.0f + 0.044715f * v * v));
    act[row * f + i] = as_bf16(out);
  }
}

__global__ void to_bf16_kernel(const float* from, std::int64_t count, std::uint16_t* to) {
  for (std::int64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += std::int64_t{gridDim.x} * blockDim.x)
    to[i] = as_bf16(from[i]);
}

}  // namespace

void embed(const Rows& rows, const std::int32_t* tokens, const std::uint16_t* embed, const std::uint16_t* positions,
           std::int64_t d, float* x, cudaStream_t stream) {
  launch(embed_kernel, blocks(rows.count), kThreads, 0, stream, tokens, rows.positions, embed, positions, d, x);
}

void norm(const float* x, const std::int32_t* from, std::int64_t count, std::int64_t d, const float* weight, const float* bias,
          float eps, std::uint16_t* y, cudaStream_t stream) {
  launch(norm_kernel, blocks(count), kThreads, 0, stream, x, from, d, weight, bias, eps, y);
}

void add_bias(float* x, std::int64_t count, std::int64_t n, const float* bias, cudaStream_t stream) {
  launch(add_bias_kernel, blocks(count), kThreads, 0, stream, x, n, bias);
}

void place_qkv(const Rows& rows, const Heads& heads, const QkvCall& call, cudaStream_t stream) {
  launch(place_qkv_kernel, blocks(rows.count), kThreads, 0, stream, rows, heads, call);
}

void activation(const float* up_out, std::int64_t count, std::int64_t f, bool gated, const float* bias, std::uint16_t* act,
                cudaStream_t stream) {
  launch(activation_kernel, blocks(count, (f + 4 * kThreads - 1) / (4 * kThreads)), kThreads, 0, stream, up_out, f, gated, bias,
         act);
}

void to_bf16(const float* from, std::int64_t count, std::uint16_t* to, cudaStream_t stream) {
  constexpr std::int64_t kBlocks = 1024;
  const std::int64_t wanted = (count + kThreads - 1) / kThreads;
  launch(to_bf16_kernel, blocks(wanted < kBlocks ? wanted : kBlocks), kThreads, 0, stream, from, count, to);
}

}  // namespace autodidact::cuda
