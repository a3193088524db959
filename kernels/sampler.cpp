#include "kernels/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace autodidact {
namespace {

constexpr float kGreedyBelow = 1e-5f;

// Keskar et al. 2019 (CTRL): the logit of what has been said is divided by the penalty, or multiplied when it is negative.
void penalise(float* logits, const SamplerSettings& settings, std::span<const TokenId> text, SamplerScratch& scratch) {
  scratch.raw.clear();
  for (const TokenId token : text) {
    if (scratch.seen[static_cast<std::size_t>(token)]) continue;
    scratch.seen[static_cast<std::size_t>(token)] = true;
    scratch.raw.emplace_back(token, logits[token]);
    logits[token] =
        logits[token] > 0 ? logits[token] / settings.repetition_penalty : logits[token] * settings.repetition_penalty;
  }
  for (const auto& [token, logit] : scratch.raw) scratch.seen[static_cast<std::size_t>(token)] = false;
}

float raw_logit(TokenId token, const float* logits, const SamplerScratch& scratch) {
  for (const auto& [changed, logit] : scratch.raw)
    if (changed == token) return logit;
  return logits[token];
}

// The first token at which the running sum of all weights passes uniform * total.
TokenId invert(std::int64_t vocab, double uniform, const SamplerScratch& scratch) {
  const std::int64_t blocks = (vocab + kSumBlock - 1) / kSumBlock;
  double total = 0;
  for (std::int64_t b = 0; b < blocks; ++b) total += scratch.sums[static_cast<std::size_t>(b)];
  double left = uniform * total;
  std::int64_t block = 0, likely = 0;  // the last block with any weight, should rounding run past the end
  for (std::int64_t b = 0; b < blocks; ++b) {
    const double sum = scratch.sums[static_cast<std::size_t>(b)];
    if (sum > 0) likely = b;
    block = b;
    if (left < sum) break;
    left -= sum;
  }
  if (scratch.sums[static_cast<std::size_t>(block)] <= 0) block = likely;
  TokenId last = 0;
  for (std::int64_t i = block * kSumBlock; i < std::min(vocab, (block + 1) * kSumBlock); ++i) {
    const float weight = scratch.weights[static_cast<std::size_t>(i)];
    if (weight <= 0) continue;
    last = static_cast<TokenId>(i);
    left -= weight;
    if (left < 0) break;
  }
  return last;
}

TokenId invert_candidates(std::span<const TokenId> candidates, double uniform, const std::vector<float>& weights) {
  double total = 0;
  for (const TokenId token : candidates) total += weights[static_cast<std::size_t>(token)];
  double left = uniform * total;
  TokenId last = candidates[0];
  for (const TokenId token : candidates) {
    const float weight = weights[static_cast<std::size_t>(token)];
    if (weight <= 0) continue;
    last = token;
    left -= weight;
    if (left < 0) break;
  }
  return last;
}

// Puts the tokens that survive first among the candidates; returns them.
class Truncation {
 public:
  Truncation(const SamplerSettings& settings, std::int64_t vocab, SamplerScratch& scratch)
      : settings_(settings), vocab_(vocab), weights_(scratch.weights), order_(scratch.candidates) {}

  std::span<const TokenId> run() {
    if (settings_.top_k == 0 && settings_.top_p >= 1) {
      gather_likely(settings_.min_p * *std::max_element(weights_.begin(), weights_.begin() + vocab_));
    } else {
      std::iota(order_.begin(), order_.end(), 0);
      kept_ = vocab_;
      keep_top_k();
      keep_top_p();
      keep_min_p();
    }
    return std::span(order_).first(static_cast<std::size_t>(kept_));
  }

 private:
  auto likelier() const {
    return [this](TokenId a, TokenId b) { return weights_[a] != weights_[b] ? weights_[a] > weights_[b] : a < b; };
  }
  void gather_likely(float least) {
    kept_ = 0;
    for (std::int64_t i = 0; i < vocab_; ++i)
      if (weights_[static_cast<std::size_t>(i)] >= least) order_[static_cast<std::size_t>(kept_++)] = static_cast<TokenId>(i);
  }
  void keep_top_k() {
    if (settings_.top_k == 0 || settings_.top_k >= kept_) return;
    kept_ = settings_.top_k;
    std::nth_element(order_.begin(), order_.begin() + (kept_ - 1), order_.end(), likelier());
  }
  void keep_top_p() {
    if (settings_.top_p >= 1) return;
    double mass = 0;
    for (std::int64_t i = 0; i < kept_; ++i) mass += weights_[order_[i]];
    const double wanted = settings_.top_p * mass;
    double sum = 0;
    std::int64_t sorted = 0;
    for (std::int64_t i = 0; i < kept_; ++i) {
      if (i == sorted) {  // sorts the nucleus, which is small, and not the vocabulary
        sorted = std::min(kept_, std::max<std::int64_t>(64, 8 * sorted));
        std::partial_sort(order_.begin() + i, order_.begin() + sorted, order_.begin() + kept_, likelier());
      }
      sum += weights_[order_[i]];
      if (sum >= wanted) {
        kept_ = i + 1;
        return;
      }
    }
  }
  void keep_min_p() {
    if (settings_.min_p <= 0) return;
    float most = 0;
    for (std::int64_t i = 0; i < kept_; ++i) most = std::max(most, weights_[order_[i]]);
    const auto end = std::partition(order_.begin(), order_.begin() + kept_,
                                    [&](TokenId token) { return weights_[token] >= settings_.min_p * most; });
    kept_ = end - order_.begin();
  }

  const SamplerSettings& settings_;
  const std::int64_t vocab_;
  const std::vector<float>& weights_;
  std::vector<TokenId>& order_;
  std::int64_t kept_ = 0;
};

// A token's logit out of the way as long as this lives.
class Forbidden {
 public:
  Forbidden(float* logits, std::int64_t vocab, TokenId token)
      : at_(token >= 0 && token < vocab ? logits + token : nullptr), logit_(at_ == nullptr ? 0 : *at_) {
    if (at_ != nullptr) *at_ = -std::numeric_limits<float>::infinity();
  }
  ~Forbidden() {
    if (at_ != nullptr) *at_ = logit_;
  }
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;

 private:
  float* at_;
  float logit_;
};

// Weights of all tokens that may be drawn; the logits' log-sum-exp, which has the forbidden one in it.
float weigh(const CpuKernels& kernels, float* logits, std::int64_t vocab, float inv_temperature, TokenId never,
            SamplerScratch& scratch) {
  float *weights = scratch.weights.data(), *sums = scratch.sums.data();
  const Weighed all = kernels.weigh(logits, vocab, inv_temperature, weights, sums);
  if (never < 0 || never >= vocab || !std::isfinite(all.log_sum_exp)) return all.log_sum_exp;
  if (logits[never] == all.max) {  // the others may be nothing beside it
    const Forbidden forbidden(logits, vocab, never);
    const Weighed others = kernels.weigh(logits, vocab, inv_temperature, weights, sums);
    return std::isfinite(others.log_sum_exp) ? all.log_sum_exp : others.log_sum_exp;
  }
  weights[never] = 0;
  const std::int64_t block = never / kSumBlock;
  const float* end = weights + std::min(vocab, (block + 1) * kSumBlock);
  sums[block] = std::accumulate(static_cast<const float*>(weights + block * kSumBlock), end, 0.0f);
  return all.log_sum_exp;
}

}  // namespace

Draw draw_token(const CpuKernels& kernels, float* logits, std::int64_t vocab, const SamplerSettings& settings,
                const DrawContext& context, SamplerScratch& scratch) {
  const bool greedy = settings.temperature < kGreedyBelow, penalised = settings.repetition_penalty != 1;
  scratch.raw.clear();
  float lse = 0;
  if (greedy || penalised) lse = kernels.log_sum_exp(logits, vocab);
  if (!std::isfinite(lse)) return {};
  if (penalised) penalise(logits, settings, context.text, scratch);
  TokenId token = -1;
  if (greedy) {
    const Forbidden forbidden(logits, vocab, context.never);
    token = static_cast<TokenId>(kernels.argmax(logits, vocab));
  } else {
    const float weighed = weigh(kernels, logits, vocab, 1 / settings.temperature, context.never, scratch);
    if (!std::isfinite(weighed)) return {};
    if (!penalised) lse = weighed;
    const bool truncates = settings.top_k > 0 || settings.top_p < 1 || settings.min_p > 0;
    token = truncates ? invert_candidates(Truncation(settings, vocab, scratch).run(), context.uniform, scratch.weights)
                      : invert(vocab, context.uniform, scratch);
  }
  if (token < 0) return {};
  return {token, raw_logit(token, logits, scratch) - lse};
}

}  // namespace autodidact
