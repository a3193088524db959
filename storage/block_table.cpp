#include "storage/block_table.hpp"

#include <algorithm>
#include <mutex>

namespace autodidact {

void BlockTable::put(const std::vector<PlacedBlock>& blocks) {
  const std::unique_lock lock(mutex_);
  put_locked(blocks);
}

void BlockTable::replace(const std::vector<PlacedBlock>& blocks) {
  const std::unique_lock lock(mutex_);
  blocks_.clear();
  put_locked(blocks);
}

void BlockTable::put_locked(const std::vector<PlacedBlock>& blocks) {
  for (const PlacedBlock& placed : blocks) {
    if (placed.number >= blocks_.size()) blocks_.resize(placed.number + 1);
    blocks_[placed.number] = placed;
  }
}

void BlockTable::scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
                      const std::function<bool(const SummaryBlock&)>& visit) const {
  if (!ascending) {
    const std::shared_lock lock(mutex_);
    if (blocks_.empty()) return;
    from = std::min<BlockNumber>(from, blocks_.size() - 1);
  }
  for (BlockNumber number = from;; ascending ? ++number : --number) {
    bool end = false;
    const auto block = wanted_at(number, wanted, end);
    if (end || (block && !visit(*block)) || (!ascending && number == 0)) return;
  }
}

std::shared_ptr<const SummaryBlock> BlockTable::wanted_at(BlockNumber number,
                                                          const std::function<bool(const SummaryZone&)>& wanted,
                                                          bool& end) const {
  const std::shared_lock lock(mutex_);
  end = number >= blocks_.size();
  if (end || !blocks_[number].block || !wanted(blocks_[number].zone)) return nullptr;
  return blocks_[number].block;
}

std::shared_ptr<const SummaryBlock> BlockTable::block(BlockNumber number) const {
  const std::shared_lock lock(mutex_);
  return number < blocks_.size() ? blocks_[number].block : nullptr;
}

BlockNumber BlockTable::size() const {
  const std::shared_lock lock(mutex_);
  return blocks_.size();
}

std::size_t BlockTable::ram_bytes() const {
  const std::shared_lock lock(mutex_);
  std::size_t bytes = blocks_.capacity() * sizeof(PlacedBlock);
  for (const PlacedBlock& placed : blocks_) bytes += placed.block ? placed.block->ram_bytes() : 0;
  return bytes;
}

}  // namespace autodidact
