#pragma once
// One forward pass of a step on a GPU, from token ids to drawn tokens, as launches on a stream: nothing waits and nothing is
// allocated, so that it can be recorded as a graph. Owned by one decoder; its thread.

#include "kernels/cuda/blas.hpp"
#include "kernels/cuda/cuda_kernels.hpp"
#include "kernels/cuda/device.hpp"
#include "model/cuda_weights.hpp"
#include "model/packed_weights.hpp"

namespace autodidact {

// Of a step: its rows, the longest of their sequences, and how many draw.
struct CudaStep {
  std::int64_t rows = 0, splits = 1, draws = 0;
};

// What a step reads and writes, on the device.
struct CudaArrays {
  const std::int32_t *tokens, *positions, *first_page;  // of each row
  const std::int32_t* drawing;                          // the row of each draw
  const std::int32_t* pages;
  const cuda::DrawParams* params;
  cuda::Drawn* drawn;
  std::uint16_t* cache;
};

class CudaPass {
 public:
  static Result<CudaPass> create(const ModelConfig& config, std::int64_t max_rows, std::int64_t max_draws,
                                 const cuda::Stream& stream);
  Status run(const CudaWeights& weights, const CudaArrays& arrays, const CudaStep& step) const;
  // [draws, vocab_size], until the next run.
  const float* logits() const { return logits_.data(); }
  static std::int64_t page_values(const ModelConfig& config);

 private:
  CudaPass(const ModelConfig& config, cuda::Blas blas, cudaStream_t stream);
  Status allocate(std::int64_t max_rows, std::int64_t max_draws);
  Status layer(const CudaWeights& weights, std::int64_t index, const cuda::Rows& rows, std::int64_t splits) const;
  Status mlp(const CudaWeights& weights, const LayerOffsets& at, std::int64_t rows) const;
  void norm(const CudaWeights& weights, const NormOffsets& at, const std::int32_t* from, std::int64_t count) const;
  Status onto_stream(const CudaWeights& weights, const LinearOffsets& at, const std::uint16_t* in, std::int64_t rows,
                     std::int64_t width) const;

  ModelConfig config_;
  WeightOffsets offsets_;
  cuda::Heads heads_;
  cuda::Blas blas_;
  cudaStream_t stream_;
  cuda::Memory<float> x_, qkv_, up_, logits_, scratch_, cos_, sin_;  // [rows, width]
  cuda::Memory<std::uint16_t> norm_, attended_, act_;
};

}  // namespace autodidact
