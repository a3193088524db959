#pragma once
// One token from one row of logits. Order of the cuts as in Hugging Face: temperature, then top-k, then top-p of what is
// left. A pure function of its arguments; the scratch belongs to the calling thread.

#include <cstdint>
#include <vector>

#include "config/types.hpp"
#include "kernels/cpu_kernels.hpp"

namespace autodidact {

struct SamplerScratch {
  explicit SamplerScratch(std::int64_t vocab)
      : weights(static_cast<std::size_t>(vocab + kSlackFloats)), order(static_cast<std::size_t>(vocab)) {}
  std::vector<float> weights;
  std::vector<TokenId> order;
};

struct Draw {
  TokenId token = -1;  // -1: the logits are NaN or infinite
  float logprob = 0;   // of the token under the untruncated distribution at temperature 1
};

// `uniform` in [0, 1) decides; `never` is a token that is not drawn whatever its logit (padding), -1 for none. A temperature
// under 1e-5 is greedy: the largest logit, the lowest id among equals.
Draw draw_token(const CpuKernels& kernels, const float* logits, std::int64_t vocab, const SamplerSettings& settings,
                TokenId never, double uniform, SamplerScratch& scratch);

}  // namespace autodidact
