#pragma once
// The work items that are done: what makes applying one twice impossible. Items of a round are numbered densely, so a bit each
// in chunks of 512: 10 million items take about 2 MB. Not thread-safe; rebuilt from the `items` column family at start.

#include <bitset>
#include <cstddef>
#include <unordered_map>

#include "config/types.hpp"

namespace autodidact {

class ItemSet {
 public:
  bool contains(ItemId item) const {
    const auto chunk = chunks_.find(item / kChunk);
    return chunk != chunks_.end() && chunk->second.test(item % kChunk);
  }
  void insert(ItemId item) { chunks_[item / kChunk].set(item % kChunk); }
  std::size_t size() const {
    std::size_t items = 0;
    for (const auto& [number, bits] : chunks_) items += bits.count();
    return items;
  }

 private:
  static constexpr std::size_t kChunk = 512;
  std::unordered_map<ItemId, std::bitset<kChunk>> chunks_;
};

}  // namespace autodidact
