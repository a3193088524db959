#include "model/decode_pass.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace autodidact {
namespace {

// Zero pages that the system maps when they are first touched: a slot costs what its sequences reached.
float* lazy_zeros(std::int64_t floats) {
  auto* memory = static_cast<float*>(std::calloc(static_cast<std::size_t>(floats + kSlackFloats), sizeof(float)));
  AD_REQUIRE(memory != nullptr, "no memory for the key-value cache: lower sample.batch or model.max_positions");
  return memory;
}

std::vector<float> buffer(std::int64_t rows, std::int64_t width) {
  return std::vector<float>(static_cast<std::size_t>(rows * width + kSlackFloats));
}

}  // namespace

DecodePass::DecodePass(const ModelConfig& c, std::int64_t slots, std::int64_t max_rows)
    : config_(c),
      blocks_(c),
      rope_(c),
      slots_(slots),
      key_floats_(c.num_key_value_heads * key_tile_floats(c.max_position_embeddings, c.head_dim)),
      value_floats_(c.max_position_embeddings * kv_width(c)),
      logit_stride_((c.vocab_size + 15) / 16 * 16),
      keys_(lazy_zeros(c.num_hidden_layers * slots * key_floats_)),
      values_(lazy_zeros(c.num_hidden_layers * slots * value_floats_)),
      x_(buffer(max_rows, c.hidden_size)),
      norm_(buffer(max_rows, c.hidden_size)),
      qkv_(buffer(max_rows, qkv_width(c))),
      attended_(buffer(max_rows, q_width(c))),
      up_(buffer(max_rows, up_width(c))),
      act_(buffer(max_rows, c.intermediate_size)),
      logits_(buffer(slots, logit_stride_)),
      scratch_(buffer(1, attention_scratch_floats(c.max_position_embeddings, c.num_attention_heads, c.head_dim))) {}

void DecodePass::run(const PackedWeights& weights, std::span<const TokenId> tokens, std::span<const DecodeSegment> segments) {
  embed(weights, tokens, segments);
  auto rows = static_cast<std::int64_t>(tokens.size());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const bool last = i + 1 == weights.layers.size();
    attention_block(weights.layers[i], static_cast<std::int64_t>(i), rows, segments, last);
    if (last) rows = static_cast<std::int64_t>(segments.size());
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

void DecodePass::attention_block(const PackedLayer& layer, std::int64_t index, std::int64_t rows,
                                 std::span<const DecodeSegment> segments, bool last_rows_only) {
  const std::int64_t d = config_.hidden_size, q = q_width(config_);
  blocks_.norm(layer.attention_norm, x_.data(), rows, norm_.data(), nullptr, nullptr);
  blocks_.linear(layer.qkv, norm_.data(), rows, d, qkv_width(config_), qkv_.data(), false);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const DecodeSegment& segment = segments[i];
    store_keys_values(layer, index, segment);
    if (last_rows_only)
      attend(index, segment, segment.rows - 1, attended_.data() + static_cast<std::int64_t>(i) * q);
    else
      attend(index, segment, 0, attended_.data() + segment.row * q);
  }
  if (last_rows_only) {
    keep_last_rows(segments);
    rows = static_cast<std::int64_t>(segments.size());
  }
  blocks_.linear(layer.o, attended_.data(), rows, q, d, x_.data(), true);
}

void DecodePass::store_keys_values(const PackedLayer& weights, std::int64_t layer, const DecodeSegment& segment) {
  const std::int64_t hd = config_.head_dim, kv = kv_width(config_), width = qkv_width(config_);
  const std::int64_t tile_floats = key_tile_floats(config_.max_position_embeddings, hd);
  float *k_to = keys(layer, segment.slot), *v_to = values(layer, segment.slot);
  for (std::int64_t r = 0; r < segment.rows; ++r) {
    const std::int64_t position = segment.first + r;
    float* row = qkv_.data() + (segment.row + r) * width;
    blocks_.qk_norm(weights, row, nullptr);
    blocks_.rotate(rope_, position, row, 1);
    const float* k = row + q_width(config_);
    for (std::int64_t h = 0; h < config_.num_key_value_heads; ++h) {
      float* tile = k_to + h * tile_floats + position / kKeyTile * kKeyTile * hd + position % kKeyTile;
      for (std::int64_t d = 0; d < hd; ++d) tile[d * kKeyTile] = k[h * hd + d];
    }
    std::memcpy(v_to + position * kv, k + kv, static_cast<std::size_t>(kv) * sizeof(float));
  }
  for (const std::int64_t copy : segment.copies) copy_layer(layer, segment.slot, copy, segment.first + segment.rows);
}

void DecodePass::copy_cache(std::int64_t from, std::int64_t to, std::int64_t positions) {
  if (positions == 0) return;
  for (std::int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) copy_layer(layer, from, to, positions);
}

void DecodePass::copy_layer(std::int64_t layer, std::int64_t from, std::int64_t to, std::int64_t positions) {
  const std::int64_t hd = config_.head_dim, head_floats = key_tile_floats(config_.max_position_embeddings, hd);
  for (std::int64_t h = 0; h < config_.num_key_value_heads; ++h)
    std::memcpy(keys(layer, to) + h * head_floats, keys(layer, from) + h * head_floats,
                static_cast<std::size_t>(key_tile_floats(positions, hd)) * sizeof(float));
  std::memcpy(values(layer, to), values(layer, from), static_cast<std::size_t>(positions * kv_width(config_)) * sizeof(float));
}

void DecodePass::attend(std::int64_t layer, const DecodeSegment& segment, std::int64_t from_row, float* out) {
  AttentionCall call;
  call.rows = segment.rows - from_row;
  call.first = segment.first + from_row;
  call.heads = config_.num_attention_heads;
  call.kv_heads = config_.num_key_value_heads;
  call.head_dim = config_.head_dim;
  call.q = qkv_.data() + (segment.row + from_row) * qkv_width(config_);
  call.q_stride = qkv_width(config_);
  call.k_tiles = keys(layer, segment.slot);
  call.k_head_stride = key_tile_floats(config_.max_position_embeddings, config_.head_dim);
  call.v = values(layer, segment.slot);
  call.v_stride = kv_width(config_);
  call.out = out;
  call.out_stride = q_width(config_);
  call.scratch = scratch_.data();
  kernels_.attention(call);
}

// Only the last row of a segment is sampled from, so from the last layer's attention on the others are not computed.
void DecodePass::keep_last_rows(std::span<const DecodeSegment> segments) {
  const std::int64_t d = config_.hidden_size;
  for (std::size_t i = 0; i < segments.size(); ++i)
    std::memmove(x_.data() + static_cast<std::int64_t>(i) * d, x_.data() + (segments[i].row + segments[i].rows - 1) * d,
                 static_cast<std::size_t>(d) * sizeof(float));
}

void DecodePass::mlp_block(const PackedLayer& layer, std::int64_t rows) {
  const std::int64_t d = config_.hidden_size, f = config_.intermediate_size;
  blocks_.norm(layer.mlp_norm, x_.data(), rows, norm_.data(), nullptr, nullptr);
  blocks_.linear(layer.up, norm_.data(), rows, d, up_width(config_), up_.data(), false);
  blocks_.activation(up_.data(), rows, act_.data());
  blocks_.linear(layer.down, act_.data(), rows, f, d, x_.data(), true);
}

}  // namespace autodidact
