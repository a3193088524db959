#include "bench/multiply_adds.hpp"

namespace autodidact::bench {
namespace {

#ifdef __AVX512F__
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
constexpr int kChains = 12;
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));

}  // namespace

const double kFlopsPerRound = 2.0 * kChains * kLanes;

float multiply_adds(std::int64_t rounds) {
  Vector chains[kChains], factor = Vector{} + 0.999f;
  for (Vector& chain : chains) chain = Vector{} + 0.5f;
  for (std::int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (Vector& chain : chains) chain = chain * factor + factor;
    asm volatile("" : "+x"(factor));  // so that no round can be left out
  }
  Vector sum{};
  for (const Vector& chain : chains) sum += chain;
  return sum[0];
}

}  // namespace autodidact::bench
