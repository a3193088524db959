// PoolLedger::check(): the invariants, by walking everything. For tests and for a debug build's assertion after every message.
#include <set>

#include "actors/pool_ledger.hpp"

namespace autodidact {
namespace {

std::string item_text(ItemId item) { return "item " + std::to_string(item); }

}  // namespace

std::optional<std::string> PoolLedger::check() const {
  if (auto broken = check_workers()) return broken;
  if (auto broken = check_items()) return broken;
  if (queues_[kFresh].size + granted_ > options_.capacity) return "I2: fresh pending + granted exceed the capacity";
  if (drained() && leases_.size() > 0) return "I8: drained, yet leases are open";
  return std::nullopt;
}

std::optional<std::string> PoolLedger::check_workers() const {
  std::unordered_map<WorkerId, std::size_t> held;
  for (LeaseId id = leases_.first(); id != 0; id = leases_.next(id)) ++held[leases_.find(id)->worker];
  std::size_t sum = 0, ghosts = 0;
  for (const auto& [id, worker] : workers_) {
    const std::string who = "worker " + std::to_string(id);
    sum += worker.held;
    ghosts += worker.ghosts.size();
    if (worker.held != held[id]) return "held count of " + who + " does not match its leases";
    if (!worker.up && worker.held > 0) return "I5: " + who + " is down and holds leases";
    if (credits(worker) > 0 && credits(worker) + worker.held > worker.window) return "I1: " + who + " over its window";
    if (worker.ghosts.size() > worker.window) return "too many expired leases remembered for " + who;
    if (credits(worker) > 0 && !worker.listed && isolation_ != id) return who + " has credit and is in no turn";
  }
  if (sum != held_ || leases_.size() != held_) return "the total of held leases is off";
  if (ghosts != ghosts_.size()) return "expired leases remembered for nobody";
  return std::nullopt;
}

std::optional<std::string> PoolLedger::check_items() const {
  std::size_t queued[3] = {0, 0, 0};
  for (const auto where : {kSuspect, kAgain, kFresh}) {
    for (const Entry& entry : queues_[where].entries) {
      const Item& item = items_[entry.slot];
      if (item.where == where && item.ticket == entry.ticket) ++queued[where];
    }
    if (queued[where] != queues_[where].size) return "I3: a queue's size does not match its entries";
  }
  std::size_t leased = 0;
  std::set<Slot> slots(free_slots_.begin(), free_slots_.end());
  for (const auto& one : quarantined_) slots.insert(one.slot);
  for (const auto& [id, slot] : index_) {
    const Item& item = items_[slot];
    if (item.id != id || item.where == kGone) return "I3: " + item_text(id) + " is in the books and nowhere else";
    if (!slots.insert(slot).second) return "the slot of " + item_text(id) + " is used twice";
    if (item.where != kLeased) continue;
    ++leased;
    const Lease* lease = leases_.find(item.lease);
    if (lease == nullptr || lease->item != id) return "I3: " + item_text(id) + " is leased, but by no open lease";
  }
  if (leased + pending() != index_.size()) return "I3: pending and leased items do not add up";
  if (slots.size() != items_.size()) return "a slot is lost";
  const auto ended = totals_.done + totals_.quarantined + totals_.returned;
  if (totals_.offered != ended + index_.size()) return "I4: offered items and their ends do not add up";
  return std::nullopt;
}

}  // namespace autodidact
