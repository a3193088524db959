#pragma once
// A permutation by counter: the place of the i-th of n things after shuffling, without a table. Pure; any thread.

#include <bit>
#include <cstdint>

#include "tasks/counter_hash.hpp"

namespace autodidact {

// For each key a bijection of [0, size), size > 0, index < size. A Feistel network over the next even power of two, walked
// until it lands below size: fewer than four rounds of it on average.
constexpr std::uint64_t shuffled(std::uint64_t index, std::uint64_t size, std::uint64_t key) {
  const int half = (std::bit_width(size - 1) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  if (size == 1) return 0;
  do {
    std::uint64_t left = index >> half, right = index & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t next = left ^ (counter_hash({key, round, right}) & mask);
      left = right;
      right = next;
    }
    index = (left << half) | right;
  } while (index >= size);
  return index;
}

}  // namespace autodidact
