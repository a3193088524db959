#include "tests/actors/pool_model.hpp"

namespace autodidact {

bool PoolModel::current(WorkerId worker, Epoch epoch) const {
  const auto found = workers.find(worker);
  return found != workers.end() && found->second.up && found->second.epoch == epoch;
}

std::size_t PoolModel::held(WorkerId worker) const {
  return static_cast<std::size_t>(std::count_if(leases.begin(), leases.end(), [&](const auto& row) {
    return row.second.worker == worker && row.second.state == LeaseRow::kOpen;
  }));
}

std::size_t PoolModel::credits(WorkerId id) const {
  const Worker& worker = workers.at(id);
  const std::size_t holding = held(id);
  return !worker.up || holding >= worker.window ? 0 : std::min(worker.wanted, worker.window - holding);
}

bool PoolModel::holds_alone(WorkerId worker) const {
  return std::any_of(leases.begin(), leases.end(), [&](const auto& row) {
    return row.second.worker == worker && row.second.state == LeaseRow::kOpen && row.second.alone;
  });
}

// ---- upstream

std::optional<std::string> PoolModel::offered(ItemId id, bool accepted) {
  const bool granted = !draining_ && granted_ > 0;
  if (granted) --granted_;
  const bool expected = granted && items.count(id) == 0;
  if (expected != accepted) return "offer of " + std::to_string(id) + (accepted ? " accepted" : " refused");
  if (accepted) items[id] = {0, ++offered_count, true, 0};
  return std::nullopt;
}

std::optional<std::string> PoolModel::granted(std::size_t n, std::size_t at_least) {
  std::size_t pending = 0;
  for (const auto& [id, item] : items) pending += item.lease == 0;
  const std::size_t used = pending + granted_;
  std::size_t room = used < options_.capacity ? options_.capacity - used : 0;
  if (draining_ || room < at_least) room = 0;
  granted_ += n;
  return n == room ? std::nullopt
                   : std::optional("I2: granted " + std::to_string(n) + " with room for " + std::to_string(room));
}

// ---- workers

void PoolModel::end_epoch(WorkerId id, bool strike) {
  for (auto& [lease, row] : leases) {
    if (row.worker != id || row.state == LeaseRow::kDead) continue;
    const bool open = row.state == LeaseRow::kOpen;
    row.state = LeaseRow::kDead;
    if (open) come_back(row.item, lease, strike, row.alone);
  }
  Worker& worker = workers[id];
  worker.up = false;
  worker.wanted = 0;
}

void PoolModel::hello(WorkerId id, Epoch epoch, std::size_t window, TimeMs now) {
  tick(now);
  if (workers.count(id) && epoch <= workers[id].epoch) return;
  if (workers.count(id) && workers[id].up) end_epoch(id, true);
  workers[id] = {epoch, true, window, 0};
}

void PoolModel::peer_down(WorkerId id, Epoch epoch) {
  if (workers.count(id) && (epoch < workers[id].epoch || (epoch == workers[id].epoch && !workers[id].up))) return;
  end_epoch(id, true);
  workers[id].epoch = epoch;
}

void PoolModel::remove(WorkerId id) {
  if (workers.count(id)) end_epoch(id, false);
}

void PoolModel::demand(WorkerId id, Epoch epoch, std::size_t n) {
  if (!current(id, epoch)) return;
  Worker& worker = workers[id];
  worker.wanted = std::max(worker.wanted, std::min(worker.wanted + n, worker.window));
}

void PoolModel::resize(WorkerId id, std::size_t window) {
  if (!workers.count(id)) return;
  Worker& worker = workers[id];
  worker.window = window;
  worker.wanted = std::min(worker.wanted, window);
  bound_ghosts(id);
}

void PoolModel::bound_ghosts(WorkerId id) {
  std::vector<LeaseRow*> ghosts;
  for (auto& [lease, row] : leases) {
    if (row.worker == id && row.state == LeaseRow::kGhost) ghosts.push_back(&row);
  }
  if (ghosts.size() <= workers[id].window) return;
  for (LeaseRow* row : ghosts) row->forgettable = true;
}

// ---- items

void PoolModel::give_up(ItemId id) {
  items.erase(id);
  ++to_take_[id];
  ++quarantined_count;
}

// The lease is closed already; only the one an item is held by moves it.
void PoolModel::come_back(ItemId id, LeaseId lease, bool strike, bool proven) {
  const auto found = items.find(id);
  if (found == items.end() || found->second.lease != lease) return;
  Item& item = found->second;
  const bool last = item.strikes + 1 >= options_.max_attempts;
  if (strike && last && (proven || item.strikes == 0)) return give_up(id);
  if (strike && !last) ++item.strikes;
  item.lease = 0;
  item.fresh = false;
}

PoolModel::LeaseRow* PoolModel::open_lease(WorkerId worker, Epoch epoch, LeaseId lease) {
  if (!current(worker, epoch)) return nullptr;
  const auto found = leases.find(lease);
  const bool its_own = found != leases.end() && found->second.worker == worker && found->second.state == LeaseRow::kOpen;
  return its_own ? &found->second : nullptr;
}

std::optional<std::string> PoolModel::done(WorkerId worker, Epoch epoch, LeaseId lease, DoneResult result) {
  DoneResult expected = DoneResult::kStale;
  const auto found = leases.find(lease);
  if (current(worker, epoch) && found != leases.end() && found->second.worker == worker &&
      found->second.state != LeaseRow::kDead) {
    found->second.state = LeaseRow::kDead;
    if (found->second.forgettable && result == DoneResult::kStale) return std::nullopt;
    const bool unfinished = items.erase(found->second.item) > 0;
    expected = unfinished ? DoneResult::kFirst : DoneResult::kDuplicate;
    done_count += unfinished;
  }
  if (expected == result) return std::nullopt;
  return "I4/I5: done() said " + std::to_string(int(result)) + ", the rules say " + std::to_string(int(expected));
}

void PoolModel::fail(WorkerId worker, Epoch epoch, LeaseId lease, bool retryable) {
  LeaseRow* row = open_lease(worker, epoch, lease);
  if (row == nullptr) return;
  row->state = LeaseRow::kDead;
  const auto found = items.find(row->item);
  if (found == items.end() || found->second.lease != lease) return;
  if (!retryable) return give_up(row->item);
  come_back(row->item, lease, true, true);
}

void PoolModel::give_back(WorkerId worker, Epoch epoch, LeaseId lease) {
  LeaseRow* row = open_lease(worker, epoch, lease);
  if (row == nullptr) return;
  row->state = LeaseRow::kDead;
  come_back(row->item, lease, false, false);
}

void PoolModel::renew(WorkerId worker, Epoch epoch, LeaseId lease, TimeMs now) {
  if (LeaseRow* row = open_lease(worker, epoch, lease)) row->deadline = now + options_.lease_ms;
}

void PoolModel::tick(TimeMs now) {
  for (auto& [id, row] : leases) {
    if (row.state != LeaseRow::kOpen || row.deadline > now) continue;
    const auto found = items.find(row.item);
    const bool its_own = found != items.end() && found->second.lease == id;
    row.state = its_own ? LeaseRow::kGhost : LeaseRow::kDead;
    if (its_own) come_back(row.item, id, true, row.alone);
  }
  for (const auto& [id, worker] : workers) bound_ghosts(id);
}

std::size_t PoolModel::return_pending() {
  const std::size_t n = std::erase_if(items, [](const auto& entry) { return entry.second.lease == 0; });
  returned_count += n;
  return n;
}

std::size_t PoolModel::forget_all() {
  const std::size_t n = items.size();
  returned_count += n;
  items.clear();
  for (auto& [id, row] : leases) row.state = LeaseRow::kDead;
  granted_ = 0;
  return n;
}

// ---- what comes out

std::optional<std::string> PoolModel::assigned(const PoolCore<int>::Assignment& a, TimeMs now) {
  const std::string what = "assignment of " + std::to_string(a.item) + " to " + std::to_string(a.worker) + ": ";
  const auto found = items.find(a.item);
  if (found == items.end()) return what + "I4: the item is finished or unknown";
  Item& item = found->second;
  if (item.lease != 0) return what + "I3: it is leased already";
  if (!workers.count(a.worker) || credits(a.worker) == 0) return what + "I1/I6: that worker has no credit";
  if (a.payload != static_cast<int>(a.item)) return what + "wrong payload";
  if (a.attempt != item.strikes + 1 || a.deadline != now + options_.lease_ms) return what + "wrong attempt or deadline";
  if (leases.count(a.lease)) return what + "a lease id came twice";
  if (suspect(item) ? held(a.worker) > 0 : holds_alone(a.worker)) return what + "a suspect is not alone";
  for (const auto& [id, other] : items) {
    if (!suspect(item) && item.fresh && other.lease == 0 && !suspect(other) && (!other.fresh || other.order < item.order)) {
      return what + "not the oldest: " + std::to_string(id) + " was there before";
    }
  }
  item.lease = a.lease;
  leases[a.lease] = {a.worker, workers[a.worker].epoch, a.item, a.deadline, suspect(item), LeaseRow::kOpen};
  --workers[a.worker].wanted;
  return std::nullopt;
}

// Nothing may be left that demand allows, but for what isolation holds back.
std::optional<std::string> PoolModel::after_assign() const {
  std::size_t normal = 0, suspects = 0, ready = 0;
  for (const auto& [id, item] : items) {
    if (item.lease == 0) ++(suspect(item) ? suspects : normal);
  }
  for (const auto& [id, worker] : workers) ready += credits(id) > 0 && !holds_alone(id);
  if (normal > 0 && ready > (suspects > 0 ? 1 : 0)) return "I7: work and credit are left over";
  return std::nullopt;
}

std::optional<std::string> PoolModel::quarantined(const std::vector<PoolCore<int>::Quarantined>& taken) {
  std::map<ItemId, int> got;
  for (const auto& one : taken) {
    ++got[one.item];
    if (one.payload != static_cast<int>(one.item)) return "quarantined item with another's payload";
  }
  const bool same = got == to_take_;
  to_take_.clear();
  return same ? std::nullopt : std::optional<std::string>("quarantined items differ");
}

std::optional<std::string> PoolModel::agrees(const PoolStats& stats) const {
  std::size_t pending = 0, leased = 0, credit = 0, up = 0, window = 0;
  for (const auto& [id, item] : items) pending += item.lease == 0;
  for (const auto& [id, worker] : workers) {
    leased += held(id);
    credit += credits(id);
    up += worker.up;
    window += worker.window;
  }
  const auto differ = [](const char* what, std::uint64_t real, std::uint64_t model) {
    return std::string(what) + ": " + std::to_string(real) + ", the rules say " + std::to_string(model);
  };
  if (stats.pending != pending) return differ("pending", stats.pending, pending);
  if (stats.held != leased) return differ("held", stats.held, leased);
  if (stats.credits != credit) return differ("credits", stats.credits, credit);
  if (stats.granted != granted_) return differ("granted", stats.granted, granted_);
  if (stats.workers != up) return differ("workers", stats.workers, up);
  if (stats.done != done_count) return differ("done", stats.done, done_count);
  if (stats.quarantined != quarantined_count) return differ("quarantined", stats.quarantined, quarantined_count);
  if (stats.returned != returned_count) return differ("returned", stats.returned, returned_count);
  if (stats.offered != offered_count) return differ("offered", stats.offered, offered_count);
  return std::nullopt;
}

}  // namespace autodidact
