#include "methods/estimators/pass_at_k.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "config/status.hpp"

namespace autodidact {
namespace {

// Highest first, no score last. NaN compares with nothing, so it needs a place of its own.
bool ranks_before(const JudgedCandidate* a, const JudgedCandidate* b) {
  if (std::isnan(a->score) || std::isnan(b->score)) return !std::isnan(a->score) && std::isnan(b->score);
  return a->score > b->score;
}

}  // namespace

double pass_at_k(std::uint64_t n, std::uint64_t c, std::uint64_t k) {
  AD_REQUIRE(k >= 1 && k <= n && c <= n, "pass@k is of 1 <= k <= n candidates");
  if (n - c < k) return 1;
  double all_wrong = 1;  // C(n-c, k) / C(n, k) as a product of c factors, none of them large
  for (std::uint64_t i = n - c + 1; i <= n; ++i) all_wrong *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - all_wrong;
}

double pass_at_k(JudgedCandidates candidates, std::uint64_t k) {
  const auto correct = std::count_if(candidates.begin(), candidates.end(), [](const auto& one) { return one.correct; });
  return pass_at_k(candidates.size(), static_cast<std::uint64_t>(correct), k);
}

double best_of_k(JudgedCandidates candidates, std::uint64_t k) {
  const std::size_t n = candidates.size();
  AD_REQUIRE(k >= 1 && k <= n, "Best-of-k is of 1 <= k <= N candidates");
  std::vector<const JudgedCandidate*> ranked;
  for (const JudgedCandidate& candidate : candidates) ranked.push_back(&candidate);
  std::sort(ranked.begin(), ranked.end(), ranks_before);

  double expected = 0, weight = static_cast<double>(k) / static_cast<double>(n);  // w_0
  for (std::size_t i = 0; i < n;) {
    // However a block of ties is ordered, its ranks have the same weight in all; by symmetry its members share that evenly.
    double mass = 0, correct = 0;
    const std::size_t first = i;
    do {
      mass += weight;
      correct += ranked[i]->correct ? 1 : 0;
      weight = i + k < n ? weight * static_cast<double>(n - i - k) / static_cast<double>(n - i - 1) : 0;
      ++i;
    } while (i < n && !ranks_before(ranked[first], ranked[i]));
    expected += mass * correct / static_cast<double>(i - first);
  }
  return expected;
}

}  // namespace autodidact
