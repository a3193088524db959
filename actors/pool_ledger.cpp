#include "actors/pool_ledger.hpp"

#include <algorithm>

#include "config/status.hpp"

namespace autodidact {

PoolLedger::PoolLedger(PoolOptions options) : options_(options) {
  AD_REQUIRE(options_.capacity > 0 && options_.max_attempts > 0, "a pool needs capacity and at least one attempt per item");
}

// ---- workers

void PoolLedger::hello(WorkerId id, Epoch epoch, std::size_t window, TimeMs now) {
  tick(now);  // what had expired before the restart has expired
  const bool known = workers_.count(id) > 0;
  Worker& worker = workers_[id];
  if (known && epoch <= worker.epoch) {
    ++totals_.stale;
    return;
  }
  if (worker.up) void_epoch(id, worker, true, "its worker restarted");
  worker.epoch = epoch;
  worker.up = true;
  worker.window = window;
  worker.wanted = 0;
}

void PoolLedger::demand(WorkerId id, Epoch epoch, std::size_t n) {
  Worker* worker = current(id, epoch);
  if (worker == nullptr) return;
  worker->wanted += std::min(n, worker->window - std::min(worker->window, worker->wanted));
  list_ready(id, *worker);
}

void PoolLedger::resize(WorkerId id, std::size_t window) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  found->second.window = window;
  found->second.wanted = std::min(found->second.wanted, window);
  while (found->second.ghosts.size() > window) {
    ghosts_.erase(found->second.ghosts.front());
    found->second.ghosts.pop_front();
  }
  list_ready(id, found->second);
}

void PoolLedger::peer_down(WorkerId id, Epoch epoch, const std::string& why) {
  const bool known = workers_.count(id) > 0;
  Worker& worker = workers_[id];
  if (known && (epoch < worker.epoch || (epoch == worker.epoch && !worker.up))) {
    ++totals_.stale;
    return;
  }
  ++totals_.deaths;
  void_epoch(id, worker, true, why);
  worker.epoch = epoch;  // its hello may still be on the way: it must not come back to life
}

void PoolLedger::remove(WorkerId id) {
  const auto found = workers_.find(id);
  if (found != workers_.end()) void_epoch(id, found->second, false, "");
}

PoolLedger::Worker* PoolLedger::current(WorkerId id, Epoch epoch) {
  const auto found = workers_.find(id);
  if (found == workers_.end() || !found->second.up || found->second.epoch != epoch) {
    ++totals_.stale;
    return nullptr;
  }
  return &found->second;
}

std::size_t PoolLedger::credits(const Worker& worker) const {
  if (!worker.up || worker.held >= worker.window) return 0;
  return std::min(worker.wanted, worker.window - worker.held);
}

void PoolLedger::list_ready(WorkerId id, Worker& worker) {
  if (worker.listed || credits(worker) == 0) return;
  worker.listed = true;
  ready_.push_back(id);
}

// Everything this incarnation held goes back to the front, oldest first.
void PoolLedger::void_epoch(WorkerId id, Worker& worker, bool strikes, const std::string& why) {
  std::vector<LeaseId> mine;
  for (LeaseId lease = leases_.first(); lease != 0; lease = leases_.next(lease)) {
    if (leases_.find(lease)->worker == id) mine.push_back(lease);
  }
  for (auto lease = mine.rbegin(); lease != mine.rend(); ++lease) {
    const Lease held = *leases_.find(*lease);
    if (!close_lease(*lease)) continue;
    if (strikes) {
      strike(held.slot, held.alone, why);
    } else {
      requeue(held.slot);
    }
  }
  drop_ghosts(worker);
  worker.up = false;
  worker.wanted = 0;
  if (isolation_ == id) end_isolation();
}

// ---- upstream

std::size_t PoolLedger::take_grant(std::size_t at_least) {
  const std::size_t used = items_.waiting() + granted_;
  const std::size_t room = used < options_.capacity ? options_.capacity - used : 0;
  if (draining_ || room == 0 || room < at_least) return 0;
  granted_ += room;
  return room;
}

PoolLedger::Slot PoolLedger::offer(ItemId id) {
  if (draining_ || granted_ == 0) return kNoSlot;
  --granted_;
  const Slot slot = items_.add(id);
  if (slot == kNoSlot) return kNoSlot;
  items_.enqueue(slot, ItemTable::kFresh, false);
  ++totals_.offered;
  return slot;
}

// ---- back to the queues

void PoolLedger::requeue(Slot slot) {
  const std::uint32_t strikes = items_.at(slot).strikes;
  const bool suspect = strikes > 0 && strikes + 1 >= options_.max_attempts;
  items_.enqueue(slot, suspect ? ItemTable::kSuspect : ItemTable::kAgain, true);
  ++totals_.redelivered;
}

// An item that was in the hands of a worker that died or went silent. Only one held alone is proven to be the cause; the last
// strike needs proof, or one poison item would take a whole batch of neighbours into quarantine with it.
void PoolLedger::strike(Slot slot, bool proven, const std::string& why) {
  const std::uint32_t strikes = items_.at(slot).strikes;
  const bool last = strikes + 1 >= options_.max_attempts;
  if (last && (proven || strikes == 0)) return quarantine(slot, why);
  if (!last) items_.strike(slot);
  requeue(slot);
}

void PoolLedger::quarantine(Slot slot, const std::string& why) {
  quarantined_.push_back({items_.at(slot).id, slot, why});
  items_.forget(slot);
  ++totals_.quarantined;
}

// ---- leases

std::vector<PoolLedger::Assignment> PoolLedger::assign(TimeMs now) {
  std::vector<Assignment> out;
  assign_suspect(now, out);
  while (items_.waiting() > items_.waiting(ItemTable::kSuspect) && !ready_.empty()) {
    const WorkerId id = ready_.front();
    ready_.pop_front();
    Worker& worker = workers_[id];
    worker.listed = false;
    if (credits(worker) == 0 || isolation_ == id) continue;
    Slot slot = items_.dequeue(ItemTable::kAgain);
    if (slot == kNoSlot) slot = items_.dequeue(ItemTable::kFresh);
    out.push_back(hand_out(id, worker, slot, false, now));
    list_ready(id, worker);
  }
  return out;
}

PoolLedger::Assignment PoolLedger::hand_out(WorkerId id, Worker& worker, Slot slot, bool alone, TimeMs now) {
  const ItemTable::Item& item = items_.at(slot);
  const TimeMs deadline = now + options_.lease_ms;
  items_.lease(slot, leases_.open({item.id, slot, id, deadline, alone}));
  --worker.wanted;
  ++worker.held;
  ++held_;
  return {id, item.lease, item.id, slot, item.strikes + 1, deadline};
}

// Suspects go one at a time to one worker, which gets nothing else until they are through.
void PoolLedger::assign_suspect(TimeMs now, std::vector<Assignment>& out) {
  if (isolated_lease_ != 0) return;
  if (items_.waiting(ItemTable::kSuspect) == 0) return end_isolation();
  if (!isolation_) {
    for (const auto& [id, worker] : workers_) {
      if (credits(worker) == 0) continue;
      if (!isolation_ || worker.held < workers_[*isolation_].held) isolation_ = id;
    }
  }
  if (!isolation_) return;
  Worker& worker = workers_[*isolation_];
  if (worker.held > 0 || credits(worker) == 0) return;
  out.push_back(hand_out(*isolation_, worker, items_.dequeue(ItemTable::kSuspect), true, now));
  isolated_lease_ = out.back().lease;
}

void PoolLedger::end_isolation() {
  if (!isolation_) return;
  const WorkerId id = *isolation_;
  isolation_.reset();
  isolated_lease_ = 0;
  list_ready(id, workers_[id]);
}

const Lease* PoolLedger::held_lease(WorkerId id, Epoch epoch, LeaseId lease) {
  if (current(id, epoch) == nullptr) return nullptr;
  const Lease* found = leases_.find(lease);
  return found != nullptr && found->worker == id ? found : nullptr;
}

bool PoolLedger::close_lease(LeaseId id) {
  const Lease lease = *leases_.find(id);
  leases_.close(id);
  Worker& worker = workers_[lease.worker];
  --worker.held;
  --held_;
  if (isolated_lease_ == id) isolated_lease_ = 0;
  list_ready(lease.worker, worker);
  return items_.held_by(lease.slot, id);
}

PoolLedger::Finished PoolLedger::done(WorkerId id, Epoch epoch, LeaseId lease_id) {
  Worker* worker = current(id, epoch);
  if (worker == nullptr) return {DoneResult::kStale, kNoSlot};
  const Lease* lease = leases_.find(lease_id);
  ItemId item = 0;
  if (lease != nullptr && lease->worker == id) {
    item = lease->item;
    close_lease(lease_id);
  } else {
    const auto ghost = ghosts_.find(lease_id);
    if (ghost == ghosts_.end() || ghost->second.worker != id) {
      ++totals_.stale;
      return {DoneResult::kStale, kNoSlot};
    }
    item = ghost->second.item;
    drop_ghost(*worker, lease_id);
  }
  return finish(item);
}

// Whoever else holds it by now will be told kDuplicate.
PoolLedger::Finished PoolLedger::finish(ItemId id) {
  const Slot slot = items_.find(id);
  if (slot == kNoSlot) {
    ++totals_.duplicates;
    return {DoneResult::kDuplicate, kNoSlot};
  }
  items_.forget(slot);
  items_.release(slot);
  ++totals_.done;
  return {DoneResult::kFirst, slot};
}

void PoolLedger::fail(WorkerId id, Epoch epoch, LeaseId lease_id, bool retryable, const std::string& reason) {
  const Lease* lease = held_lease(id, epoch, lease_id);
  if (lease == nullptr) return;
  const Slot slot = lease->slot;
  if (!close_lease(lease_id)) return;
  if (!retryable || items_.at(slot).strikes + 1 >= options_.max_attempts) return quarantine(slot, reason);
  items_.strike(slot);
  requeue(slot);
}

void PoolLedger::give_back(WorkerId id, Epoch epoch, LeaseId lease_id) {
  const Lease* lease = held_lease(id, epoch, lease_id);
  if (lease == nullptr) return;
  const Slot slot = lease->slot;
  if (close_lease(lease_id)) requeue(slot);
}

void PoolLedger::renew(WorkerId id, Epoch epoch, std::span<const LeaseId> leases, TimeMs now) {
  for (const LeaseId lease : leases) {
    if (held_lease(id, epoch, lease) != nullptr) leases_.renew(lease, now + options_.lease_ms);
  }
}

void PoolLedger::tick(TimeMs now) {
  std::vector<LeaseId> late;
  for (LeaseId lease = leases_.first(); lease != 0 && leases_.find(lease)->deadline <= now; lease = leases_.next(lease)) {
    late.push_back(lease);
  }
  for (auto lease = late.rbegin(); lease != late.rend(); ++lease) expire(*lease);
}

void PoolLedger::expire(LeaseId id) {
  const Lease lease = *leases_.find(id);
  ++totals_.expired;
  const bool isolated = isolated_lease_ == id;
  const bool its_own = close_lease(id);
  if (isolated) end_isolation();  // that worker may be stuck: suspects go to another
  if (!its_own) return;
  Worker& worker = workers_[lease.worker];
  if (worker.window > 0) {
    if (worker.ghosts.size() >= worker.window) {
      ghosts_.erase(worker.ghosts.front());
      worker.ghosts.pop_front();
    }
    worker.ghosts.push_back(id);
    ghosts_[id] = {lease.worker, lease.item};
  }
  strike(lease.slot, lease.alone, "no answer within the lease of " + std::to_string(options_.lease_ms) + " ms");
}

void PoolLedger::drop_ghosts(Worker& worker) {
  for (const LeaseId id : worker.ghosts) ghosts_.erase(id);
  worker.ghosts.clear();
}

void PoolLedger::drop_ghost(Worker& worker, LeaseId id) {
  ghosts_.erase(id);
  worker.ghosts.erase(std::find(worker.ghosts.begin(), worker.ghosts.end(), id));
}

// ---- ends

std::vector<PoolLedger::Quarantined> PoolLedger::take_quarantined() {
  for (const auto& one : quarantined_) items_.release(one.slot);
  return std::exchange(quarantined_, {});
}

std::vector<PoolLedger::Slot> PoolLedger::return_pending() {
  std::vector<Slot> out;
  for (const auto where : {ItemTable::kSuspect, ItemTable::kAgain, ItemTable::kFresh}) {
    for (Slot slot = items_.dequeue(where); slot != kNoSlot; slot = items_.dequeue(where)) {
      items_.forget(slot);
      items_.release(slot);
      out.push_back(slot);
    }
  }
  totals_.returned += out.size();
  return out;
}

std::vector<PoolLedger::Slot> PoolLedger::forget_all() {
  std::vector<Slot> out = return_pending();
  const std::vector<Slot> leased = items_.clear();
  out.insert(out.end(), leased.begin(), leased.end());
  totals_.returned += leased.size();
  leases_.clear();
  ghosts_.clear();
  granted_ = held_ = 0;
  for (auto& [id, worker] : workers_) {
    worker.held = 0;
    worker.ghosts.clear();
    list_ready(id, worker);
  }
  isolated_lease_ = 0;
  end_isolation();
  return out;
}

void PoolLedger::drain() {
  draining_ = true;
  granted_ = 0;
}

bool PoolLedger::starving() const {
  if (items_.waiting() == 0 || held_ > 0) return false;
  bool any_up = false;
  for (const auto& [id, worker] : workers_) {
    if (credits(worker) > 0) return false;
    any_up = any_up || worker.up;
  }
  return any_up;
}

PoolStats PoolLedger::stats() const {
  PoolStats stats = totals_;
  stats.pending = items_.waiting();
  stats.granted = granted_;
  stats.held = held_;
  stats.suspects = items_.waiting(ItemTable::kSuspect);
  stats.quarantined_waiting = quarantined_.size();
  for (const auto& [id, worker] : workers_) {
    stats.credits += credits(worker);
    stats.workers += worker.up ? 1 : 0;
  }
  return stats;
}

}  // namespace autodidact
