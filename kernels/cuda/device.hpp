#pragma once
// What is owned on a GPU, as values: memory, page-locked host memory, a stream, a recorded graph. They free themselves. Any
// thread, one at a time. Errors are kUnavailable and name the call.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "config/status.hpp"

namespace autodidact::cuda {

inline Status checked(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return {};
  return {Errc::kUnavailable, std::string(what) + ": " + cudaGetErrorString(error)};
}

// kUnavailable when there is no usable GPU of this number; makes it the calling thread's.
Status use_device(int device);

template <class T>
class Memory {
 public:
  static Result<Memory> allocate(std::size_t count) {
    void* p = nullptr;
    const std::size_t bytes = (count + kSlack) * sizeof(T);
    if (Status s = checked(cudaMalloc(&p, bytes), "cudaMalloc"); !s.ok())
      return {s.code(), s.message() + " (" + std::to_string(bytes >> 20) + " MiB): lower sample.batch or sample.kv_cache_mb"};
    Memory memory;
    memory.p_.reset(static_cast<T*>(p));
    memory.count_ = count;
    AD_RETURN_IF_ERROR(checked(cudaMemset(p, 0, bytes), "cudaMemset"));
    return memory;
  }
  T* data() const { return p_.get(); }
  std::size_t size() const { return count_; }

 private:
  static constexpr std::size_t kSlack = 8;
  struct Free {
    void operator()(T* p) const { cudaFree(p); }
  };
  std::unique_ptr<T, Free> p_;
  std::size_t count_ = 0;
};

// Host memory that a copy can read while the caller goes on.
template <class T>
class Pinned {
 public:
  static Result<Pinned> allocate(std::size_t count) {
    void* p = nullptr;
    AD_RETURN_IF_ERROR(checked(cudaHostAlloc(&p, (count + 1) * sizeof(T), 0), "cudaHostAlloc"));
    Pinned pinned;
    pinned.p_.reset(static_cast<T*>(p));
    return pinned;
  }
  T* data() const { return p_.get(); }
  T& operator[](std::size_t i) const { return p_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const { cudaFreeHost(p); }
  };
  std::unique_ptr<T, Free> p_;
};

class Stream {
 public:
  static Result<Stream> create();
  cudaStream_t get() const { return stream_.get(); }
  Status wait() const { return checked(cudaStreamSynchronize(get()), "a step on the GPU"); }

 private:
  struct Destroy {
    void operator()(cudaStream_t s) const { cudaStreamDestroy(s); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy> stream_;
};

// Launches recorded once and given to the device whole from then on.
class Graph {
 public:
  static Result<Graph> record(const Stream& stream, const std::function<Status()>& launches);
  Status launch(const Stream& stream) const { return checked(cudaGraphLaunch(graph_.get(), stream.get()), "cudaGraphLaunch"); }

 private:
  struct Destroy {
    void operator()(cudaGraphExec_t g) const { cudaGraphExecDestroy(g); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy> graph_;
};

}  // namespace autodidact::cuda
