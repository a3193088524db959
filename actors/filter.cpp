#include "actors/filter.hpp"

#include <algorithm>

#include "actors/verifier.hpp"

namespace autodidact {
namespace {

using Self = caf::stateful_actor<FilterState>*;

struct Filter {
  Self self;
  ContextPtr context;
  Place place;

  FilterState& s() const { return st(self); }
  std::size_t window() const { return static_cast<std::size_t>(context->options->loop.max_in_flight); }

  void hello() const {
    tell(self, s().peers.filter_pool, Hello{place.worker, place.epoch, window(), caf::actor_cast<caf::actor>(self)});
    tell(self, s().peers.filter_pool, Demand{place.worker, place.epoch, window()});
  }

  // What was on its way to a replay that died is issued again by the curriculum; only what the store has was kept.
  void forget_commits() const {
    s().commits.clear();
    recall();
  }

  void recall() const {
    const Status status = s().kept.recall(*context->store, s().latest_round_only ? s().round : 1);
    if (!status.ok()) log_error(place.role, "cannot read what was kept before: " + status.message());
  }

  void work(const Work& message) const {
    std::vector<Leased> ready;
    for (const auto& leased : message.jobs) {
      if (leased.job->generation > s().generation) {
        s().generation = leased.job->generation;
        s().next_sequence = 0;
        s().waiting.clear();
      }
      if (!context->options->deterministic) {
        ready.push_back(leased);
      } else if (leased.job->generation == s().generation) {
        s().waiting[leased.job->sequence] = leased;
      }
    }
    while (!s().waiting.empty() && s().waiting.begin()->first == s().next_sequence) {
      ready.push_back(s().waiting.begin()->second);
      s().waiting.erase(s().waiting.begin());
      ++s().next_sequence;
    }
    if (!ready.empty()) commit(ready);
  }

  void commit(const std::vector<Leased>& ready) const {
    FilterState::InFlight flight{ready, {}, steady_ms(), {}};
    WriteSet set;
    for (const auto& leased : ready) {
      ItemResult result = judge(*leased.job);
      ItemState state;
      state.item = result.item;
      state.problem = result.problem.id;
      state.attempts = static_cast<std::uint32_t>(result.attempts.size());
      for (const auto& judged : result.attempts) {
        state.correct += judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
        state.kept += judged.selection.kept ? 1 : 0;
      }
      flight.items.push_back(state);
      set.items.push_back(std::move(result));
    }
    const auto token = s().next_token++;
    s().commits.emplace(token, std::move(flight));
    tell(self, s().peers.replay, Commit{token, std::move(set), caf::actor_cast<caf::actor>(self)});
  }

  ItemResult judge(const Job& job) const {
    if (s().latest_round_only && job.work.round != s().round) s().kept.clear();
    s().round = job.work.round;
    ItemResult result{job.work.id, job.work.problem, {}, false, ""};
    for (std::size_t i = 0; i < job.attempts->size(); ++i) {
      JudgedAttempt judged{(*job.attempts)[i], (*job.verdicts)[i], {}};
      judged.attempt.method = s().method->name();
      if (context->options->deterministic) judged.attempt.created_us = static_cast<std::int64_t>(job.work.id);
      result.attempts.push_back(std::move(judged));
    }
    const auto& before = s().kept.of(job.work.problem.id);
    const auto selections = s().method->select(job.work, result.attempts, before.count, before.hashes);
    for (std::size_t i = 0; i < result.attempts.size(); ++i) {
      result.attempts[i].selection = selections[i];
      if (selections[i].kept) s().kept.keep(job.work.problem.id, token_hash(result.attempts[i].attempt.tokens));
    }
    return result;
  }

  // Served answers with a reference at last: judged and chosen among like sampled ones, and of this round.
  void grade(const Grade& message) const {
    Job job;
    job.work = message.work;
    job.work.round = s().round = std::max(1u, s().round);
    auto attempts = *message.attempts;
    for (Attempt& attempt : attempts) attempt.round = job.work.round;
    job.verdicts = std::make_shared<const std::vector<Verdict>>(
        judge_attempts(*context->task, job.work.problem, attempts, s().method->check_process()));
    job.attempts = std::make_shared<const std::vector<Attempt>>(std::move(attempts));
    WriteSet set;
    set.items.push_back(judge(job));
    set.urgent = true;
    const auto token = s().next_token++;
    s().commits.emplace(token, FilterState::InFlight{{}, {}, steady_ms(), message.reply});
    tell(self, s().peers.replay, Commit{token, std::move(set), caf::actor_cast<caf::actor>(self)});
  }

  void committed(const Committed& message) const {
    auto it = s().commits.find(message.token);
    if (it == s().commits.end()) return;
    FilterState::InFlight flight = std::move(it->second);
    s().commits.erase(it);
    if (flight.reply) {
      context->metrics->add("autodidact_served_answers_total", message.receipt.duplicates > 0 ? "graded_before" : "graded");
      return flight.reply->give({});
    }
    s().items += flight.items.size();
    const auto count = flight.leases.size();
    tell(self, s().peers.curriculum, ItemsCommitted{std::move(flight.items)});
    tell(self, s().peers.filter_pool, Finished{place.worker, place.epoch, std::move(flight.leases)});
    tell(self, s().peers.filter_pool, Demand{place.worker, place.epoch, count});
  }

  // What is committing, or waits its turn, is held rightly: the deadline for it is the store's.
  void tick() const {
    std::vector<LeaseId> held;
    for (const auto& [token, flight] : s().commits) {
      for (const auto& leased : flight.leases) held.push_back(leased.lease);
    }
    for (const auto& [sequence, leased] : s().waiting) held.push_back(leased.lease);
    if (!held.empty()) tell(self, s().peers.filter_pool, Renew{place.worker, place.epoch, std::move(held)});
    tell_after(self, std::chrono::seconds(1), caf::actor_cast<caf::actor>(self), Tick{});
  }

  ActorStatus status() const {
    const bool busy = !s().commits.empty();
    const std::string waits = busy ? "replay" : s().waiting.empty() ? "verdicts" : "the item that comes first in order";
    return {place.role,
            busy || !s().waiting.empty() ? "waiting" : "idle",
            waits,
            {{"items", double(s().items)},
             {"commits_in_flight", double(s().commits.size())},
             {"out_of_order", double(s().waiting.size())}},
            s().items};
  }
};

}  // namespace

caf::behavior filter(caf::stateful_actor<FilterState>* self, ContextPtr context, Place place,
                     std::shared_ptr<const Method> method) {
  const Filter actor{self, context, place};
  auto& s = st(self);
  s.method = std::move(method);
  s.latest_round_only = context->options->method.data == "latest_round";
  if (auto loop = context->store->loop_state(); loop.ok()) s.round = loop->round;
  actor.recall();
  tell(self, caf::actor_cast<caf::actor>(self), Tick{});
  return make_behavior(
      self, reporter(place.role),
      [actor](const Wire& wire) {
        const bool fresh = !actor.s().peers.filter_pool || wire.peers.filter_pool != actor.s().peers.filter_pool;
        actor.s().peers = wire.peers;
        if (std::count(wire.restarted.begin(), wire.restarted.end(), "replay") > 0) actor.forget_commits();
        if (fresh) actor.hello();
      },
      [actor](const Work& work) { actor.work(work); }, [actor](const Grade& message) { actor.grade(message); },
      [actor](const Committed& message) { actor.committed(message); },
      [actor](const Configure& configure) { actor.s().method = configure.method; }, [actor](const Tick&) { actor.tick(); },
      [actor](const StatusRequest& request) {
        tell(actor.self, actor.s().peers.supervisor, StatusReport{request.child, actor.status()});
      },
      [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
