#pragma once
// A version of the weights on a GPU: every tensor in bfloat16 at its place of the flat buffer, and vectors (norms, biases) in
// fp32 as well. Written over by the next version, so that recorded graphs keep their addresses. Owned by one decoder; its
// thread.

#include <map>
#include <vector>

#include "kernels/cuda/device.hpp"
#include "model/weights.hpp"

namespace autodidact {

class CudaWeights {
 public:
  static Result<CudaWeights> allocate(const ModelConfig& config);
  // Waits until they are there. kBadInput is the caller's to check: the shape is what this was allocated for.
  Status upload(const Weights& weights, const cuda::Stream& stream);

  const std::uint16_t* matrix(std::size_t offset) const { return matrices_.data() + offset; }
  // Null for kAbsent, as kernels take what a family lacks.
  const float* vector(std::size_t offset) const {
    return offset == kAbsent ? nullptr : vectors_.data() + vector_at_.at(offset);
  }

 private:
  static constexpr std::size_t kChunk = std::size_t{1} << 24;  // floats that cross at a time
  cuda::Memory<std::uint16_t> matrices_;
  cuda::Memory<float> vectors_, chunk_;
  std::map<std::size_t, std::size_t> vector_at_;  // by their places in the flat buffer
};

}  // namespace autodidact
