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
  const std::size_t used = pending() + granted_;
  const std::size_t room = used < options_.capacity ? options_.capacity - used : 0;
  if (draining_ || room == 0 || room < at_least) return 0;
  granted_ += room;
  return room;
}

PoolLedger::Slot PoolLedger::offer(ItemId id) {
  if (draining_ || granted_ == 0) return kNoSlot;
  --granted_;
  const auto [entry, fresh] = index_.try_emplace(id, kNoSlot);
  if (!fresh) return kNoSlot;
  Slot slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<Slot>(items_.size());
    items_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  entry->second = slot;
  items_[slot] = Item();
  items_[slot].id = id;
  enqueue(slot, kFresh, false);
  ++totals_.offered;
  return slot;
}

// ---- queues

void PoolLedger::enqueue(Slot slot, Where where, bool front) {
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

PoolLedger::Slot PoolLedger::dequeue(Where where) {
  Queue& queue = queues_[where];
  while (!queue.entries.empty()) {
    const Entry entry = queue.entries.front();
    queue.entries.pop_front();
    const Item& item = items_[entry.slot];
    if (item.where == where && item.ticket == entry.ticket) {
      --queue.size;
      return entry.slot;
    }
  }
  return kNoSlot;
}

void PoolLedger::leave_queue(Slot slot) {
  Queue& queue = queues_[items_[slot].where];
  items_[slot].ticket = 0;
  if (--queue.size == 0) queue.entries.clear();
}

void PoolLedger::requeue(Slot slot) {
  const std::uint32_t strikes = items_[slot].strikes;
  const bool suspect = strikes > 0 && strikes + 1 >= options_.max_attempts;
  enqueue(slot, suspect ? kSuspect : kAgain, true);
  ++totals_.redelivered;
}

// An item that was in the hands of a worker that died or went silent. Only one held alone is proven to be the cause; the last
// strike needs proof, or one poison item would take a whole batch of neighbours into quarantine with it.
void PoolLedger::strike(Slot slot, bool proven, const std::string& why) {
  Item& item = items_[slot];
  const bool last = item.strikes + 1 >= options_.max_attempts;
  if (last && (proven || item.strikes == 0)) return quarantine(slot, why);
  if (!last) ++item.strikes;
  requeue(slot);
}

void PoolLedger::quarantine(Slot slot, const std::string& why) {
  Item& item = items_[slot];
  index_.erase(item.id);
  item.where = kGone;
  quarantined_.push_back({item.id, slot, why});
  ++totals_.quarantined;
}

void PoolLedger::release_slot(Slot slot) {
  items_[slot].where = kGone;
  free_slots_.push_back(slot);
}

// ---- leases

std::vector<PoolLedger::Assignment> PoolLedger::assign(TimeMs now) {
  std::vector<Assignment> out;
  assign_suspect(now, out);
  while (queues_[kAgain].size + queues_[kFresh].size > 0 && !ready_.empty()) {
    const WorkerId id = ready_.front();
    ready_.pop_front();
    Worker& worker = workers_[id];
    worker.listed = false;
    if (credits(worker) == 0 || isolation_ == id) continue;
    Slot slot = dequeue(kAgain);
    if (slot == kNoSlot) slot = dequeue(kFresh);
    out.push_back(hand_out(id, worker, slot, false, now));
    list_ready(id, worker);
  }
  return out;
}

PoolLedger::Assignment PoolLedger::hand_out(WorkerId id, Worker& worker, Slot slot, bool alone, TimeMs now) {
  Item& item = items_[slot];
  const TimeMs deadline = now + options_.lease_ms;
  item.where = kLeased;
  item.lease = leases_.open({item.id, slot, id, deadline, alone});
  --worker.wanted;
  ++worker.held;
  ++held_;
  return {id, item.lease, item.id, slot, item.strikes + 1, deadline};
}

// Suspects go one at a time to one worker, which gets nothing else until they are through.
void PoolLedger::assign_suspect(TimeMs now, std::vector<Assignment>& out) {
  if (isolated_lease_ != 0) return;
  if (queues_[kSuspect].size == 0) return end_isolation();
  if (!isolation_) {
    for (const auto& [id, worker] : workers_) {
      if (credits(worker) == 0) continue;
      if (!isolation_ || worker.held < workers_[*isolation_].held) isolation_ = id;
    }
  }
  if (!isolation_) return;
  Worker& worker = workers_[*isolation_];
  if (worker.held > 0 || credits(worker) == 0) return;
  out.push_back(hand_out(*isolation_, worker, dequeue(kSuspect), true, now));
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
  const Item& item = items_[lease.slot];
  return item.where == kLeased && item.lease == id;
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
  const auto found = index_.find(id);
  if (found == index_.end()) {
    ++totals_.duplicates;
    return {DoneResult::kDuplicate, kNoSlot};
  }
  const Slot slot = found->second;
  index_.erase(found);
  if (items_[slot].where < kLeased) leave_queue(slot);
  release_slot(slot);
  ++totals_.done;
  return {DoneResult::kFirst, slot};
}

void PoolLedger::fail(WorkerId id, Epoch epoch, LeaseId lease_id, bool retryable, const std::string& reason) {
  const Lease* lease = held_lease(id, epoch, lease_id);
  if (lease == nullptr) return;
  const Slot slot = lease->slot;
  if (!close_lease(lease_id)) return;
  if (!retryable || items_[slot].strikes + 1 >= options_.max_attempts) return quarantine(slot, reason);
  ++items_[slot].strikes;
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
  for (const auto& one : quarantined_) release_slot(one.slot);
  return std::exchange(quarantined_, {});
}

std::vector<PoolLedger::Slot> PoolLedger::return_pending() {
  std::vector<Slot> out;
  for (const Where where : {kSuspect, kAgain, kFresh}) {
    for (Slot slot = dequeue(where); slot != kNoSlot; slot = dequeue(where)) {
      index_.erase(items_[slot].id);
      release_slot(slot);
      out.push_back(slot);
    }
  }
  totals_.returned += out.size();
  return out;
}

std::vector<PoolLedger::Slot> PoolLedger::forget_all() {
  std::vector<Slot> out = return_pending();
  for (const auto& [id, slot] : index_) {
    release_slot(slot);
    out.push_back(slot);
    ++totals_.returned;
  }
  index_.clear();
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
  if (pending() == 0 || held_ > 0) return false;
  bool any_up = false;
  for (const auto& [id, worker] : workers_) {
    if (credits(worker) > 0) return false;
    any_up = any_up || worker.up;
  }
  return any_up;
}

PoolStats PoolLedger::stats() const {
  PoolStats stats = totals_;
  stats.pending = pending();
  stats.granted = granted_;
  stats.held = held_;
  stats.suspects = queues_[kSuspect].size;
  stats.quarantined_waiting = quarantined_.size();
  for (const auto& [id, worker] : workers_) {
    stats.credits += credits(worker);
    stats.workers += worker.up ? 1 : 0;
  }
  return stats;
}

}  // namespace autodidact
