#pragma once
// What one worker computes of a step: the rows of some sequences, from their tokens to the tokens drawn. Lanes of a step share
// the weights and the cache and nothing else, so they never wait for each other. Owned by one decoder; one thread at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/sampler.hpp"
#include "model/decode_pass.hpp"
#include "model/weights.hpp"

namespace autodidact {

// How the token after a segment is drawn, and where it goes.
struct DrawCall {
  const SamplerSettings* sampler;
  DrawContext context;
  Draw* draw;
};

class DecodeLane {
 public:
  DecodeLane(const ModelConfig& config, std::int64_t max_segments, std::int64_t max_rows)
      : pass_(config, max_segments, max_rows), scratch_(config.vocab_size), vocab_(config.vocab_size) {
    tokens_.reserve(static_cast<std::size_t>(max_rows));
    segments_.reserve(static_cast<std::size_t>(max_segments));
    draws_.reserve(static_cast<std::size_t>(max_segments));
  }

  bool empty() const { return segments_.empty(); }
  void clear() {
    tokens_.clear();
    segments_.clear();
    draws_.clear();
  }
  // `segment` but for its row; `call` is not used when it wants no logits.
  void add(DecodeSegment segment, std::span<const TokenId> tokens, const DrawCall& call) {
    segment.row = static_cast<std::int64_t>(tokens_.size());
    segment.rows = static_cast<std::int64_t>(tokens.size());
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    segments_.push_back(segment);
    if (segment.wanted) draws_.push_back(call);
  }
  // `helpers`: threads that have nothing else to do; null for none.
  void run(const PackedWeights& weights, KvMemory& memory, WorkerPool* helpers) {
    pass_.set_helpers(helpers);
    pass_.run(weights, memory, tokens_, segments_);
    for (std::size_t i = 0; i < draws_.size(); ++i) {
      const DrawCall& call = draws_[i];
      *call.draw = draw_token(cpu_kernels(), pass_.logits(i), vocab_, *call.sampler, call.context, scratch_);
    }
  }

 private:
  DecodePass pass_;
  SamplerScratch scratch_;
  const std::int64_t vocab_;
  std::vector<TokenId> tokens_;
  std::vector<DecodeSegment> segments_;
  std::vector<DrawCall> draws_;  // of the segments that want logits
};

}  // namespace autodidact
