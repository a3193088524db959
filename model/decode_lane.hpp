#pragma once
// What one worker computes of a step: the rows of some sequences, from their tokens to the tokens drawn. Lanes of a step share
// the weights and the cache and nothing else, so they never wait for each other. Owned by one decoder; one thread at a time.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/sampler.hpp"
#include "model/decode_pass.hpp"
#include "model/step_backend.hpp"

namespace autodidact {

class DecodeLane {
 public:
  // threads: at most so many help.
  DecodeLane(const ModelConfig& config, std::int64_t max_segments, std::int64_t max_rows, std::int64_t threads)
      : pass_(config, max_segments, max_rows, threads), vocab_(config.vocab_size) {
    for (std::int64_t i = 0; i < threads * Helpers::kPiecesEach; ++i) scratch_.emplace_back(vocab_);
    tokens_.reserve(static_cast<std::size_t>(max_rows));
    segments_.reserve(static_cast<std::size_t>(max_segments));
    draws_.reserve(static_cast<std::size_t>(max_segments));
    pages_.reserve(static_cast<std::size_t>(max_segments * pages_for(config.max_position_embeddings)));
  }

  // A copy would lack what is reserved.
  DecodeLane(const DecodeLane&) = delete;
  DecodeLane(DecodeLane&&) = default;

  bool empty() const { return segments_.empty(); }
  void clear() {
    tokens_.clear();
    segments_.clear();
    draws_.clear();
    pages_.clear();
  }
  void add(const StepRows& rows, const KvMemory& memory) {
    DecodeSegment segment{rows.ids,
                          pages_.data() + pages_.size(),
                          rows.first,
                          static_cast<std::int64_t>(tokens_.size()),
                          static_cast<std::int64_t>(rows.tokens.size()),
                          !rows.draws.empty()};
    for (const PageId id : rows.ids) pages_.push_back(memory.page(id));
    tokens_.insert(tokens_.end(), rows.tokens.begin(), rows.tokens.end());
    segments_.push_back(segment);
    if (!rows.draws.empty()) draws_.push_back(rows.draws);
  }
  // `helpers`: threads that have nothing else to do.
  void run(const PackedWeights& weights, KvMemory& memory, Helpers helpers) {
    pass_.set_helpers(helpers);
    pass_.run(weights, memory, tokens_, segments_);
    constexpr std::int64_t kEach = 16;  // multiply-adds that take as long as weighing a token
    helpers.share(static_cast<std::int64_t>(draws_.size()), vocab_ * kEach, 1,
                  [this](std::int64_t piece, std::int64_t first, std::int64_t count) {
                    for (std::int64_t i = first; i < first + count; ++i)
                      draw(static_cast<std::size_t>(i), scratch_[static_cast<std::size_t>(piece)]);
                  });
  }

 private:
  struct Scratch {
    explicit Scratch(std::int64_t vocab) : sampler(vocab), logits(static_cast<std::size_t>(vocab)) {}
    SamplerScratch sampler;
    std::vector<float> logits;
  };

  // A draw spoils the logits: all but the last have a copy.
  void draw(std::size_t i, Scratch& scratch) {
    float* logits = pass_.logits(i);
    for (const DrawCall& call : draws_[i]) {
      const bool last = &call == &draws_[i].back();
      if (!last) std::copy_n(logits, vocab_, scratch.logits.data());
      *call.draw = draw_token(cpu_kernels(), last ? logits : scratch.logits.data(), vocab_, *call.sampler, call.context,
                              scratch.sampler);
    }
  }

  DecodePass pass_;
  std::vector<Scratch> scratch_;  // for each piece of the draws
  const std::int64_t vocab_;
  std::vector<TokenId> tokens_;
  std::vector<DecodeSegment> segments_;
  std::vector<std::span<const DrawCall>> draws_;  // of the segments that want logits
  std::vector<KvPage> pages_;                     // of the segments, one after the other; never grows beyond what was reserved
};

}  // namespace autodidact
