#pragma once
// What computes a decoder's steps: a processor's kernels and the memory they work on, the key-value cache's pages included.
// BatchDecoder says which rows of which sequences on which pages; a backend knows nothing of requests. Owned by one decoder and
// called by its thread alone; nothing survives a crash.

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/sampler.hpp"
#include "model/kv_pages.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct DecoderOptions;

// How the token after the last of some rows is drawn, and where it goes.
struct DrawCall {
  const SamplerSettings* sampler;
  DrawContext context;
  Draw* draw;
};

// Consecutive rows of one sequence. Sequences that share pages are best side by side.
struct StepRows {
  std::span<const PageId> ids;      // of the sequence, to the page of its last row at least
  std::int64_t first = 0;           // position of the first row; what is before it is in the pages
  std::span<const TokenId> tokens;  // one a row
  std::span<const DrawCall> draws;  // of the token after the last row, each by itself; none: its logits are not wanted
};

class StepBackend {
 public:
  virtual ~StepBackend() = default;
  // Before the first step, and between steps; always of the shape that the backend was made for.
  virtual Status set_weights(const WeightsPtr& weights) = 0;
  virtual void copy_page(PageId from, PageId to) = 0;
  // At most options.batch sequences and draws, with options.batch + options.prefill_rows rows. Not ok (kUnavailable): the
  // device failed, nothing was drawn.
  virtual Status step(std::span<const StepRows> rows) = 0;
};

// A processor that backends can be made for.
struct StepDevice {
  std::int64_t (*page_bytes)(const ModelConfig&);
  std::int64_t (*cache_bytes)();  // when options.kv_cache_mb is 0
  Result<std::unique_ptr<StepBackend>> (*make)(const ModelConfig&, const DecoderOptions&, std::int64_t pages);
};

}  // namespace autodidact
