#pragma once
// The device side of runtime.hpp: what a .cu file says besides C++.

#include "tests/fakes/cuda/fibers.hpp"
#include "tests/fakes/cuda/runtime.hpp"

#define __global__ static
#define __device__
#define __shared__ static  // blocks run one after the other

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct uint4 {
  unsigned x, y, z, w;
};

namespace emulated {
inline dim3 thread, block, block_size, grid_size;
inline std::vector<float> shared;
}  // namespace emulated
#define threadIdx (::emulated::thread)
#define blockIdx (::emulated::block)
#define blockDim (::emulated::block_size)
#define gridDim (::emulated::grid_size)

inline float* emulated_shared() { return emulated::shared.data(); }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
template <class T>
T atomicAdd(T* p, T v) {
  return std::exchange(*p, *p + v);
}
inline void __syncthreads() { emulated::Fibers::instance().wait_for_block(); }
inline void __syncwarp() { emulated::Fibers::instance().wait_for_warp(); }
template <class T>
T __shfl_sync(unsigned, T v, int lane) {
  return emulated::Fibers::instance().exchange(v, lane);
}
template <class T>
T __shfl_xor_sync(unsigned, T v, int mask) {
  return emulated::Fibers::instance().exchange(v, emulated::Fibers::instance().lane() ^ mask);
}

namespace autodidact::cuda {
template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, int threads, std::size_t shared, cudaStream_t stream, A... args) {
  emulated::submit(stream, [=] {
    emulated::shared.assign(shared / sizeof(float) + 1, std::nanf(""));
    emulated::grid_size = grid;
    emulated::block_size = {static_cast<unsigned>(threads), 1, 1};
    for (unsigned z = 0; z < grid.z; ++z)
      for (unsigned y = 0; y < grid.y; ++y)
        for (unsigned x = 0; x < grid.x; ++x) {
          emulated::block = {x, y, z};
          emulated::Fibers::instance().run(
              threads,
              [&](int t) {
                emulated::thread = {static_cast<unsigned>(t), 0, 0};
              },
              [&] { kernel(static_cast<P>(args)...); });
        }
  });
}
}  // namespace autodidact::cuda
