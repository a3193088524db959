#pragma once
// One token from one row of logits. Order of the cuts as in Hugging Face: repetition penalty, temperature, top-k, top-p of what
// is left, min-p of that. A pure function of its arguments; the scratch belongs to the calling thread.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "config/types.hpp"
#include "kernels/cpu_kernels.hpp"
#include "kernels/truncation.hpp"

namespace autodidact {

struct SamplerScratch {
  explicit SamplerScratch(std::int64_t vocab)
      : weights(static_cast<std::size_t>(vocab + kSlackFloats)),
        sums(static_cast<std::size_t>(vocab / kSumBlock + 1)),
        truncation(vocab),
        seen(static_cast<std::size_t>(vocab)) {
    raw.reserve(static_cast<std::size_t>(vocab));
  }
  std::vector<float> weights, sums;
  Truncation truncation;
  std::vector<bool> seen;                      // all false between calls
  std::vector<std::pair<TokenId, float>> raw;  // logits before the penalty
};

struct Draw {
  TokenId token = -1;  // -1: the logits are NaN or infinite
  float logprob = 0;   // of the token under the distribution as it was: no penalty, no truncation, temperature 1
};

// What one draw depends on besides the logits.
struct DrawContext {
  double uniform;                 // in [0, 1), decides
  TokenId never = -1;             // a token that is not drawn whatever its logit (padding); -1 for none
  std::span<const TokenId> text;  // prompt and completion so far, ids in range: what a repetition penalty is about
};

// A temperature under 1e-5 is greedy: the largest logit, the lowest id among equals. Changes the logits.
Draw draw_token(const CpuKernels& kernels, float* logits, std::int64_t vocab, const SamplerSettings& settings,
                const DrawContext& context, SamplerScratch& scratch);

}  // namespace autodidact
