#include "kernels/cpu_kernels.hpp"

#include <cstdlib>
#include <string_view>

#include "kernels/cpu/tables.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kWidestVector = 16;

std::int64_t padded(std::int64_t positions) { return (positions + kPage - 1) / kPage * kPage; }

// The widest table this machine has among those called `asked`; of any name when null.
const CpuKernels* widest(const char* asked) {
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2, Isa::kPortable}) {
    const CpuKernels* table = cpu_kernels_for(isa);
    if (table != nullptr && (asked == nullptr || std::string_view(asked) == table->name)) return table;
  }
  return nullptr;
}

const CpuKernels& choose() {
  const CpuKernels* asked = widest(std::getenv("AD_ISA"));
  return asked != nullptr ? *asked : *widest(nullptr);
}

}  // namespace

const CpuKernels& cpu_kernels() {
  static const CpuKernels& chosen = choose();
  return chosen;
}

const CpuKernels* cpu_kernels_for(Isa isa) {
#ifdef AD_X86
  if (isa == Isa::kAvx512) return __builtin_cpu_supports("avx512f") ? avx512_table() : nullptr;
  if (isa == Isa::kAvx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2_table() : nullptr;
#endif
  return isa == Isa::kPortable ? portable_table() : nullptr;
}

std::int64_t packed_floats(const CpuKernels& kernels, std::int64_t n, std::int64_t k) {
  return (n + kernels.panel - 1) / kernels.panel * kernels.panel * k;
}

std::int64_t gemm_scratch_floats(std::int64_t columns) {
  constexpr std::int64_t kWidestPanel = 32, kDeepest = 384, kPackedColumns = 96 * 256;  // cpu/gemm.hpp
  return (columns + kWidestPanel - 1) / kWidestPanel * kWidestPanel * kDeepest + kPackedColumns + kSlackFloats;
}

std::int64_t key_floats(std::int64_t positions, std::int64_t head_dim) { return padded(positions) * head_dim; }

std::int64_t attention_scratch_floats(std::int64_t positions, std::int64_t head_dim) {
  constexpr std::int64_t kQueryTile = 6;  // cpu/attention.hpp: queries, scores and outputs of a tile
  return kQueryTile * (2 * (head_dim + 2 * kWidestVector) + padded(positions)) + kSlackFloats;
}

std::int64_t attention_grad_scratch_floats(std::int64_t positions, std::int64_t head_dim) {
  const std::int64_t ld = padded(positions);
  return 3 * ld * head_dim + 2 * ld * ld + kSlackFloats;
}

}  // namespace autodidact
