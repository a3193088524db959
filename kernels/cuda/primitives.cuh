#pragma once
// What the .cu files share: bfloat16, sums over a warp and a block in one fixed order, launches.

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/cuda_kernels.hpp"

namespace autodidact::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAll = 0xffffffffu;

__device__ inline float from_bf16(std::uint16_t bits) { return __uint_as_float(static_cast<unsigned>(bits) << 16); }
// The two halves of a word, the lower first in memory.
__device__ inline float low_bf16(unsigned word) { return __uint_as_float(word << 16); }
__device__ inline float high_bf16(unsigned word) { return __uint_as_float(word & 0xffff0000u); }
// Rounded to nearest even; a NaN stays one.
__device__ inline std::uint16_t as_bf16(float x) {
  const unsigned bits = __float_as_uint(x);
  if (x != x) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

template <class T>
__device__ inline T warp_sum(T v) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) v += __shfl_xor_sync(kAll, v, mask);
  return v;
}
__device__ inline float warp_max(float v) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) v = fmaxf(v, __shfl_xor_sync(kAll, v, mask));
  return v;
}
// Of all threads of a block of kThreads; `slots`: kThreads / kWarp floats that nobody else uses.
template <int kThreads>
__device__ inline float block_sum(float v, float* slots) {
  v = warp_sum(v);
  if (threadIdx.x % kWarp == 0) slots[threadIdx.x / kWarp] = v;
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < kThreads / kWarp; ++w) sum += slots[w];
  __syncthreads();
  return sum;
}

#ifndef AD_CUDA_EMULATED
template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, int threads, std::size_t shared, cudaStream_t stream, A... args) {
  kernel<<<grid, static_cast<unsigned>(threads), shared, stream>>>(static_cast<P>(args)...);
}
#endif
inline dim3 blocks(std::int64_t x, std::int64_t y = 1, std::int64_t z = 1) {
  return dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
}

}  // namespace autodidact::cuda
