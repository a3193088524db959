#include "actors/item_table.hpp"

#include <set>

namespace autodidact {

ItemTable::Slot ItemTable::add(ItemId id) {
  const auto [entry, fresh] = index_.try_emplace(id, kNoSlot);
  if (!fresh) return kNoSlot;
  if (free_.empty()) {
    entry->second = static_cast<Slot>(items_.size());
    items_.emplace_back();
  } else {
    entry->second = free_.back();
    free_.pop_back();
  }
  items_[entry->second] = Item();
  items_[entry->second].id = id;
  return entry->second;
}

ItemTable::Slot ItemTable::find(ItemId id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? kNoSlot : found->second;
}

void ItemTable::forget(Slot slot) {
  Item& item = items_[slot];
  index_.erase(item.id);
  if (item.where < kLeased) {
    Queue& queue = queues_[item.where];
    if (--queue.size == 0) queue.entries.clear();
  }
  item.where = kGone;
  item.ticket = 0;
}

void ItemTable::release(Slot slot) { free_.push_back(slot); }

std::vector<ItemTable::Slot> ItemTable::clear() {
  std::vector<Slot> slots;
  for (const auto& [id, slot] : index_) slots.push_back(slot);
  for (const Slot slot : slots) {
    forget(slot);
    release(slot);
  }
  return slots;
}

void ItemTable::enqueue(Slot slot, Where where, bool front) {
  Item& item = items_[slot];
  item.where = where;
  item.lease = 0;
  item.ticket = next_ticket_++;
  Queue& queue = queues_[where];
  if (front) {
    queue.entries.push_front({slot, item.ticket});
  } else {
    queue.entries.push_back({slot, item.ticket});
  }
  ++queue.size;
}

bool ItemTable::is_void(const Entry& entry, Where queue) const {
  return items_[entry.slot].where != queue || items_[entry.slot].ticket != entry.ticket;
}

ItemTable::Slot ItemTable::dequeue(Where where) {
  Queue& queue = queues_[where];
  while (!queue.entries.empty()) {
    const Entry entry = queue.entries.front();
    queue.entries.pop_front();
    if (is_void(entry, where)) continue;
    --queue.size;
    items_[entry.slot].where = kGone;  // until the caller says where
    return entry.slot;
  }
  return kNoSlot;
}

void ItemTable::lease(Slot slot, LeaseId lease) {
  items_[slot].where = kLeased;
  items_[slot].lease = lease;
}

std::optional<std::string> ItemTable::check(const LeaseTable& leases, const std::vector<Slot>& quarantined) const {
  for (const auto where : {kSuspect, kAgain, kFresh}) {
    std::size_t queued = 0;
    for (const Entry& entry : queues_[where].entries) queued += is_void(entry, where) ? 0 : 1;
    if (queued != queues_[where].size) return "I3: a queue's size does not match its entries";
  }
  std::size_t leased = 0;
  std::set<Slot> slots(free_.begin(), free_.end());
  slots.insert(quarantined.begin(), quarantined.end());
  for (const auto& [id, slot] : index_) {
    const Item& item = items_[slot];
    const std::string who = "item " + std::to_string(id);
    if (item.id != id || item.where == kGone) return "I3: " + who + " is in the books and nowhere else";
    if (!slots.insert(slot).second) return "the slot of " + who + " is used twice";
    if (item.where != kLeased) continue;
    ++leased;
    const Lease* lease = leases.find(item.lease);
    if (lease == nullptr || lease->item != id) return "I3: " + who + " is leased, but by no open lease";
  }
  if (leased + waiting() != index_.size()) return "I3: pending and leased items do not add up";
  if (slots.size() != items_.size()) return "a slot is lost";
  return std::nullopt;
}

}  // namespace autodidact
