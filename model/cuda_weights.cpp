#include "model/cuda_weights.hpp"

#include <algorithm>

#include "kernels/cuda/cuda_kernels.hpp"

namespace autodidact {

Result<CudaWeights> CudaWeights::allocate(const ModelConfig& config) {
  CudaWeights weights;
  std::size_t floats = 0, all = 0;
  for (const TensorView& tensor : tensor_layout(config)) {
    all = std::max(all, tensor.offset + tensor.size);
    if (tensor.shape.size() != 1) continue;
    weights.vector_at_[tensor.offset] = floats;  // q, k and v's biases lie side by side here as they do there
    floats += tensor.size;
  }
  AD_ASSIGN_OR_RETURN(weights.matrices_, cuda::Memory<std::uint16_t>::allocate(all));
  AD_ASSIGN_OR_RETURN(weights.vectors_, cuda::Memory<float>::allocate(floats));
  AD_ASSIGN_OR_RETURN(weights.chunk_, cuda::Memory<float>::allocate(std::min(kChunk, all)));
  return weights;
}

Status CudaWeights::upload(const Weights& weights, const cuda::Stream& stream) {
  const auto copy = [&](float* to, const float* from, std::size_t count) {
    return cuda::checked(cudaMemcpyAsync(to, from, count * sizeof(float), cudaMemcpyHostToDevice, stream.get()),
                         "copying weights to the GPU");
  };
  for (std::size_t from = 0; from < weights.size; from += chunk_.size()) {
    const std::size_t count = std::min(chunk_.size(), weights.size - from);
    AD_RETURN_IF_ERROR(copy(chunk_.data(), weights.data.get() + from, count));
    cuda::to_bf16(chunk_.data(), static_cast<std::int64_t>(count), matrices_.data() + from, stream.get());
  }
  for (const TensorView& tensor : weights.layout)
    if (const auto at = vector_at_.find(tensor.offset); at != vector_at_.end())
      AD_RETURN_IF_ERROR(copy(vectors_.data() + at->second, weights.data.get() + tensor.offset, tensor.size));
  return stream.wait();
}

}  // namespace autodidact
