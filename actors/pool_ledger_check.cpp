// PoolLedger::check(): the invariants, by walking everything. For tests and for a debug build's assertion after every message.
#include "actors/pool_ledger.hpp"

namespace autodidact {

std::optional<std::string> PoolLedger::check() const {
  if (auto broken = check_workers()) return broken;
  std::vector<Slot> quarantined;
  for (const auto& one : quarantined_) quarantined.push_back(one.slot);
  if (auto broken = items_.check(leases_, quarantined)) return broken;
  const auto ended = totals_.done + totals_.quarantined + totals_.returned;
  if (totals_.offered != ended + items_.size()) return "I4: offered items and their ends do not add up";
  if (items_.waiting(ItemTable::kFresh) + granted_ > options_.capacity)
    return "I2: fresh pending + granted exceed the capacity";
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

}  // namespace autodidact
