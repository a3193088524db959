#include "actors/replay.hpp"

#include <algorithm>

namespace autodidact {
namespace {

using Self = caf::stateful_actor<ReplayState>*;

// The store's answer, from its writer thread.
struct Replay {
  Self self;
  ContextPtr context;
  Place place;

  ReplayState& s() const { return st(self); }

  void commit(const Commit& message) const {
    ReplayState::Pending pending{message.token, std::make_shared<const WriteSet>(message.set), message.reply_to, steady_ms()};
    if (s().retry.empty()) {
      submit(std::move(pending));
    } else {
      s().retry.push_back(std::move(pending));  // order is kept
    }
  }

  void submit(ReplayState::Pending pending) const {
    const auto number = s().next++;
    const auto set = pending.set;
    s().in_flight.emplace(number, std::move(pending));
    const auto address = caf::actor_cast<caf::actor_addr>(self);
    context->store->submit(*set, [address, number](Result<WriteReceipt> receipt) {
      auto me = caf::actor_cast<caf::actor>(address);
      if (!me) return;
      anon_tell(me, Stored{number, receipt.status(), receipt.ok() ? std::move(receipt).value() : WriteReceipt{}});
    });
  }

  void stored(const Stored& message) const {
    auto it = s().in_flight.find(message.number);
    if (it == s().in_flight.end()) return;
    ReplayState::Pending pending = std::move(it->second);
    s().in_flight.erase(it);
    if (!message.status.ok()) {
      if (message.status.code() != Errc::kTemporary)
        log_error(place.role, "the store refused a write: " + message.status.message());
      s().retry.push_back(std::move(pending));
      return;
    }
    ++s().committed;
    account(*pending.set, message.receipt);
    context->metrics->observe("autodidact_commit_seconds", "item", double(steady_ms() - pending.since) * 1e-3);
    if (pending.reply_to) tell(self, pending.reply_to, Committed{pending.token, message.receipt});
    grant_draws();
  }

  void account(const WriteSet& set, const WriteReceipt& receipt) const {
    auto& m = *context->metrics;
    std::map<std::string, double> outcomes, reasons;
    std::uint64_t kept = 0;
    for (std::size_t i = 0; i < set.items.size(); ++i) {
      const auto& item = set.items[i];
      const bool fresh = i < receipt.first_ids.size() && (receipt.first_ids[i] != 0 || item.attempts.empty());
      m.add("autodidact_items_total", item.quarantined ? "quarantined" : fresh ? "committed" : "duplicate");
      if (!fresh) continue;
      for (const auto& judged : item.attempts) {
        ++outcomes[name(judged.verdict.outcome)];
        ++reasons[judged.selection.kept ? "kept" : name(judged.selection.reason)];
        kept += judged.selection.kept ? 1 : 0;
      }
    }
    for (const auto& [outcome, n] : outcomes) m.add("autodidact_attempts_total", outcome, n);
    for (const auto& [reason, n] : reasons) m.add("autodidact_selections_total", reason, n);
    if (s().limiter) s().limiter->inserted(kept);
  }

  // Draws are counted when granted: a crash in between costs one batch of the ratio, never a record.
  void grant_draws() const {
    const auto n = s().draw_asked;
    if (n == 0) return;
    const auto now_ns = system_clock().mono_ns();
    if (s().limiter) {
      const bool may = s().limiter->can_sample(n);
      s().limiter->note(RatioLimiter::Side::kSample, !may, now_ns);
      if (!may) return;
      s().limiter->sampled(n);
    }
    s().draw_asked = 0;
    tell(self, s().peers.trainer, DrawGranted{n});
  }

  void retry() const {
    if (s().retry.empty() || !context->store->health().writable) return;
    std::deque<ReplayState::Pending> again;
    again.swap(s().retry);
    for (auto& pending : again) submit(std::move(pending));
  }

  std::string blocked() const {
    const StoreHealth health = context->store->health();
    auto& m = *context->metrics;
    m.set("autodidact_store_free_bytes", "store", double(health.free_bytes));
    m.set("autodidact_store_writable", "store", health.writable ? 1 : 0);
    if (!health.writable || health.low_space) return health.problem.empty() ? "the store is short of space" : health.problem;
    if (!s().retry.empty()) return "writes the store refused for now";
    if (!s().limiter) return {};
    m.set("autodidact_limiter_cursor", "train", s().limiter->cursor());
    const bool may = s().limiter->can_insert(1);
    s().limiter->note(RatioLimiter::Side::kInsert, !may, system_clock().mono_ns());
    return may ? std::string() : s().limiter->blocked_because(RatioLimiter::Side::kInsert);
  }

  void tick() const {
    retry();
    grant_draws();
    const std::string reason = blocked();
    const TimeMs now = steady_ms();
    if (reason.empty() != s().flow_open || now - s().last_flow > 1000) {
      if (reason.empty() != s().flow_open) {
        log_info(place.role, reason.empty() ? "new work is granted again" : "no new work is granted", {{"reason", reason}});
      }
      s().flow_open = reason.empty();
      s().last_flow = now;
      tell(self, s().peers.curriculum, Flow{s().flow_open, reason});
    }
    s().flow_reason = reason;
    collect(now);
    tell_after(self, kTickEvery, caf::actor_cast<caf::actor>(self), Tick{});
  }

  void collect(TimeMs now) const {
    const auto keep = s().options->replay.retain_attempts;
    if (keep <= 0 || now - s().last_collect < 10000 || !s().retention->idle()) return;
    s().last_collect = now;
    const bool posted = s().retention->post([store = context->store, keep] {
      const auto deleted = store->collect(static_cast<std::uint64_t>(keep), false);
      if (!deleted.ok())
        log_warn("replay", "retention failed: " + deleted.status().message());
      else if (*deleted > 0)
        log_info("replay", "retention deleted old attempts", {{"attempts", *deleted}});
    });
    if (!posted) log_warn(place.role, "retention is busy");
  }

  ActorStatus status() const {
    const bool waits = !s().flow_open || !s().in_flight.empty();
    ActorStatus out{place.role, waits ? "waiting" : "idle", "", {}, s().committed};
    out.waits_for = !s().flow_open ? s().flow_reason : !s().in_flight.empty() ? "the disk" : "commits";
    out.numbers = {
        {"committed", double(s().committed)}, {"in_flight", double(s().in_flight.size())}, {"retry", double(s().retry.size())}};
    if (s().limiter) out.numbers.emplace_back("limiter_cursor", s().limiter->cursor());
    if (s().limiter && s().draw_asked > 0) out.numbers.emplace_back("draw_waiting", double(s().draw_asked));
    return out;
  }
};

}  // namespace

RatioLimits loop_limits(const Options& options) {
  RatioLimits limits = ratio_limits(options.replay);
  if (options.loop.staleness_policy == "wait") {
    const double per_version = double(options.train.publish_every_steps) * double(options.train.batch_sequences);
    const double band = 2 * std::max(1.0, limits.samples_per_insert) + per_version;
    limits.max_diff =
        std::min(limits.max_diff, std::max(limits.min_diff + band, double(options.loop.max_staleness) * per_version));
    // min_size attempts must be allowed in before the first draw.
    limits.max_diff = std::max(limits.max_diff, limits.samples_per_insert * double(limits.min_size));
  }
  return limits;
}

caf::behavior replay(caf::stateful_actor<ReplayState>* self, ContextPtr context, Place place,
                     std::shared_ptr<const Options> options) {
  const Replay actor{self, context, place};
  auto& s = st(self);
  s.options = std::move(options);
  s.retention = context->threads->start({"retention", 2, [](const std::string& what) { log_error("replay", what); }});
  if (s.options->loop.schedule == "continuous") {
    const auto trainer = context->store->trainer_state();
    const bool open_ended = trainer.ok() && trainer->plan_steps == 0 && trainer->plan_round > 0;
    const auto steps = open_ended ? trainer->step - trainer->plan_first_step : 0;
    const auto counts = context->store->counts();
    s.limiter = std::make_unique<RatioLimiter>(loop_limits(*s.options), counts.kept - std::min(counts.kept, counts.seeds),
                                               steps * static_cast<std::uint64_t>(s.options->train.batch_sequences));
  }
  tell(self, caf::actor_cast<caf::actor>(self), Tick{});
  return make_behavior(
      self, reporter(place.role), [actor](const Wire& wire) { actor.s().peers = wire.peers; },
      [actor](const Commit& message) { actor.commit(message); }, [actor](const Stored& message) { actor.stored(message); },
      [actor](const AskDraw& ask) {
        actor.s().draw_asked = ask.count;
        actor.grant_draws();
      },
      [actor](const Configure& configure) {
        actor.s().options = configure.options;
        if (actor.s().limiter) actor.s().limiter->set_limits(loop_limits(*configure.options));
      },
      [actor](const Tick&) { actor.tick(); },
      [actor](const StatusRequest& request) {
        tell(actor.self, actor.s().peers.supervisor, StatusReport{request.child, actor.status()});
      },
      [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
