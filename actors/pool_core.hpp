#pragma once
// Work pulling at a stage boundary: upstream offers no more than it was granted, workers get no more than they demanded, what
// a dead or silent worker held goes to the next. Executes an item at least once, reports it done exactly once.
//
// Owner and thread: the pool actor of the stage (its handlers only translate messages into these calls). Nothing survives a
// crash of the process: pending work is rebuilt from item states in the store. Cost: see bench; about 0.2 us per item.
//
// The usual round of the owner, after any call that may have freed credit or room:
//   for (auto& a : pool.assign(now)) tell(worker(a.worker), Work{…});   if (auto n = pool.take_grant(half)) tell(upstream,
//   Grant{n});

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/pool_ledger.hpp"

namespace autodidact {

template <class Payload>  // copyable and cheap: a shared_ptr
class PoolCore {
 public:
  using Options = PoolOptions;
  using DoneResult = autodidact::DoneResult;
  using Stats = PoolStats;
  struct Assignment {
    WorkerId worker;
    LeaseId lease;
    ItemId item;
    Payload payload;
    std::uint32_t attempt;  // 1 = first delivery
    TimeMs deadline;        // renew or be done before
  };
  struct Quarantined {
    ItemId item;
    Payload payload;
    std::string reason;
  };

  explicit PoolCore(Options options) : ledger_(options) {}

  // --- workers
  // A worker (re)starts with no credit. Leases of its older epochs come back first. Same or older epoch: ignored.
  void hello(WorkerId worker, Epoch epoch, std::size_t window, TimeMs now) { ledger_.hello(worker, epoch, window, now); }
  // Adds n credits; never more than window - held take effect.
  void demand(WorkerId worker, Epoch epoch, std::size_t n) { ledger_.demand(worker, epoch, n); }
  // It ended: its leases go to the front of the queue, one strike each; its credits are void.
  void peer_down(WorkerId worker, Epoch epoch, const std::string& why) { ledger_.peer_down(worker, epoch, why); }
  // Hot reload; a smaller window takes effect as items finish.
  void resize(WorkerId worker, std::size_t window) { ledger_.resize(worker, window); }
  // The place itself is gone (fewer workers after a reload); as peer_down, without the strikes.
  void remove(WorkerId worker) { ledger_.remove(worker); }

  // --- upstream
  // How many more items upstream may offer now; marks them granted. 0 unless at least `at_least` (half the capacity keeps the
  // grant messages few).
  std::size_t take_grant(std::size_t at_least = 1) { return ledger_.take_grant(at_least); }
  // Upstream restarted: what it was granted is void.
  void revoke_grants() { ledger_.revoke_grants(); }
  // False: not granted, draining, or here already. Upstream then still has it.
  bool offer(ItemId item, Payload payload) {
    const auto slot = ledger_.offer(item);
    if (slot == PoolLedger::kNoSlot) return false;
    if (slot >= payloads_.size()) payloads_.resize(slot + 1);
    payloads_[slot] = std::move(payload);
    return true;
  }

  // --- work
  // All work that demand allows now: redeliveries first, then oldest first, workers in turn. An item one strike from quarantine
  // goes alone to a worker that holds nothing else, so that it does not take innocent neighbours with it.
  std::vector<Assignment> assign(TimeMs now) {
    std::vector<Assignment> out;
    for (const auto& a : ledger_.assign(now)) {
      out.push_back({a.worker, a.lease, a.item, payloads_[a.slot], a.attempt, a.deadline});
    }
    return out;
  }
  // kFirst exactly once per item. A late one, of an expired lease, is accepted if the item is not done yet.
  DoneResult done(WorkerId worker, Epoch epoch, LeaseId lease) {
    const auto finished = ledger_.done(worker, epoch, lease);
    if (finished.slot != PoolLedger::kNoSlot) payloads_[finished.slot] = Payload();
    return finished.result;
  }
  // retryable: a strike, then again; else quarantine at once.
  void fail(WorkerId worker, Epoch epoch, LeaseId lease, bool retryable, const std::string& reason) {
    ledger_.fail(worker, epoch, lease, retryable, reason);
  }
  // Unfinished and blameless (drain, weights reload): back to the front, no strike.
  void give_back(WorkerId worker, Epoch epoch, LeaseId lease) { ledger_.give_back(worker, epoch, lease); }
  void renew(WorkerId worker, Epoch epoch, std::span<const LeaseId> leases, TimeMs now) {
    ledger_.renew(worker, epoch, leases, now);
  }
  // Expires leases: the item goes to the front with a strike; the worker's answer still counts if it comes first.
  void tick(TimeMs now) { ledger_.tick(now); }

  // Items given up since the last call. They are finished: the owner records them.
  std::vector<Quarantined> take_quarantined() {
    std::vector<Quarantined> out;
    for (auto& q : ledger_.take_quarantined()) out.push_back({q.item, take(q.slot), std::move(q.reason)});
    return out;
  }

  // --- ends
  void drain() { ledger_.drain(); }                   // no grants and no offers from here on
  bool drained() const { return ledger_.drained(); }  // draining, nothing held, nothing pending
  // Pending items leave the pool unfinished, for a quick drain. The leased ones stay.
  std::vector<Payload> return_pending() { return take_all(ledger_.return_pending()); }
  // Stage reset: every unfinished item leaves, leases and grants are void, workers keep epoch and window but lose their
  // credits. Quarantined items not taken yet stay to be taken.
  std::vector<Payload> forget_all() { return take_all(ledger_.forget_all()); }

  // Work is waiting, nobody holds any, and nobody has asked (I7): true for longer than a message takes is a worker's bug.
  bool starving() const { return ledger_.starving(); }
  Stats stats() const { return ledger_.stats(); }
  // The invariant that does not hold, if any. Costs a walk over everything.
  std::optional<std::string> check() const { return ledger_.check(); }
  void set_lease_ms(TimeMs lease_ms) { ledger_.set_lease_ms(lease_ms); }  // for leases from now on

 private:
  Payload take(PoolLedger::Slot slot) { return std::exchange(payloads_[slot], Payload()); }
  std::vector<Payload> take_all(const std::vector<PoolLedger::Slot>& slots) {
    std::vector<Payload> out;
    for (auto slot : slots) out.push_back(take(slot));
    return out;
  }

  PoolLedger ledger_;
  std::vector<Payload> payloads_;  // by the ledger's slot
};

}  // namespace autodidact
