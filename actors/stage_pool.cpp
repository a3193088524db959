#include "actors/stage_pool.hpp"

#include <algorithm>
#include <limits>

namespace autodidact {
namespace {

using Self = caf::stateful_actor<StagePoolState>*;

struct Pool {
  Self self;
  ContextPtr context;
  Place place;
  Stage stage;

  StagePoolState& s() const { return st(self); }
  caf::actor upstream() const {
    if (stage == Stage::kGenerate) return s().peers.curriculum;
    return stage == Stage::kVerify ? s().peers.generate_pool : s().peers.verify_pool;
  }
  caf::actor downstream() const { return stage == Stage::kGenerate ? s().peers.verify_pool : s().peers.filter_pool; }
  bool last() const { return stage == Stage::kFilter; }

  // Everything that may follow from freed credit or room: work to workers, grants upstream, the given-up to the store.
  void pump() const {
    pass_demand();
    std::map<WorkerId, Work> work;
    for (auto& a : s().core->assign(steady_ms())) work[a.worker].jobs.push_back({a.lease, std::move(a.payload)});
    for (auto& [worker, message] : work) tell(self, s().workers[worker].handle, std::move(message));
    if (auto up = upstream()) {
      const auto batch = std::max<std::size_t>(1, capacity() / 4);
      if (const auto n = s().core->take_grant(batch)) tell(self, up, Grant{s().generation, n});
    }
    for (auto& q : s().core->take_quarantined()) quarantine(q);
  }

  std::size_t capacity() const { return static_cast<std::size_t>(context->options->loop.max_in_flight); }

  void pass_demand() const {
    const auto stats = s().core->stats();
    std::size_t room = last() ? std::numeric_limits<std::size_t>::max() : s().room_below;
    room -= std::min(room, stats.held + stats.credits);
    for (auto& [worker, n] : s().asked) {
      const auto now = std::min(n, room);
      if (now == 0) continue;
      s().core->demand(worker, s().workers[worker].epoch, now);
      n -= now;
      room -= now;
    }
  }

  void quarantine(const JobPool::Quarantined& q) const {
    log_error(place.role, "an item cost too many workers and is set aside",
              {{"item", q.item}, {"prompt", q.payload->work.problem.prompt}, {"reason", q.reason}});
    WriteSet set;
    set.items.push_back({q.item, q.payload->work.problem, {}, true, q.reason});
    tell(self, s().peers.replay, Commit{q.item, std::move(set), caf::actor_cast<caf::actor>(self)});
  }

  void finished(const Finished& message) const {
    Offer offer{s().generation, {}};
    for (const auto& leased : message.jobs) {
      const auto result = s().core->done(message.worker, message.epoch, leased.lease);
      if (result != JobPool::DoneResult::kFirst) continue;
      ++s().finished;
      if (last() || leased.job->generation != s().generation) continue;
      s().room_below -= std::min<std::size_t>(s().room_below, 1);
      offer.jobs.push_back(leased.job);
    }
    if (!offer.jobs.empty()) tell(self, downstream(), std::move(offer));
    pump();
  }

  void accept(const Offer& offer) const {
    if (offer.generation != s().generation) return;  // issued again already
    for (const auto& job : offer.jobs) {
      if (!s().core->offer(job->work.id, job) && !s().draining)
        log_warn(place.role, "an offered item was not granted", {{"item", job->work.id}});
    }
    pump();
  }

  void reset(std::uint64_t generation) const {
    if (generation <= s().generation) return;
    s().generation = generation;
    s().core->forget_all();
    s().room_below = 0;
    s().asked.clear();
    // Workers hold leases that mean nothing now; they answer, are told stale, and ask again in full.
    for (auto& [worker, hello] : s().workers) s().asked[worker] = hello.window;
    pump();
  }

  ActorStatus status() const {
    const auto stats = s().core->stats();
    ActorStatus out{place.role, "working", "", {}, s().finished};
    if (stats.pending == 0 && stats.held == 0) {
      out.state = "idle";
      out.waits_for = stage == Stage::kGenerate ? "the curriculum" : stage == Stage::kVerify ? "generators" : "verifiers";
    } else if (stats.held == 0) {
      out.state = "waiting";
      out.waits_for = s().workers.empty()              ? "workers to say hello"
                      : s().room_below == 0 && !last() ? "room downstream"
                                                       : "demand";
    }
    out.numbers = {{"pending", double(stats.pending)},
                   {"held", double(stats.held)},
                   {"credits", double(stats.credits)},
                   {"done", double(stats.done)},
                   {"redelivered", double(stats.redelivered)},
                   {"duplicates", double(stats.duplicates)},
                   {"room_below", last() ? -1.0 : double(s().room_below)}};
    return out;
  }

  void tick() const {
    s().core->tick(steady_ms());
    const auto stats = s().core->stats();
    auto& m = *context->metrics;
    m.set("autodidact_stage_pending_items", place.role, double(stats.pending));
    m.set("autodidact_stage_held_items", place.role, double(stats.held));
    m.set("autodidact_stage_credits", place.role, double(stats.credits));
    m.add("autodidact_redeliveries_total", place.role, double(stats.redelivered - s().redelivered_seen));
    s().redelivered_seen = stats.redelivered;
    if (s().draining && s().core->drained()) tell(self, s().peers.supervisor, Drained{place.role});
    pump();
    tell_after(self, kTickEvery, caf::actor_cast<caf::actor>(self), Tick{});
  }
};

}  // namespace

const char* name(Stage stage) {
  switch (stage) {
    case Stage::kGenerate: return "generate";
    case Stage::kVerify: return "verify";
    case Stage::kFilter: return "filter";
  }
  return "";
}

caf::behavior stage_pool(caf::stateful_actor<StagePoolState>* self, ContextPtr context, Place place, Stage stage) {
  const Pool pool{self, context, place, stage};
  const auto& supervise = context->options->supervise;
  st(self).core = std::make_unique<JobPool>(
      PoolOptions{pool.capacity(), static_cast<std::uint32_t>(supervise.max_attempts_per_item), supervise.lease_ms});
  tell(self, caf::actor_cast<caf::actor>(self), Tick{});
  return make_behavior(
      self, reporter(place.role), [pool](const Wire& wire) { pool.s().peers = wire.peers; },
      [pool](const Hello& hello) {
        auto& s = pool.s();
        if (auto it = s.workers.find(hello.worker); it != s.workers.end() && it->second.epoch >= hello.epoch) return;
        s.core->hello(hello.worker, hello.epoch, hello.window, steady_ms());
        s.workers[hello.worker] = hello;
        s.asked[hello.worker] = 0;
        pool.pump();
      },
      [pool](const Demand& demand) {
        auto& s = pool.s();
        auto it = s.workers.find(demand.worker);
        if (it == s.workers.end() || it->second.epoch != demand.epoch) return;
        s.asked[demand.worker] = std::min(s.asked[demand.worker] + demand.n, it->second.window);
        pool.pump();
      },
      [pool](const Offer& offer) { pool.accept(offer); }, [pool](const Finished& message) { pool.finished(message); },
      [pool](const Failed& f) {
        pool.s().core->fail(f.worker, f.epoch, f.lease, f.retryable, f.reason);
        pool.pump();
      },
      [pool](const Renew& r) { pool.s().core->renew(r.worker, r.epoch, r.leases, steady_ms()); },
      [pool](const WorkerDown& down) {
        pool.s().core->peer_down(down.worker, down.epoch, down.reason);
        pool.pump();
      },
      [pool](const Grant& grant) {
        pool.reset(grant.generation);  // the pool below may have heard of the reset first
        if (grant.generation != pool.s().generation) return;
        pool.s().room_below += grant.n;
        pool.pump();
      },
      [pool](const Committed& message) {  // of a quarantined item, durable now
        ItemState item;
        item.item = message.token;
        item.quarantined = true;
        tell(pool.self, pool.s().peers.curriculum, ItemsCommitted{{item}});
      },
      [pool](const ResetPipeline& reset) { pool.reset(reset.generation); },
      [pool](const Configure& configure) { pool.s().core->set_lease_ms(configure.options->supervise.lease_ms); },
      [pool](const Drain&) {
        pool.s().draining = true;
        pool.s().core->drain();
        // Not sampled yet: the curriculum of the next start issues them. What is sampled goes all the way into the store.
        if (pool.stage == Stage::kGenerate) pool.s().core->return_pending();
      },
      [pool](const Tick&) { pool.tick(); },
      [pool](const StatusRequest& request) {
        tell(pool.self, pool.s().peers.supervisor, StatusReport{request.child, pool.status()});
      },
      [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
