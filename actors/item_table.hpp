#pragma once
// The unfinished items of one stage: a slot each, and where it is. Those that wait stand in one of three queues, which items
// also leave from the middle, in O(1). Owner and thread: one PoolLedger. Nothing survives a crash.

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/lease_table.hpp"
#include "config/types.hpp"

namespace autodidact {

class ItemTable {
 public:
  using Slot = std::uint32_t;  // where the ledger's owner keeps the item's payload
  static constexpr Slot kNoSlot = std::numeric_limits<Slot>::max();
  enum Where : std::uint8_t {
    kSuspect = 0,  // waits; may be what kills workers
    kAgain = 1,    // waits; was handed out before
    kFresh = 2,    // waits
    kLeased = 3,
    kGone = 4,  // finished or quarantined
  };
  struct Item {
    ItemId id = 0;
    LeaseId lease = 0;          // when kLeased
    std::uint64_t ticket = 0;   // when it waits
    std::uint32_t strikes = 0;  // tries and workers it has cost
    Where where = kGone;
  };

  // A slot for an item that is not in the table; kNoSlot when it is. Nowhere yet: enqueue() it.
  Slot add(ItemId id);
  Slot find(ItemId id) const;  // kNoSlot when unknown
  // The item is kGone and may be added again; its slot stays taken until release().
  void forget(Slot slot);
  void release(Slot slot);
  // Forgets and releases every item, in no order.
  std::vector<Slot> clear();

  const Item& at(Slot slot) const { return items_[slot]; }
  void strike(Slot slot) { ++items_[slot].strikes; }
  void enqueue(Slot slot, Where queue, bool front);
  Slot dequeue(Where queue);             // kNoSlot when empty
  void lease(Slot slot, LeaseId lease);  // out of dequeue()
  // True when that lease is the one that holds the item.
  bool held_by(Slot slot, LeaseId lease) const { return items_[slot].where == kLeased && items_[slot].lease == lease; }

  std::size_t waiting(Where queue) const { return queues_[queue].size; }
  std::size_t waiting() const { return waiting(kSuspect) + waiting(kAgain) + waiting(kFresh); }
  std::size_t size() const { return index_.size(); }

  // I3 by walking everything; `quarantined` are the slots forgotten and not yet released.
  std::optional<std::string> check(const LeaseTable& leases, const std::vector<Slot>& quarantined) const;

 private:
  struct Entry {  // void, and skipped when it comes up, once the ticket is not the item's own any more
    Slot slot;
    std::uint64_t ticket;
  };
  struct Queue {
    std::deque<Entry> entries;
    std::size_t size = 0;  // entries that are not void
  };
  bool is_void(const Entry& entry, Where queue) const;

  std::unordered_map<ItemId, Slot> index_;
  std::vector<Item> items_;  // by slot
  std::vector<Slot> free_;
  std::array<Queue, 3> queues_;  // by Where
  std::uint64_t next_ticket_ = 1;
};

}  // namespace autodidact
