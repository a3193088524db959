#pragma once
// Every kernel test runs once per instruction set that this machine has.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"

namespace autodidact::testing {

inline std::vector<const CpuKernels*> available_kernels() {
  std::vector<const CpuKernels*> tables;
  for (Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512})
    if (const CpuKernels* table = cpu_kernels_for(isa)) tables.push_back(table);
  return tables;
}

class KernelTest : public ::testing::TestWithParam<const CpuKernels*> {
 protected:
  const CpuKernels& k = *GetParam();
};

#define AD_FOR_EACH_ISA(Suite)                                                                          \
  INSTANTIATE_TEST_SUITE_P(Isa, Suite, ::testing::ValuesIn(::autodidact::testing::available_kernels()), \
                           [](const auto& info) { return std::string(info.param->name); })

// n values of about unit size and the slack that kernels may read; the slack is NaN, so that using it shows.
inline std::vector<float> random_floats(std::int64_t n, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(n + kSlackFloats), std::nanf(""));
  for (std::int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(random_normal(seed, static_cast<std::uint64_t>(i)));
  return values;
}
// Nearest bfloat16, ties to even.
inline float to_bf16_and_back(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::isnan(x) ? x : std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}
inline std::vector<float> zeros(std::int64_t n) { return std::vector<float>(static_cast<std::size_t>(n + kSlackFloats)); }

inline void expect_close(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance * (1 + std::abs(want[i]))) << "at " << i;
}

}  // namespace autodidact::testing
