#pragma once
// One forward pass of the decoder over a mixed batch: a row per running sequence and rows of the prompts that are joining, in
// one set of matrix products. Keys and values go to the pages of a KvMemory. Called by one thread, which may
// have helpers; nothing allocates after construction.

#include <cstdint>
#include <span>
#include <vector>

#include "model/blocks.hpp"
#include "model/kv_memory.hpp"

namespace autodidact {

// Consecutive rows of one sequence. Segments of sequences that share pages are best side by side (see AttentionCall).
struct DecodeSegment {
  std::span<const PageId> ids;     // of the sequence, to the page of its last row at least
  const KvPage* pages;             // the same
  std::int64_t first = 0;          // position of the first row; what is before it is in the pages
  std::int64_t row = 0, rows = 0;  // where its tokens lie in the batch
  bool wanted = true;              // the logits of its last row
};

class DecodePass {
 public:
  // threads: at most so many help.
  DecodePass(const ModelConfig& config, std::int64_t max_segments, std::int64_t max_rows, std::int64_t threads = 1);
  // Threads that share the work of the next runs.
  void set_helpers(Helpers helpers) {
    helpers_ = helpers;
    blocks_.set_helpers(helpers);
  }
  // Logits of the last row of each segment that wants them are at logits(i), i counting those alone, until the next run.
  void run(const PackedWeights& weights, KvMemory& memory, std::span<const TokenId> tokens,
           std::span<const DecodeSegment> segments);
  float* logits(std::size_t i) { return logits_.data() + static_cast<std::int64_t>(i) * logit_stride_; }

 private:
  void embed(const PackedWeights& weights, std::span<const TokenId> tokens, std::span<const DecodeSegment> segments);
  std::int64_t attention_block(const PackedLayer& layer, std::int64_t index, std::int64_t rows, KvMemory& memory,
                               std::span<const DecodeSegment> segments, bool last);
  void store_keys_values(const PackedLayer& weights, std::int64_t layer, KvMemory& memory, std::int64_t first,
                         std::int64_t count);
  void ask(const DecodeSegment& segment, std::int64_t from_row);
  void attend(std::int64_t layer, const KvMemory& memory);
  void keep_wanted_rows(std::span<const DecodeSegment> segments);
  void mlp_block(const PackedLayer& layer, std::int64_t rows);

  const CpuKernels& kernels_ = cpu_kernels();
  Helpers helpers_;
  const ModelConfig config_;
  Blocks blocks_;
  const RopeTable rope_;
  const std::int64_t logit_stride_;
  std::vector<float> x_, norm_, qkv_, attended_, up_, act_, logits_;  // [rows, width]
  const std::int64_t scratch_stride_;
  std::vector<float> scratch_;         // for each piece of attention
  std::vector<AttentionRow> queries_;  // of the layer under way
  struct Place {
    const PageId* ids;
    std::int64_t position;
  };
  std::vector<Place> places_;  // of the rows
};

}  // namespace autodidact
