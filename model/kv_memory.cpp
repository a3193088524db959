#include "model/kv_memory.hpp"

#include <cstring>

#include "config/status.hpp"
#include "model/blocks.hpp"

namespace autodidact {

KvMemory::KvMemory(const ModelConfig& c, std::int64_t pages)
    : heads_(c.num_key_value_heads),
      head_dim_(c.head_dim),
      head_floats_(kPage * head_dim_),
      layer_floats_(heads_ * head_floats_),
      page_floats_(page_bytes(c) / static_cast<std::int64_t>(sizeof(float))),
      floats_(static_cast<float*>(std::calloc(static_cast<std::size_t>(pages * page_floats_), sizeof(float)))) {
  AD_REQUIRE(floats_ != nullptr, "no memory for the key-value cache: lower sample.kv_cache_mb");
}

std::int64_t KvMemory::page_bytes(const ModelConfig& c) {
  // Slack after each page, not after the last alone: what a vector's tail reads is never another thread's to write.
  const std::int64_t floats = c.num_hidden_layers * 2 * c.num_key_value_heads * c.head_dim * kPage + kSlackFloats;
  return floats * static_cast<std::int64_t>(sizeof(float));
}

void KvMemory::store(PageId page, std::int64_t layer, std::int64_t position, const float* keys, const float* values) {
  float *k = at(page) + key_offset(layer), *v = at(page) + value_offset(layer) + position * head_dim_;
  for (std::int64_t h = 0; h < heads_; ++h, k += head_floats_, v += head_floats_) {
    store_key(keys + h * head_dim_, head_dim_, position, k);
    std::memcpy(v, values + h * head_dim_, static_cast<std::size_t>(head_dim_) * sizeof(float));
  }
}

void KvMemory::copy(PageId from, PageId to) {
  std::memcpy(at(to), at(from), static_cast<std::size_t>(page_floats_) * sizeof(float));
}

}  // namespace autodidact
