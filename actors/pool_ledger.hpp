#pragma once
// Who holds which item of work: demand, leases and epochs of one stage boundary, as a plain state machine over item ids.
//
// Owner: the PoolCore of one stage (actors/pool_core.hpp), which adds the payloads. Thread: its owner's; no locks, no clock
// (time is passed in and never goes back). What survives a crash: nothing; pending work is rebuilt from item states in the
// store.
//
// Invariants (check() tells which is broken):
//   I1 credits(w) + held(w) <= window(w), except that held may exceed a window that was made smaller.
//   I2 fresh pending + granted <= capacity; redelivered items come on top, at most as many as were held.
//   I3 an item that is not finished is either pending or leased, never both.
//   I4 an item is done at most once. I5 a message of an older epoch changes nothing. I6 no work without demand.
//   I8 once drained, nothing is held.
// I7 (idle workers and pending work, yet no credit) is for workers to keep; starving() shows it.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/item_table.hpp"
#include "actors/lease_table.hpp"
#include "config/types.hpp"

namespace autodidact {

using Epoch = std::uint32_t;

enum class DoneResult {
  kFirst,      // the item is finished by this: exactly once per item
  kDuplicate,  // finished before; drop the result
  kStale,      // of an older epoch, or a lease long forgotten: changed nothing
};

struct PoolOptions {
  std::size_t capacity = 1024;     // Q: items waiting here or promised to upstream
  std::uint32_t max_attempts = 3;  // an item that costs that many workers is quarantined
  TimeMs lease_ms = 60000;
};

struct PoolStats {
  std::size_t pending = 0, granted = 0, held = 0, credits = 0, workers = 0, suspects = 0, quarantined_waiting = 0;
  std::uint64_t offered = 0, done = 0, duplicates = 0, stale = 0, redelivered = 0, expired = 0, deaths = 0, quarantined = 0,
                returned = 0;  // totals since the start; returned = left unfinished by return_pending() or forget_all()
};

class PoolLedger {
 public:
  using Slot = ItemTable::Slot;
  static constexpr Slot kNoSlot = ItemTable::kNoSlot;
  struct Assignment {
    WorkerId worker;
    LeaseId lease;
    ItemId item;
    Slot slot;
    std::uint32_t attempt;
    TimeMs deadline;
  };
  struct Quarantined {
    ItemId item;
    Slot slot;
    std::string reason;
  };
  struct Finished {
    DoneResult result;
    Slot slot;  // free for reuse when kFirst, else kNoSlot
  };

  explicit PoolLedger(PoolOptions options);

  // See PoolCore for the meaning of each.
  void hello(WorkerId worker, Epoch epoch, std::size_t window, TimeMs now);
  void demand(WorkerId worker, Epoch epoch, std::size_t n);
  void resize(WorkerId worker, std::size_t window);
  void peer_down(WorkerId worker, Epoch epoch, const std::string& why);
  void remove(WorkerId worker);

  std::size_t take_grant(std::size_t at_least);
  void revoke_grants() { granted_ = 0; }
  Slot offer(ItemId item);  // kNoSlot: refused

  std::vector<Assignment> assign(TimeMs now);
  Finished done(WorkerId worker, Epoch epoch, LeaseId lease);
  void fail(WorkerId worker, Epoch epoch, LeaseId lease, bool retryable, const std::string& reason);
  void give_back(WorkerId worker, Epoch epoch, LeaseId lease);
  void renew(WorkerId worker, Epoch epoch, std::span<const LeaseId> leases, TimeMs now);
  void tick(TimeMs now);

  std::vector<Quarantined> take_quarantined();
  std::vector<Slot> return_pending();
  std::vector<Slot> forget_all();
  void drain();
  bool drained() const { return draining_ && held_ == 0 && items_.waiting() == 0; }

  bool starving() const;
  PoolStats stats() const;
  std::optional<std::string> check() const;
  void set_lease_ms(TimeMs lease_ms) { options_.lease_ms = lease_ms; }

 private:
  struct Worker {
    Epoch epoch = 0;
    bool up = false, listed = false;  // listed: is in ready_
    std::size_t window = 0;
    std::size_t wanted = 0;      // demanded and not yet served
    std::size_t held = 0;        // open leases
    std::deque<LeaseId> ghosts;  // oldest first, at most `window`
  };
  struct Ghost {  // an expired lease whose worker may still answer
    WorkerId worker;
    ItemId item;
  };

  Worker* current(WorkerId worker, Epoch epoch);
  std::size_t credits(const Worker& worker) const;
  void list_ready(WorkerId id, Worker& worker);
  void void_epoch(WorkerId id, Worker& worker, bool strike, const std::string& why);

  void requeue(Slot slot);  // to the front
  void strike(Slot slot, bool proven, const std::string& why);
  void quarantine(Slot slot, const std::string& why);
  Finished finish(ItemId item);

  Assignment hand_out(WorkerId id, Worker& worker, Slot slot, bool alone, TimeMs now);
  void assign_suspect(TimeMs now, std::vector<Assignment>& out);
  void end_isolation();
  const Lease* held_lease(WorkerId id, Epoch epoch, LeaseId lease);
  bool close_lease(LeaseId id);  // true: the item was held by this lease and now is nowhere; the caller places it
  void expire(LeaseId id);
  void drop_ghosts(Worker& worker);
  void drop_ghost(Worker& worker, LeaseId id);

  std::optional<std::string> check_workers() const;

  PoolOptions options_;
  ItemTable items_;  // the unfinished
  LeaseTable leases_;
  std::unordered_map<LeaseId, Ghost> ghosts_;
  std::unordered_map<WorkerId, Worker> workers_;
  std::deque<WorkerId> ready_;         // workers with credit, in turn
  std::optional<WorkerId> isolation_;  // the worker kept free for suspects, one at a time
  LeaseId isolated_lease_ = 0;
  std::vector<Quarantined> quarantined_;
  std::size_t granted_ = 0, held_ = 0;
  bool draining_ = false;
  PoolStats totals_;
};

}  // namespace autodidact
