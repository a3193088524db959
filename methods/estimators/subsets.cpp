#include "methods/estimators/subsets.hpp"

#include <numeric>
#include <utility>

#include "tasks/counter_hash.hpp"

namespace autodidact {

std::uint64_t count_subsets(std::uint64_t n, std::uint64_t k, std::uint64_t cap) {
  if (k > n) return 0;
  long double count = 1;  // exact below 2^64: each partial product is itself a binomial coefficient
  for (std::uint64_t i = 1; i <= k; ++i) {
    count = count * static_cast<long double>(n - k + i) / static_cast<long double>(i);
    if (count >= static_cast<long double>(cap)) return cap;  // they only grow
  }
  return static_cast<std::uint64_t>(count + 0.5L);
}

Subset first_subset(std::uint32_t k) {
  Subset subset(k);
  std::iota(subset.begin(), subset.end(), 0u);
  return subset;
}

bool next_subset(Subset& subset, std::uint32_t n) {
  const auto k = static_cast<std::uint32_t>(subset.size());
  for (std::uint32_t i = k; i-- > 0;) {
    if (subset[i] == n - k + i) continue;
    ++subset[i];
    for (std::uint32_t j = i + 1; j < k; ++j) subset[j] = subset[j - 1] + 1;
    return true;
  }
  return false;
}

void draw_subset(std::uint32_t n, std::uint32_t k, std::uint64_t seed, std::uint64_t draw, Subset& subset) {
  subset.resize(n);
  std::iota(subset.begin(), subset.end(), 0u);
  for (std::uint32_t i = 0; i < k; ++i) std::swap(subset[i], subset[i + below(counter_hash({seed, draw, i}), n - i)]);
  subset.resize(k);
}

}  // namespace autodidact
