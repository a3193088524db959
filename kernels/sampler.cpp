#include "kernels/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace autodidact {
namespace {

constexpr float kGreedyBelow = 1e-5f;

TokenId largest(const float* logits, std::int64_t vocab, TokenId never) {
  std::int64_t best = never == 0 ? 1 : 0;
  for (std::int64_t i = best + 1; i < vocab; ++i)
    if (logits[i] > logits[best] && i != never) best = i;
  return static_cast<TokenId>(best);
}

// The first of `count` candidates at which the running sum of weights passes uniform * total.
template <class At>
TokenId invert(std::int64_t count, double uniform, const float* weights, At at) {
  double total = 0;
  for (std::int64_t i = 0; i < count; ++i) total += weights[at(i)];
  double left = uniform * total;
  TokenId last = at(0);
  for (std::int64_t i = 0; i < count; ++i) {
    const TokenId token = at(i);
    if (weights[token] <= 0) continue;
    last = token;
    left -= weights[token];
    if (left < 0) break;
  }
  return last;
}

// Puts the candidates that survive top-k and top-p first in `order`, likeliest first; returns how many.
std::int64_t truncate(const SamplerSettings& settings, std::int64_t vocab, SamplerScratch& scratch) {
  auto& order = scratch.order;
  const auto& weights = scratch.weights;
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [&](TokenId a, TokenId b) { return weights[a] != weights[b] ? weights[a] > weights[b] : a < b; };
  std::int64_t kept = vocab;
  if (settings.top_k > 0 && settings.top_k < vocab) {
    kept = settings.top_k;
    std::nth_element(order.begin(), order.begin() + (kept - 1), order.end(), likelier);
  }
  if (settings.top_p >= 1) return kept;
  double mass = 0;
  for (std::int64_t i = 0; i < kept; ++i) mass += weights[order[i]];
  const double wanted = settings.top_p * mass;
  double sum = 0;
  std::int64_t sorted = 0;
  for (std::int64_t i = 0; i < kept; ++i) {
    if (i == sorted) {  // sorts the nucleus, which is small, and not the vocabulary
      sorted = std::min(kept, std::max<std::int64_t>(64, 8 * sorted));
      std::partial_sort(order.begin() + i, order.begin() + sorted, order.begin() + kept, likelier);
    }
    sum += weights[order[i]];
    if (sum >= wanted) return i + 1;
  }
  return kept;
}

}  // namespace

Draw draw_token(const CpuKernels& kernels, const float* logits, std::int64_t vocab, const SamplerSettings& settings,
                TokenId never, double uniform, SamplerScratch& scratch) {
  const float lse = kernels.log_sum_exp(logits, vocab);
  if (!std::isfinite(lse)) return {};
  TokenId token = largest(logits, vocab, never);
  if (settings.temperature >= kGreedyBelow) {
    float* weights = scratch.weights.data();
    kernels.exp_weights(logits, vocab, logits[token], 1 / settings.temperature, weights);
    if (never >= 0 && never < vocab) weights[never] = 0;
    if (settings.top_k > 0 || settings.top_p < 1) {
      const std::int64_t kept = truncate(settings, vocab, scratch);
      token = invert(kept, uniform, weights, [&](std::int64_t i) { return scratch.order[i]; });
    } else {
      token = invert(vocab, uniform, weights, [](std::int64_t i) { return static_cast<TokenId>(i); });
    }
  }
  return {token, logits[token] - lse};
}

}  // namespace autodidact
