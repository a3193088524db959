#pragma once
// The memory of a key-value cache in pages of kPage positions: for each layer the keys of each kv head, [head_dim][kPage], then
// its values, [kPage][head_dim]; fp32. The system maps a page when it is first written to, so memory is what was reached. Owned
// by one decoder, whose workers write to different pages; nothing survives a crash.

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "model/kv_pages.hpp"
#include "model/model_config.hpp"

namespace autodidact {

class KvMemory {
 public:
  KvMemory(const ModelConfig& config, std::int64_t pages);
  static std::int64_t page_bytes(const ModelConfig& config);

  // As the attention kernel reads it: page.k + key_offset(layer) are the keys of the layer's first kv head, and
  // page.v + value_offset(layer) its values; head_floats() to the next head.
  KvPage page(PageId id) const { return {at(id), at(id)}; }
  std::int64_t key_offset(std::int64_t layer) const { return layer * 2 * layer_floats_; }
  std::int64_t value_offset(std::int64_t layer) const { return key_offset(layer) + layer_floats_; }
  std::int64_t head_floats() const { return head_floats_; }

  // One position of a page: keys and values [kv_heads * head_dim], of position `at` in it.
  void store(PageId page, std::int64_t layer, std::int64_t at, const float* keys, const float* values);
  void copy(PageId from, PageId to);

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  float* at(PageId id) const { return floats_.get() + id * page_floats_; }

  std::int64_t heads_, head_dim_, head_floats_, layer_floats_, page_floats_;
  std::unique_ptr<float[], Free> floats_;
};

}  // namespace autodidact
