#pragma once
// Matrix products on the GPU by cuBLAS, which is looked for when it is first needed: the loader's path, then the folders that
// NVIDIA's Python packages install to. A build needs no cuBLAS, a machine without a GPU never looks for it. One thread.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>

#include "config/status.hpp"

namespace autodidact::cuda {

class Blas {
 public:
  static Result<Blas> create(cudaStream_t stream);
  ~Blas();
  Blas(Blas&&) noexcept;
  Blas& operator=(Blas&&) noexcept;

  // y[rows, out] = x[rows, in] W[out, in]^T, or += when `add`; bfloat16 operands, fp32 sums and result.
  Status linear(const std::uint16_t* x, const std::uint16_t* weight, std::int64_t rows, std::int64_t in, std::int64_t out,
                float* y, bool add) const;

 private:
  struct Handle;
  explicit Blas(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace autodidact::cuda
