#pragma once
// The part of CUDA's runtime that kernels/cuda/ uses, on this machine's processor: tests of GPU code where there is no GPU. A
// block's threads are fibers that take turns, so that barriers and shuffles mean what they mean there; memory is memory, and a
// stream does at once what it is told, unless it records. Slow, and blind to races within a warp. One thread.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

enum cudaError_t { cudaSuccess = 0, cudaErrorMemoryAllocation = 2, cudaErrorInvalidDevice = 101 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum { cudaStreamNonBlocking = 1, cudaStreamCaptureModeThreadLocal = 1, cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

namespace emulated {
using Launches = std::vector<std::function<void()>>;
}
struct CUstream_st {
  bool records = false;
  emulated::Launches recorded;
};
struct CUgraph_st {
  emulated::Launches launches;
};
struct CUgraphExec_st {
  emulated::Launches launches;
};
using cudaStream_t = CUstream_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

namespace emulated {
inline cudaError_t next_error = cudaSuccess;  // what the next wait for a stream says
inline std::size_t graphs_launched = 0, live_allocations = 0;
inline void submit(cudaStream_t stream, std::function<void()> work) {
  if (stream != nullptr && stream->records)
    stream->recorded.push_back(std::move(work));
  else
    work();
}
}  // namespace emulated

inline const char* cudaGetErrorString(cudaError_t e) { return e == cudaSuccess ? "no error" : "an emulated error"; }
inline cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* all) {
  return *free = *all = std::size_t{64} << 20, cudaSuccess;
}
inline cudaError_t cudaMalloc(void** p, std::size_t bytes) {
  *p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  ++emulated::live_allocations;
  return *p == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
inline cudaError_t cudaFree(void* p) {
  --emulated::live_allocations;
  std::free(p);
  return cudaSuccess;
}
inline cudaError_t cudaHostAlloc(void** p, std::size_t bytes, unsigned) { return cudaMalloc(p, bytes); }
inline cudaError_t cudaFreeHost(void* p) { return cudaFree(p); }
inline cudaError_t cudaMemset(void* p, int value, std::size_t bytes) { return std::memset(p, value, bytes), cudaSuccess; }
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  return std::memcpy(to, from, bytes), cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  emulated::submit(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return *s = new CUstream_st, cudaSuccess; }
inline cudaError_t cudaStreamDestroy(cudaStream_t s) { return delete s, cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return std::exchange(emulated::next_error, cudaSuccess); }
inline cudaError_t cudaPeekAtLastError() { return cudaSuccess; }
inline cudaError_t cudaFuncSetAttribute(const void*, int, int) { return cudaSuccess; }
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, int) { return s->records = true, s->recorded.clear(), cudaSuccess; }
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* graph) {
  s->records = false;
  *graph = new CUgraph_st{std::move(s->recorded)};
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned) {
  return *exec = new CUgraphExec_st{graph->launches}, cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t g) { return delete g, cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t g) { return delete g, cudaSuccess; }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t g, cudaStream_t) {
  ++emulated::graphs_launched;
  for (const auto& launch : g->launches) launch();
  return cudaSuccess;
}
