#pragma once
// Counter-based random numbers: number i of stream s is a pure function of (s, i), so a request's draws depend on nothing
// else, and nothing needs saving but the two integers. SplitMix64's output function over a mixed key. Any thread.

#include <cstdint>

namespace autodidact {

constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}
constexpr std::uint64_t random_bits(std::uint64_t stream, std::uint64_t index) {
  constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ull;
  return mix64(mix64(stream + kGamma) + (index + 1) * kGamma);
}
// In [0, 1), 53 bits.
constexpr double random_unit(std::uint64_t stream, std::uint64_t index) {
  return static_cast<double>(random_bits(stream, index) >> 11) * 0x1p-53;
}
// Standard normal (Box-Muller: two draws each).
double random_normal(std::uint64_t stream, std::uint64_t index);

}  // namespace autodidact
