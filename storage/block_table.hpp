#pragma once
// All summary blocks of a store in RAM, about 27 bytes an attempt. Owner: the writable store, whose writer replaces blocks
// after each commit while any thread reads; a reader holds the lock for one block at a time and keeps the block it holds.
// Rebuilt from the `hot` column family at start.

#include <shared_mutex>

#include "storage/summary_source.hpp"

namespace autodidact {

// A block and its zone, as they go to disk together.
struct PlacedBlock {
  std::shared_ptr<const SummaryBlock> block;  // null: no rows are left
  SummaryZone zone;
  BlockNumber number = 0;
};

class BlockTable {
 public:
  void put(const std::vector<PlacedBlock>& blocks);
  // Forgets all it had first; a reader sees either content whole.
  void replace(const std::vector<PlacedBlock>& blocks);
  // See SummarySource.
  void scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
            const std::function<bool(const SummaryBlock&)>& visit) const;
  std::shared_ptr<const SummaryBlock> block(BlockNumber number) const;
  BlockNumber size() const;  // one past the newest block
  std::size_t ram_bytes() const;

 private:
  void put_locked(const std::vector<PlacedBlock>& blocks);
  // The block at `number` if it is wanted; sets `end` when there is none at or above.
  std::shared_ptr<const SummaryBlock> wanted_at(BlockNumber number, const std::function<bool(const SummaryZone&)>& wanted,
                                                bool& end) const;

  mutable std::shared_mutex mutex_;
  std::vector<PlacedBlock> blocks_;  // by number; guarded by mutex_
};

}  // namespace autodidact
