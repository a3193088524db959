#pragma once
// One forward pass of the decoder over a mixed batch: a row per running sequence and all prompt rows of the joining ones, in
// one set of matrix products. Owns the key-value cache: fixed slots of max_position_embeddings positions, so memory is
// slots * positions * layers * 2 * kv width * 4 bytes at most (touched as sequences grow). One thread; nothing allocates
// after construction; nothing survives a crash.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "model/blocks.hpp"

namespace autodidact {

// Consecutive rows of one sequence. Copies are other slots that begin with the same prompt: they receive its cache.
struct DecodeSegment {
  std::int64_t slot = 0;
  std::int64_t first = 0;          // position of the first row
  std::int64_t row = 0, rows = 0;  // where its tokens lie in the batch
  std::span<const std::int64_t> copies;
};

class DecodePass {
 public:
  DecodePass(const ModelConfig& config, std::int64_t slots, std::int64_t max_rows);
  // tokens.size() <= max_rows, segments.size() <= slots. Logits of each segment's last row are at logits(i) until the next run.
  void run(const PackedWeights& weights, std::span<const TokenId> tokens, std::span<const DecodeSegment> segments);
  // Slot `to` begins with what slot `from` holds.
  void copy_cache(std::int64_t from, std::int64_t to, std::int64_t positions);
  const float* logits(std::size_t segment) const { return logits_.data() + static_cast<std::int64_t>(segment) * logit_stride_; }

 private:
  void embed(const PackedWeights& weights, std::span<const TokenId> tokens, std::span<const DecodeSegment> segments);
  void attention_block(const PackedLayer& layer, std::int64_t index, std::int64_t rows, std::span<const DecodeSegment> segments,
                       bool last_rows_only);
  void store_keys_values(const PackedLayer& weights, std::int64_t layer, const DecodeSegment& segment);
  void copy_layer(std::int64_t layer, std::int64_t from, std::int64_t to, std::int64_t positions);
  void attend(std::int64_t layer, const DecodeSegment& segment, std::int64_t from_row, float* out);
  void keep_last_rows(std::span<const DecodeSegment> segments);
  void mlp_block(const PackedLayer& layer, std::int64_t rows);
  float* keys(std::int64_t layer, std::int64_t slot) { return keys_.get() + (layer * slots_ + slot) * key_floats_; }
  float* values(std::int64_t layer, std::int64_t slot) { return values_.get() + (layer * slots_ + slot) * value_floats_; }

  const CpuKernels& kernels_ = cpu_kernels();
  const ModelConfig config_;
  const Blocks blocks_;
  const RopeTable rope_;
  const std::int64_t slots_, key_floats_, value_floats_, logit_stride_;  // floats per slot and layer
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float[], Free> keys_, values_;
  std::vector<float> x_, norm_, qkv_, attended_, up_, act_, logits_, scratch_;  // [rows, width]
};

}  // namespace autodidact
