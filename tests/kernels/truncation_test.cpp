#include "kernels/truncation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "kernels/rng.hpp"

namespace autodidact {
namespace {

// Everything sorted, then cut by top-k, top-p of the rest, min-p of that.
std::set<TokenId> sorted_and_cut(const std::vector<float>& weights, const SamplerSettings& settings) {
  std::vector<TokenId> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](TokenId a, TokenId b) { return weights[a] > weights[b]; });
  if (settings.top_k > 0 && settings.top_k < std::ssize(order)) order.resize(settings.top_k);
  const double mass = std::accumulate(order.begin(), order.end(), 0.0, [&](double sum, TokenId t) { return sum + weights[t]; });
  std::set<TokenId> kept;
  double sum = 0;
  for (const TokenId token : order) {
    if (!kept.empty() && settings.top_p < 1 && sum >= settings.top_p * mass) break;
    sum += weights[token];
    if (weights[token] >= settings.min_p * weights[order[0]]) kept.insert(token);
  }
  return kept;
}

// Multiples of a power of two, so that sums are exact in any order; many are equal.
std::vector<float> coarse_weights(std::int64_t vocab, std::uint64_t seed) {
  std::vector<float> weights(static_cast<std::size_t>(vocab));
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = std::floor(256 * std::pow(static_cast<float>(random_unit(seed, i)), 6.0f)) / 256;
  weights[random_bits(seed, 1) % weights.size()] = 1;
  return weights;
}

TEST(Truncation, KeepsWhatSortingEverythingWouldKeep) {
  for (const std::int64_t vocab : {1, 2, 17, 300, 5000}) {
    Truncation truncation(vocab);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::vector<float> weights = coarse_weights(vocab, seed);
      for (const std::int32_t k : {0, 1, 3, 40, 4999, 1 << 20})
        for (const float p : {1.0f, 1e-6f, 0.25f, 0.5f, 0.96875f})
          for (const float least : {0.0f, 0.125f, 1.0f}) {
            SamplerSettings settings;
            settings.top_k = k;
            settings.top_p = p;
            settings.min_p = least;
            const auto kept = truncation.keep(weights, settings);
            ASSERT_EQ(std::set<TokenId>(kept.begin(), kept.end()), sorted_and_cut(weights, settings))
                << "vocab " << vocab << " seed " << seed << " k " << k << " p " << p << " min_p " << least;
            ASSERT_EQ(kept.size(), std::set<TokenId>(kept.begin(), kept.end()).size());
          }
    }
  }
}

}  // namespace
}  // namespace autodidact
