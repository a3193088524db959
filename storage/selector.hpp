#pragma once
// A rule for drawing kept attempts into a training batch. Not thread-safe: the store calls it under its index mutex.
//
// Every selector is a function of (the keys and weights it holds, the attempt consumed last, seed): the order in which keys
// came and went leaves no trace, so two runs that stored the same attempts draw the same batches. Nothing here survives a
// crash; the store fills a selector again from its summaries. Rules by name:
//   fifo         ascending ids, going on behind the attempt that was consumed last, round and round
//   lifo         the newest ids, newest first
//   uniform      every key equally likely
//   prioritized  proportional to weight ^ priority_exponent (fixed point, 2^-20 .. 2^16)
//   window       newest_share of the draw from the newest window_size keys, the rest from the older ones, each uniform
// No key is drawn twice before all were drawn once; a draw beyond size() starts over.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/types.hpp"

namespace autodidact {

class Selector {
 public:
  virtual ~Selector() = default;
  // A key that is there already only changes its weight. Cheap when `key` is the largest so far.
  virtual void insert(AttemptId key, float weight) = 0;
  // An absent key changes nothing.
  virtual void remove(AttemptId key) = 0;
  virtual std::size_t size() const = 0;
  // `count` keys in draw order; empty when size() is 0. `last_consumed` moves fifo only.
  virtual std::vector<AttemptId> sample(std::size_t count, std::uint64_t seed, AttemptId last_consumed) = 0;
};

struct SelectorOptions {
  std::string name = "uniform";
  double priority_exponent = 1.0;  // prioritized; 0 makes it uniform
  double newest_share = 0.5;       // window; 0 .. 1
  std::size_t window_size = 4096;  // window
  friend bool operator==(const SelectorOptions&, const SelectorOptions&) = default;
};

// Null for an unknown name.
std::unique_ptr<Selector> make_selector(const SelectorOptions& options);

// One per file.
std::unique_ptr<Selector> make_fifo_selector();
std::unique_ptr<Selector> make_lifo_selector();
std::unique_ptr<Selector> make_uniform_selector();
std::unique_ptr<Selector> make_prioritized_selector(double exponent);
std::unique_ptr<Selector> make_window_selector(double newest_share, std::size_t window_size);

}  // namespace autodidact
