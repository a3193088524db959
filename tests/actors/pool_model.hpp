#pragma once
// The pool's rules written the naive way: maps and scans, no queues, no slots, no tickets. The property test runs it beside
// PoolCore and compares after every event. Single-threaded; a test owns it.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/pool_core.hpp"

namespace autodidact {

class PoolModel {
 public:
  explicit PoolModel(PoolOptions options) : options_(options) {}

  struct Item {
    std::uint32_t strikes = 0;
    std::uint64_t order = 0;  // of the offer
    bool fresh = true;        // never came back
    LeaseId lease = 0;        // 0 = pending
  };
  struct LeaseRow {
    WorkerId worker;
    Epoch epoch;
    ItemId item;
    TimeMs deadline;
    bool alone;
    enum { kOpen, kGhost, kDead } state;  // ghost: expired, its worker may still answer
    bool forgettable = false;             // a ghost beyond the window: the pool may remember it or not
  };
  struct Worker {
    Epoch epoch = 0;
    bool up = false;
    std::size_t window = 0, wanted = 0;
  };

  // Each returns the complaint when PoolCore's answer is not the one the rules give.
  std::optional<std::string> offered(ItemId id, bool accepted);
  std::optional<std::string> granted(std::size_t n, std::size_t at_least);
  std::optional<std::string> assigned(const PoolCore<int>::Assignment& a, TimeMs now);
  std::optional<std::string> after_assign() const;
  std::optional<std::string> done(WorkerId worker, Epoch epoch, LeaseId lease, DoneResult result);
  std::optional<std::string> quarantined(const std::vector<PoolCore<int>::Quarantined>& taken);
  std::optional<std::string> agrees(const PoolStats& stats) const;

  void hello(WorkerId worker, Epoch epoch, std::size_t window, TimeMs now);
  void demand(WorkerId worker, Epoch epoch, std::size_t n);
  void resize(WorkerId worker, std::size_t window);
  void peer_down(WorkerId worker, Epoch epoch);
  void remove(WorkerId worker);
  void fail(WorkerId worker, Epoch epoch, LeaseId lease, bool retryable);
  void give_back(WorkerId worker, Epoch epoch, LeaseId lease);
  void renew(WorkerId worker, Epoch epoch, LeaseId lease, TimeMs now);
  void tick(TimeMs now);
  void revoke_grants() { granted_ = 0; }
  void drain() { draining_ = true, granted_ = 0; }
  std::size_t return_pending();
  std::size_t forget_all();

  std::map<ItemId, Item> items;        // unfinished
  std::map<LeaseId, LeaseRow> leases;  // all there ever were
  std::map<WorkerId, Worker> workers;
  std::size_t done_count = 0, quarantined_count = 0, returned_count = 0, offered_count = 0;

 private:
  bool current(WorkerId worker, Epoch epoch) const;
  std::size_t held(WorkerId worker) const;
  std::size_t credits(WorkerId worker) const;
  bool suspect(const Item& item) const { return item.strikes > 0 && item.strikes + 1 >= options_.max_attempts; }
  bool holds_alone(WorkerId worker) const;
  void bound_ghosts(WorkerId worker);
  void come_back(ItemId id, LeaseId lease, bool strike, bool proven);
  void give_up(ItemId id);
  void end_epoch(WorkerId worker, bool strike);
  LeaseRow* open_lease(WorkerId worker, Epoch epoch, LeaseId lease);

  const PoolOptions options_;
  std::map<ItemId, int> to_take_;  // quarantined, not taken yet
  std::size_t granted_ = 0;
  bool draining_ = false;
};

}  // namespace autodidact
