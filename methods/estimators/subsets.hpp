#pragma once
// Subsets of k of n things: all of them where they are few, else seeded draws without replacement. Pure; any thread.

#include <cstdint>
#include <vector>

namespace autodidact {

using Subset = std::vector<std::uint32_t>;  // distinct numbers below n

// C(n, k), or `cap` when it is larger.
std::uint64_t count_subsets(std::uint64_t n, std::uint64_t k, std::uint64_t cap);

// {0 … k-1}, and from one the next in lexicographic order; false when it was the last.
Subset first_subset(std::uint32_t k);
bool next_subset(Subset& subset, std::uint32_t n);

// The draw-th of a seed's uniform k-subsets of n, each drawn on its own: a function of the arguments alone.
void draw_subset(std::uint32_t n, std::uint32_t k, std::uint64_t seed, std::uint64_t draw, Subset& subset);

}  // namespace autodidact
