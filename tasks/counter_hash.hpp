#pragma once
// Randomness by counter: hash(seed, stream, index …) instead of a generator with state. The i-th draw costs the same whatever
// i is, needs nothing restored after a crash, and is the same on every machine. Pure functions; any thread.

#include <cstdint>
#include <initializer_list>

namespace autodidact {

// The finaliser of SplitMix64: a bijection whose every output bit depends on every input bit.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// Order matters: {1, 2} and {2, 1} differ.
constexpr std::uint64_t counter_hash(std::initializer_list<std::uint64_t> words) {
  std::uint64_t hash = 0x243f6a8885a308d3ull;
  for (std::uint64_t word : words) hash = mix64(hash ^ mix64(word));
  return hash;
}

// Uniform in [0, bound), bound > 0, from 32 of the hash's bits: off uniform by less than bound / 2^32.
constexpr std::uint32_t below(std::uint64_t hash, std::uint32_t bound) {
  return static_cast<std::uint32_t>(((hash >> 32) * bound) >> 32);
}

// Uniform in [0, 1), 53 bits.
constexpr double unit(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

}  // namespace autodidact
