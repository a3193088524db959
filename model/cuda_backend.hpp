#pragma once
// Steps on a GPU, in bfloat16 with fp32 sums. Steps in which every sequence has one row are recorded as graphs, a graph for
// each number of rows (rounded up) and length. What a sequence draws may depend, in the last bits, on how many others there
// are, since cuBLAS chooses its kernels by that; with options.deterministic every step has the same number of rows, and it does
// not. Owner and thread as step_backend.hpp says.

#include <map>
#include <optional>
#include <vector>

#include "model/cuda_pass.hpp"
#include "model/decoder.hpp"
#include "model/step_backend.hpp"

namespace autodidact {

class CudaBackend : public StepBackend {
 public:
  static const StepDevice& device();
  static Result<std::unique_ptr<StepBackend>> make(const ModelConfig& config, const DecoderOptions& options,
                                                   std::int64_t pages);

  Status set_weights(const WeightsPtr& weights) override;
  void copy_page(PageId from, PageId to) override;
  Status step(std::span<const StepRows> rows) override;
  std::size_t graphs() const { return graphs_.size(); }  // kinds of step seen so far

 private:
  CudaBackend(const ModelConfig& config, const DecoderOptions& options, std::int64_t pages, cuda::Stream stream, CudaPass pass,
              CudaWeights weights);
  Status allocate();
  CudaStep fill(std::span<const StepRows> rows);
  void pad(CudaStep& step, std::int64_t rows, std::int64_t draws);
  Status upload(const CudaStep& step);
  Status launch(const CudaStep& step, bool alike);
  Status collect(std::span<const StepRows> rows, const CudaStep& step);
  Status draw_here(const DrawCall& call, std::int64_t index);
  CudaArrays arrays() const;

  const ModelConfig config_;
  const DecoderOptions options_;
  const std::int64_t max_rows_, pages_, max_table_;
  cuda::Stream stream_;
  CudaPass pass_;
  CudaWeights weights_;
  cuda::Memory<std::uint16_t> cache_;
  // tokens, positions, first pages, rows that draw, pages: one after the other, so that they cross as one.
  cuda::Pinned<std::int32_t> numbers_;
  cuda::Memory<std::int32_t> device_numbers_;
  std::int64_t tables_ = 0;  // page numbers of this step
  cuda::Pinned<cuda::DrawParams> params_;
  cuda::Memory<cuda::DrawParams> device_params_;
  cuda::Pinned<cuda::Drawn> drawn_;
  cuda::Memory<cuda::Drawn> device_drawn_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::optional<cuda::Graph>> graphs_;  // by rows and splits; empty: seen once
  std::vector<float> logits_;                                                           // of a row that is drawn from here
  SamplerScratch scratch_;
};

}  // namespace autodidact
