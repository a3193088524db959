#pragma once
// One sequence through a DecodePass, for tests that want the logits of given tokens. One thread.

#include <numeric>
#include <vector>

#include "model/decode_pass.hpp"
#include "model/kv_cache.hpp"

namespace autodidact::testing {

class OneSequence {
 public:
  explicit OneSequence(const ModelConfig& config)
      : pass_(config, 1, config.max_position_embeddings),
        memory_(config, pages_for(config.max_position_embeddings)),
        vocab_(config.vocab_size),
        ids_(static_cast<std::size_t>(pages_for(config.max_position_embeddings))) {
    std::iota(ids_.begin(), ids_.end(), 0);
    for (const PageId id : ids_) pages_.push_back(memory_.page(id));
  }

  // The logits of the last of `tokens`, which stand at positions `first` and on.
  std::vector<float> logits(const Weights& weights, std::span<const TokenId> tokens, std::int64_t first) {
    const DecodeSegment segment{ids_, pages_.data(), first, 0, static_cast<std::int64_t>(tokens.size()), true};
    pass_.run(*weights.packed, memory_, tokens, std::span(&segment, 1));
    return {pass_.logits(0), pass_.logits(0) + vocab_};
  }

 private:
  DecodePass pass_;
  KvMemory memory_;
  const std::int64_t vocab_;
  std::vector<PageId> ids_;
  std::vector<KvPage> pages_;
};

}  // namespace autodidact::testing
