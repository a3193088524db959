#include "model/decode_pass.hpp"

#include <cstring>

namespace autodidact {
namespace {

std::vector<float> buffer(std::int64_t rows, std::int64_t width) {
  return std::vector<float>(static_cast<std::size_t>(rows * width + kSlackFloats));
}

constexpr std::int64_t kStoreEach = 4;  // multiply-adds that take as long as turning and storing a value
constexpr std::int64_t kTogether = 2;   // queries that are not dealt out apart: most groups fill a tile by two

}  // namespace

DecodePass::DecodePass(const ModelConfig& c, std::int64_t max_segments, std::int64_t max_rows, std::int64_t threads)
    : config_(c),
      blocks_(c),
      rope_(c),
      logit_stride_((c.vocab_size + 15) / 16 * 16),
      x_(buffer(max_rows, c.hidden_size)),
      norm_(buffer(max_rows, c.hidden_size)),
      qkv_(buffer(max_rows, qkv_width(c))),
      attended_(buffer(max_rows, q_width(c))),
      up_(buffer(max_rows, up_width(c))),
      act_(buffer(max_rows, c.intermediate_size)),
      logits_(buffer(max_segments, logit_stride_)),
      scratch_stride_(attention_scratch_floats(c.max_position_embeddings, c.head_dim)),
      scratch_(buffer(threads * Helpers::kPiecesEach, scratch_stride_)) {
  queries_.reserve(static_cast<std::size_t>(max_rows));
  places_.reserve(static_cast<std::size_t>(max_rows));
}

void DecodePass::run(const PackedWeights& weights, KvMemory& memory, std::span<const TokenId> tokens,
                     std::span<const DecodeSegment> segments) {
  places_.clear();
  for (const DecodeSegment& segment : segments)
    for (std::int64_t r = 0; r < segment.rows; ++r) places_.push_back({segment.ids.data(), segment.first + r});
  embed(weights, tokens, segments);
  auto rows = static_cast<std::int64_t>(tokens.size());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const bool last = i + 1 == weights.layers.size();
    rows = attention_block(weights.layers[i], static_cast<std::int64_t>(i), rows, memory, segments, last);
    if (rows == 0) return;
    mlp_block(weights.layers[i], rows);
  }
  blocks_.norm(weights.final_norm, x_.data(), rows, norm_.data(), nullptr, nullptr);
  blocks_.head(weights.head, norm_.data(), rows, logits_.data(), logit_stride_);
}

void DecodePass::embed(const PackedWeights& weights, std::span<const TokenId> tokens, std::span<const DecodeSegment> segments) {
  const std::int64_t d = config_.hidden_size;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    std::memcpy(x_.data() + static_cast<std::int64_t>(i) * d, weights.embed + tokens[i] * d,
                static_cast<std::size_t>(d) * sizeof(float));
  if (config_.position != ModelConfig::Position::kLearned) return;
  for (const DecodeSegment& segment : segments)
    kernels_.add(x_.data() + segment.row * d, weights.positions + segment.first * d, segment.rows * d);
}

// Returns how many rows go on: in the last layer those that are sampled from.
std::int64_t DecodePass::attention_block(const PackedLayer& layer, std::int64_t index, std::int64_t rows, KvMemory& memory,
                                         std::span<const DecodeSegment> segments, bool last) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  blocks_.norm(layer.attention_norm, x_.data(), rows, norm_.data(), nullptr, nullptr);
  blocks_.linear(layer.qkv, norm_.data(), rows, d, qkv_width(config_), qkv_.data(), false);
  helpers_.share(rows, qkv_width(config_) * kStoreEach, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
    store_keys_values(layer, index, memory, first, count);
  });
  queries_.clear();
  for (const DecodeSegment& segment : segments) {
    if (!last)
      ask(segment, 0);
    else if (segment.wanted)
      ask(segment, segment.rows - 1);
  }
  if (queries_.empty()) return 0;
  attend(index, memory);
  if (last) keep_wanted_rows(segments);
  rows = static_cast<std::int64_t>(queries_.size());
  blocks_.linear(layer.o, attended_.data(), rows, q, d, x_.data(), true);
  return rows;
}

void DecodePass::store_keys_values(const PackedLayer& weights, std::int64_t layer, KvMemory& memory, std::int64_t first,
                                   std::int64_t count) {
  for (std::int64_t r = first; r < first + count; ++r) {
    const auto [ids, position] = places_[static_cast<std::size_t>(r)];
    float* row = qkv_.data() + r * qkv_width(config_);
    blocks_.qk_norm(weights, row, nullptr);
    blocks_.rotate(rope_, position, row, 1);
    const float* keys = row + q_width(config_);
    memory.store(ids[position / kPage], layer, position % kPage, keys, keys + kv_width(config_));
  }
}

// The queries of a segment's rows, their outputs one after the other.
void DecodePass::ask(const DecodeSegment& segment, std::int64_t from_row) {
  for (std::int64_t r = from_row; r < segment.rows; ++r) {
    float* out = attended_.data() + static_cast<std::int64_t>(queries_.size()) * q_width(config_);
    queries_.push_back({qkv_.data() + (segment.row + r) * qkv_width(config_), out, segment.pages, segment.first + r + 1});
  }
}

void DecodePass::attend(std::int64_t layer, const KvMemory& memory) {
  const AttentionRow& middle = queries_[queries_.size() / 2];
  helpers_.share(
      static_cast<std::int64_t>(queries_.size()), 2 * middle.keys * q_width(config_), kTogether,
      [&](std::int64_t piece, std::int64_t first, std::int64_t count) {
        kernels_.attention({queries_.data() + first, count, config_.num_attention_heads, config_.num_key_value_heads,
                            config_.head_dim, memory.key_offset(layer), memory.head_floats(), memory.value_offset(layer),
                            memory.head_floats(), config_.head_dim, scratch_.data() + piece * scratch_stride_});
      });
}

// Only what is sampled from goes on from the last layer's attention.
void DecodePass::keep_wanted_rows(std::span<const DecodeSegment> segments) {
  const std::int64_t d = config_.hidden_size;
  float* to = x_.data();
  for (const DecodeSegment& segment : segments) {
    if (!segment.wanted) continue;
    std::memmove(to, x_.data() + (segment.row + segment.rows - 1) * d, static_cast<std::size_t>(d) * sizeof(float));
    to += d;
  }
}

void DecodePass::mlp_block(const PackedLayer& layer, std::int64_t rows) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size;
  blocks_.norm(layer.mlp_norm, x_.data(), rows, norm_.data(), nullptr, nullptr);
  blocks_.linear(layer.up, norm_.data(), rows, d, up_width(config_), up_.data(), false);
  blocks_.activation(up_.data(), rows, act_.data());
  blocks_.linear(layer.down, act_.data(), rows, f, d, x_.data(), true);
}

}  // namespace autodidact
