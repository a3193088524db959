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

// What the tokens weigh, as far as it is known.
struct Weights {
  const CpuKernels& kernels;
  const float* logits;
  std::int64_t vocab;
  float most, inv_temperature;
  SamplerScratch& scratch;

  // Of tokens [first, first + count), to scratch.weights.
  void look_at(std::int64_t first, std::int64_t count) const {
    kernels.weights(logits + first, count, most, inv_temperature, scratch.weights.data());
  }
  std::int64_t blocks() const { return (vocab + kSumBlock - 1) / kSumBlock; }
  std::int64_t look_at_block(std::int64_t block) const {
    const std::int64_t count = std::min(kSumBlock, vocab - block * kSumBlock);
    look_at(block * kSumBlock, count);
    return count;
  }
  // A block's sum after one of its logits has changed.
  void sum_again(std::int64_t block) const {
    const std::int64_t count = look_at_block(block);
    const float* weights = scratch.weights.data();
    scratch.sums[static_cast<std::size_t>(block)] = std::accumulate(weights, weights + count, 0.0f);
  }
};

// The first of `count` entries at which the running sum passes `left`; the last one with any weight should rounding run past
// the end. What is left goes down by those before it.
template <class WeightAt>
std::int64_t first_past(std::int64_t count, double& left, WeightAt weight) {
  std::int64_t likely = 0;
  double before = left;
  for (std::int64_t i = 0; i < count; ++i) {
    const double w = weight(i);
    if (!(w > 0)) continue;
    likely = i;
    before = left;
    if (left < w) break;
    left -= w;
  }
  left = before;
  return likely;
}

// The first token at which the running sum of all weights passes uniform * total.
TokenId invert(const Weights& weights, double uniform) {
  const auto& scratch = weights.scratch;
  const auto sum = [&](std::int64_t b) { return scratch.sums[static_cast<std::size_t>(b)]; };
  double left = 0;
  for (std::int64_t b = 0; b < weights.blocks(); ++b) left += sum(b);
  left *= uniform;
  const std::int64_t block = first_past(weights.blocks(), left, sum);
  const std::int64_t count = weights.look_at_block(block);
  const std::int64_t at = first_past(count, left, [&](std::int64_t i) { return scratch.weights[static_cast<std::size_t>(i)]; });
  return static_cast<TokenId>(block * kSumBlock + at);
}

TokenId invert_candidates(std::span<const TokenId> candidates, double uniform, const std::vector<float>& weights) {
  const auto weight = [&](std::int64_t i) {
    return weights[static_cast<std::size_t>(candidates[static_cast<std::size_t>(i)])];
  };
  const auto count = static_cast<std::int64_t>(candidates.size());
  double left = 0;
  for (std::int64_t i = 0; i < count; ++i) left += weight(i);
  left *= uniform;
  return candidates[static_cast<std::size_t>(first_past(count, left, weight))];
}

// A token's logit out of the way as long as this lives.
class Forbidden {
 public:
  Forbidden(float* logits, std::int64_t vocab, TokenId token)
      : at_(token >= 0 && token < vocab ? logits + token : nullptr),
        logit_(at_ == nullptr ? std::numeric_limits<float>::quiet_NaN() : *at_) {
    if (at_ != nullptr) *at_ = -std::numeric_limits<float>::infinity();
  }
  ~Forbidden() {
    if (at_ != nullptr) *at_ = logit_;
  }
  explicit operator bool() const { return at_ != nullptr; }
  float logit() const { return logit_; }  // as it was; NaN when nothing is forbidden
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;

 private:
  float* at_;
  float logit_;
};

// A token for the logits as they are now; `lse` becomes their log-sum-exp, the forbidden one's included.
TokenId weigh_and_draw(const CpuKernels& kernels, float* logits, std::int64_t vocab, const SamplerSettings& settings,
                       const DrawContext& context, SamplerScratch& scratch, float& lse) {
  const float inv_temperature = 1 / settings.temperature;
  Weighed all = kernels.weigh(logits, vocab, inv_temperature, scratch.sums.data());
  lse = all.log_sum_exp;
  if (!std::isfinite(lse)) return -1;
  const Forbidden forbidden(logits, vocab, context.never);
  if (forbidden.logit() == all.max) {  // the others may be nothing beside it
    all = kernels.weigh(logits, vocab, inv_temperature, scratch.sums.data());
    if (!std::isfinite(all.log_sum_exp)) return -1;
  }
  const Weights weights{kernels, logits, vocab, all.max, inv_temperature, scratch};
  if (settings.top_k > 0 || settings.top_p < 1 || settings.min_p > 0) {
    weights.look_at(0, vocab);
    return invert_candidates(scratch.truncation.keep(scratch.weights, settings), context.uniform, scratch.weights);
  }
  if (forbidden) weights.sum_again(context.never / kSumBlock);
  return invert(weights, context.uniform);
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
    float weighed = 0;
    token = weigh_and_draw(kernels, logits, vocab, settings, context, scratch, weighed);
    if (!penalised) lse = weighed;
  }
  if (token < 0) return {};
  return {token, raw_logit(token, logits, scratch) - lse};
}

}  // namespace autodidact
