#include "actors/supervisor.hpp"

#include <algorithm>

#include "actors/answerer.hpp"
#include "actors/curriculum.hpp"
#include "actors/evaluator.hpp"
#include "actors/filter.hpp"
#include "actors/generator.hpp"
#include "actors/replay.hpp"
#include "actors/stage_pool.hpp"
#include "actors/supervisor_status.hpp"
#include "actors/trainer.hpp"
#include "actors/verifier.hpp"

namespace autodidact {
namespace {

using Self = caf::stateful_actor<SupervisorState>*;
constexpr TimeMs kStatusEveryMs = 200;
constexpr TimeMs kMaxBackoffMs = 30000;
constexpr TimeMs kHealthyMs = 60000;

struct Supervisor {
  Self self;
  ContextPtr context;
  StatusBoard* board;
  std::function<std::string()> config_json;

  SupervisorState& s() const { return st(self); }
  caf::actor me() const { return caf::actor_cast<caf::actor>(self); }

  // ---- the tree
  void add(const std::string& role, WorkerId worker, ChildFactory make) const {
    Child child;
    child.role = role;
    child.worker = worker;
    child.make = std::move(make);
    s().children.push_back(std::move(child));
  }

  void plant() const {
    auto& system = self->system();
    auto ctx = context;
    auto* state = &s();
    add("replay", 0, [&system, ctx, state](const Place& p) { return system.spawn(replay, ctx, p, state->options); });
    for (const Stage stage : {Stage::kGenerate, Stage::kVerify, Stage::kFilter}) {
      add(std::string(name(stage)) + "_pool", 0,
          [&system, ctx, stage](const Place& p) { return system.spawn(stage_pool, ctx, p, stage); });
    }
    add("filter", 0, [&system, ctx, state](const Place& p) { return system.spawn(filter, ctx, p, state->method); });
    for (std::int64_t i = 0; i < ctx->options->verify.verifiers; ++i) {
      add("verifier." + std::to_string(i), static_cast<WorkerId>(i),
          [&system, ctx, state](const Place& p) { return system.spawn(verifier, ctx, p, state->method); });
    }
    for (std::int64_t i = 0; i < ctx->options->sample.generators; ++i) {
      add("generator." + std::to_string(i), static_cast<WorkerId>(i),
          [&system, ctx](const Place& p) { return system.spawn(generator, ctx, p); });
    }
    add("trainer", 0, [&system, ctx, state](const Place& p) { return system.spawn(trainer, ctx, p, state->options); });
    add("evaluator", 0, [&system, ctx](const Place& p) { return system.spawn(evaluator, ctx, p); });
    add("answerer", 0, [&system, ctx, state](const Place& p) { return system.spawn(answerer, ctx, p, state->options); });
    // Last, and so told of the others last: its reset reaches a pool behind the Wire that names the pool's neighbours.
    add("curriculum", 0,
        [&system, ctx, state](const Place& p) { return system.spawn(curriculum, ctx, p, state->method, state->options); });
    for (std::size_t i = 0; i < s().children.size(); ++i) start(i);
    wire();
  }

  void start(std::size_t index) const {
    Child& child = s().children[index];
    const TimeMs now = steady_ms();
    ++child.epoch;
    child.handle = child.make({child.role, child.worker, child.epoch});
    child.started_at = child.answered_at = now;
    child.status = {child.role, "starting", "", {}, 0};
    s().restarted.push_back(child.role);
    caf_compat::watch<ChildDown>(me(), child.handle, (static_cast<std::uint64_t>(index) << 32) | child.epoch);
  }

  caf::actor find(const std::string& role) const {
    for (const auto& child : s().children) {
      if (child.role == role) return child.handle;
    }
    return {};
  }

  // Everybody is told of everybody again; nobody is while one is missing, so no message is sent to nowhere for long. The loop
  // needs no answerer.
  void wire() const {
    for (const auto& child : s().children) {
      if (!child.handle && child.role != "answerer") return;
    }
    const Wire message{{me(), find("curriculum"), find("generate_pool"), find("verify_pool"), find("filter_pool"),
                        find("replay"), find("trainer"), find("evaluator")},
                       std::exchange(s().restarted, {})};
    for (const auto& child : s().children)
      if (child.handle) tell(self, child.handle, message);
  }

  void down(const ChildDown& message) const {
    Child& child = s().children[message.tag >> 32];
    if (static_cast<Epoch>(message.tag & 0xffffffffu) != child.epoch || s().drain_stage == "done") return;
    const TimeMs now = steady_ms();
    child.handle = {};
    s().stalls->remove(child.role);
    context->metrics->add("autodidact_restarts_total", child.role);
    if (now - child.started_at > kHealthyMs) child.restarts.clear();
    while (!child.restarts.empty() && now - child.restarts.front() > 60000) child.restarts.pop_front();
    child.restarts.push_back(now);
    child.given_up = static_cast<std::int64_t>(child.restarts.size()) > s().options->supervise.max_restarts_per_minute;
    const auto doublings = std::min<std::size_t>(child.restarts.size() - 1, 10);
    const TimeMs backoff =
        child.given_up ? kMaxBackoffMs : std::min(kMaxBackoffMs, s().options->supervise.restart_backoff_ms << doublings);
    child.restart_at = now + backoff;
    log_error("supervisor", "an actor ended and is restarted",
              {{"role", child.role},
               {"reason", message.reason},
               {"in_ms", backoff},
               {"restarts_last_minute", child.restarts.size()}});
    Event event;
    event.created_us = context->clock->now_us();
    event.step = context->trainer_step->load();
    event.kind = "restart";
    event.detail_json = "{\"role\":\"" + child.role + "\"}";
    WriteSet set;
    set.events.push_back(event);
    if (auto store = find("replay")) tell(self, store, Commit{0, std::move(set), {}});
    const WorkerDown gone{child.worker, child.epoch, message.reason};
    if (child.role.starts_with("generator")) tell(self, find("generate_pool"), gone);
    if (child.role.starts_with("verifier")) tell(self, find("verify_pool"), gone);
    if (child.role == "filter") tell(self, find("filter_pool"), gone);
  }

  void restart_due() const {
    const TimeMs now = steady_ms();
    bool started = false;
    for (std::size_t i = 0; i < s().children.size(); ++i) {
      if (s().children[i].handle || now < s().children[i].restart_at) continue;
      start(i);
      started = true;
    }
    if (started) wire();
  }

  // ---- status
  void report(const StatusReport& report) const {
    Child& child = s().children[report.child];
    const TimeMs now = steady_ms();
    const bool moved = report.status.progress != child.status.progress;
    child.status = report.status;
    child.answered_at = now;
    if (moved) s().stalls->progress(child.role, now);
    if (report.status.state == "idle") {
      s().stalls->idles(child.role, now);
    } else {  // also when it works: one that hangs in its first piece of work is idle no more
      s().stalls->waits(child.role, report.status.waits_for, now);
    }
  }

  void tick() const {
    const TimeMs now = steady_ms();
    restart_due();
    for (std::size_t i = 0; i < s().children.size(); ++i) {
      const Child& child = s().children[i];
      if (!child.handle) continue;
      tell(self, child.handle, StatusRequest{i});
      if (now - child.answered_at > 2000) s().stalls->waits(child.role, "its own handler (does not answer status)", now);
    }
    check_stalls(now);
    rates(now);
    context->threads->reap();
    drain_on();
    if (!s().loop.finished) s().overhead_share = context->model_clock->overhead_share();
    context->metrics->set("autodidact_overhead_ratio", "loop", s().overhead_share);
    const DeviceGate::Contended contended = context->gate->contended();
    context->metrics->set("autodidact_contended_seconds", "answering", contended.answering_s);
    context->metrics->set("autodidact_contended_seconds", "loop", contended.loop_s);
    bool ready = false;
    std::string ready_json = readiness(s(), *context, &ready);
    const Progress progress = make_progress(s(), *context);
    context->metrics->set("autodidact_accepted_ratio", "since_start", progress.accepted);
    board->post(progress, status_json(s(), *context, config_json(), now), ready, std::move(ready_json));
    tell_after(self, std::chrono::milliseconds(kStatusEveryMs), me(), Tick{});
  }

  void check_stalls(TimeMs now) const {
    for (const auto& stall : s().stalls->check(now)) {
      log_error("supervisor", "stalled: " + stall.text());
      context->metrics->add("autodidact_stalls_total", stall.role);
    }
    s().trouble.clear();
    for (const auto& child : s().children) {
      if (s().stalls->stalled(child.role, now))
        s().trouble.push_back(child.role + " is stalled, waits for " + child.status.waits_for);
      if (child.given_up) s().trouble.push_back(child.role + " is restarted over and over");
    }
  }

  void rates(TimeMs now) const {
    if (now - s().rates_at < 1000) return;
    const Metrics& m = *context->metrics;
    double attempts = 0;
    for (const char* outcome : {"correct", "wrong", "cannot_judge"}) attempts += m.value("autodidact_attempts_total", outcome);
    const double tokens = m.value("autodidact_sampled_tokens_total", "completion");
    const double trained = m.value("autodidact_trained_tokens_total", "all");
    const double dt = double(now - s().rates_at) * 1e-3;
    s().attempts_per_s = (attempts - s().attempts_seen) / dt;
    s().tokens_per_s = (tokens - s().tokens_seen) / dt;
    s().trained_per_s = (trained - s().trained_seen) / dt;
    const double steps = double(context->trainer_step->load());
    s().steps_per_s = s().steps_seen < 0 ? 0 : (steps - s().steps_seen) / dt;  // durable ones: a resumed run begins above 0
    s().steps_seen = steps;
    s().attempts_seen = attempts;
    s().tokens_seen = tokens;
    s().trained_seen = trained;
    s().rates_at = now;
  }

  // ---- the end: source to sink, each stage empty before the next is told
  void drain() const {
    if (!s().drain_stage.empty()) return;
    log_info("supervisor", "draining: no new work; what is sampled goes into the store");
    s().drain_stage = "generate_pool";
    for (const char* role : {"curriculum", "trainer", "generate_pool"}) tell(self, find(role), Drain{});
  }

  void drain_on() const {
    auto& stage = s().drain_stage;
    if (stage.empty() || stage == "done") return;
    while (stage != "done" && (s().drained[stage] || !find(stage))) {
      const std::string next = stage == "generate_pool" ? "verify_pool"
                               : stage == "verify_pool" ? "filter_pool"
                               : stage == "filter_pool" ? "trainer"
                                                        : "done";
      stage = next;
      if (stage.ends_with("pool")) tell(self, find(stage), Drain{});
    }
    if (stage == "done") board->set_drained();
  }

  void broadcast_stop() const {
    s().drain_stage = "done";
    for (const auto& child : s().children) {
      if (child.handle) tell(self, child.handle, Stop{});
    }
    self->quit();
  }
};

}  // namespace

caf::behavior supervisor(caf::stateful_actor<SupervisorState>* self, ContextPtr context, StatusBoard* board,
                         std::shared_ptr<const Method> method, std::function<std::string()> extra) {
  const Supervisor actor{self, context, board, std::move(extra)};
  auto& s = st(self);
  s.options = context->options;
  s.method = std::move(method);
  s.born = s.rates_at = steady_ms();
  s.stalls = std::make_unique<StallWatch>(s.options->supervise.stall_ms);
  actor.plant();
  tell(self, actor.me(), Tick{});
  const auto forward = [actor](const char* role, auto message) {
    if (auto target = actor.find(role)) tell(actor.self, target, std::move(message));
  };
  return make_behavior(
      self, reporter("supervisor"), [actor](const ChildDown& down) { actor.down(down); },
      [actor](const StatusReport& report) { actor.report(report); }, [actor](const Tick&) { actor.tick(); },
      [actor](const LoopNews& news) { actor.s().loop = news.status; },
      [actor](const Drained& drained) {
        actor.s().drained[drained.role] = true;
        actor.drain_on();
      },
      [actor](const Drain&) { actor.drain(); },
      [actor](const Configure& configure) {
        actor.s().options = configure.options;
        actor.s().method = configure.method;
        actor.s().stalls->set_deadline(configure.options->supervise.stall_ms);
        for (const auto& child : actor.s().children) tell(actor.self, child.handle, configure);
      },
      [actor](const Pause& pause) {
        for (const char* role : {"curriculum", "trainer"}) tell(actor.self, actor.find(role), pause);
      },
      [forward](const AnswerAsked& asked) { forward("answerer", asked); },
      [forward](const Grade& grade) { forward("filter", grade); },
      [forward](const AskRequest& ask) { forward("evaluator", ask); },
      [forward](const EvalRequest& eval) { forward("evaluator", eval); },
      [forward](const ChooseVersion& choose) { forward("curriculum", choose); },
      [forward](const Commit& commit) { forward("replay", commit); }, [actor](const Stop&) { actor.broadcast_stop(); });
}

}  // namespace autodidact
