#pragma once
// Random numbers that are the same on every machine and library, for draws that must be repeatable. Plain value.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace autodidact {

// SplitMix64: one 64-bit state, full period.
class DrawRandom {
 public:
  explicit DrawRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound), exactly: the uneven remainder is drawn again. bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (true) {
      const std::uint64_t value = next();
      if (value >= threshold) return value % bound;
    }
  }

 private:
  std::uint64_t state_;
};

// `count` distinct positions of [0, size) in random order; count <= size.
std::vector<std::size_t> distinct_positions(std::size_t size, std::size_t count, DrawRandom& random);

}  // namespace autodidact
