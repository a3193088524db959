// kernels/cuda/blas.hpp by three loops, for tests where there is no GPU.

#include "kernels/cuda/blas.hpp"

#include "tests/fakes/cuda/runtime.hpp"

namespace autodidact::cuda {

struct Blas::Handle {
  cudaStream_t stream;
};
Blas::Blas(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Blas::~Blas() = default;
Blas::Blas(Blas&&) noexcept = default;
Blas& Blas::operator=(Blas&&) noexcept = default;
Result<Blas> Blas::create(cudaStream_t stream) { return Blas(std::make_unique<Handle>(stream)); }

Status Blas::linear(const std::uint16_t* x, const std::uint16_t* weight, std::int64_t rows, std::int64_t in, std::int64_t out,
                    float* y, bool add) const {
  const auto value = [](std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); };
  emulated::submit(handle_->stream, [=] {
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t o = 0; o < out; ++o) {
        float sum = 0;
        for (std::int64_t i = 0; i < in; ++i) sum += value(x[r * in + i]) * value(weight[o * in + i]);
        y[r * out + o] = add ? y[r * out + o] + sum : sum;
      }
  });
  return {};
}

}  // namespace autodidact::cuda
