#include "actors/curriculum.hpp"

#include <nlohmann/json.hpp>

#include "actors/served_answers.hpp"
#include "actors/version_history.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using Self = caf::stateful_actor<CurriculumState>*;
constexpr std::uint64_t kSeedsToken = 1;

struct Curriculum {
  Self self;
  ContextPtr context;
  Place place;

  CurriculumState& s() const { return st(self); }
  caf::actor me() const { return caf::actor_cast<caf::actor>(self); }

  // ---- effects
  void carry_out(Effects effects) const {
    write(effects);
    if (effects.serve) serve(*effects.serve);
    if (effects.serve_verifier) serve_verifier(*effects.serve_verifier);
    if (effects.train) {
      s().training = effects.train;
      tell(self, s().peers.trainer, Train{*effects.train});
    }
    if (effects.stop_training) tell(self, s().peers.trainer, StopTraining{});
    if (effects.evaluate) {
      s().evaluating = effects.evaluate;
      tell(self, s().peers.evaluator, Evaluate{*effects.evaluate});
    }
    if (effects.finished) s().finished = true;
    issue();
    news();
  }

  void write(const Effects& effects) const {
    WriteSet set;
    if (effects.write_seeds) {
      auto seeds = seed_attempts(*context->task, *context->prompts, &set.problems);
      if (!seeds.ok()) {
        log_error(place.role, "the seed examples cannot be written: " + seeds.status().message());
        return;
      }
      set.seeds = std::move(seeds).value();
      log_info(place.role, "storing seed examples", {{"examples", set.seeds.size()}});
    }
    set.loop = effects.persist;
    set.versions = effects.versions;
    for (const auto& [kind, detail] : effects.events) set.events.push_back(event(kind, detail));
    if (!set.loop && set.versions.empty() && set.events.empty() && !effects.write_seeds) return;
    tell(self, s().peers.replay,
         Commit{effects.write_seeds ? kSeedsToken : 0, std::move(set), effects.write_seeds ? me() : caf::actor()});
  }

  Event event(const std::string& kind, const std::string& detail) const {
    Event e;
    e.created_us = context->options->deterministic ? 0 : context->clock->now_us();
    e.step = context->trainer_step->load();
    e.kind = kind;
    e.detail_json = detail;
    return e;
  }

  void serve(VersionId version) const {
    const auto begin = system_clock().mono_ns();
    if (const Status status = context->weights->serve(version); !status.ok()) {
      log_error(place.role, "cannot serve these weights: " + status.message(), {{"version", version}});
      return;
    }
    context->metrics->observe("autodidact_publish_seconds", "publish", double(system_clock().mono_ns() - begin) * 1e-9);
    context->metrics->set("autodidact_version", "serving", version);
  }

  void serve_verifier(VersionId version) const {
    if (const Status status = context->weights->serve_verifier(version); !status.ok()) {
      log_error(place.role, "cannot score with this verifier: " + status.message(), {{"version", version}});
      return;
    }
    context->metrics->set("autodidact_version", "verifier", version);
  }

  // ---- sampling
  void issue() const {
    if (!s().flow_open || s().draining || s().room == 0) return;
    auto items = s().core->issue(s().room);
    if (items.empty()) return;
    Offer offer{s().generation, {}};
    for (auto& item : items) {
      auto job = std::make_shared<Job>();
      job->work = std::move(item);
      job->generation = s().generation;
      job->sequence = s().sequence++;
      offer.jobs.push_back(std::move(job));
    }
    s().room -= offer.jobs.size();
    tell(self, s().peers.generate_pool, std::move(offer));
  }

  void committed(const ItemsCommitted& message) const {
    bool set_aside = false;
    for (const ItemState& item : message.items) {
      ++s().committed;
      set_aside |= item.quarantined;
      Effects effects = s().core->committed(item);
      if (effects.persist || effects.train || effects.stop_training) carry_out(std::move(effects));
    }
    // In a deterministic run the filter waits for every sequence number: without this item the others must be counted anew.
    if (set_aside && context->options->deterministic) reset_pipeline("an item was quarantined");
    issue();
  }

  void reset_pipeline(const std::string& why) const {
    ++s().generation;
    s().sequence = 0;
    s().room = 0;
    s().core->give_back();
    if (s().started) log_warn(place.role, "work under way is issued again", {{"why", why}, {"generation", s().generation}});
    for (const auto& pool : {s().peers.filter_pool, s().peers.verify_pool, s().peers.generate_pool}) {
      tell(self, pool, ResetPipeline{s().generation});
    }
  }

  // ---- the world changed
  void wire(const Wire& wire) const {
    s().peers = wire.peers;
    bool reset = !s().started;
    for (const auto& role : wire.restarted) {
      reset |= role == "replay" || role == "filter" || role.ends_with("pool");
      if (s().started && role == "trainer" && s().training) {
        tell(self, s().peers.trainer, Train{*s().training});
        if (s().core->training_ends()) tell(self, s().peers.trainer, StopTraining{});
      }
      if (s().started && role == "evaluator" && s().evaluating) tell(self, s().peers.evaluator, Evaluate{*s().evaluating});
    }
    if (reset) reset_pipeline("a stage was restarted");
    if (s().started) return;
    s().started = true;
    carry_out(std::move(s().first));
    tell(self, me(), Tick{});
  }

  void trained(const Trained& done) const {
    const VersionRecord& version = done.version;
    context->metrics->set("autodidact_version", "newest", version.id);
    if (s().training && !s().training->open_ended) s().training.reset();
    carry_out(s().core->trained(version));
  }

  void evaluated(const Evaluated& done) const {
    s().evaluating.reset();
    context->metrics->set("autodidact_accuracy_ratio", "held_out", done.result.accuracy);
    context->metrics->set("autodidact_version", "evaluated", done.result.version);
    Effects effects = s().core->evaluated(done.result);
    log_info(place.role, "evaluated",
             {{"version", done.result.version},
              {"accuracy", done.result.accuracy},
              {"serving", s().core->state().serving},
              {"round", s().core->state().round}});
    carry_out(std::move(effects));
  }

  void choose(const ChooseVersion& choose) const {
    Status status;
    Effects effects = choose.rollback ? s().core->rollback(choose.version, status) : s().core->promote(choose.version, status);
    if (status.ok()) carry_out(std::move(effects));
    choose.done(status);
  }

  void news() const {
    if (!s().peers.supervisor) return;
    LoopStatus status{s().core->state(), s().core->round_done(), s().core->outstanding(),
                      s().generation,    s().finished,           s().core->paused()};
    context->metrics->set("autodidact_round", "sampling", status.state.round);
    tell(self, s().peers.supervisor, LoopNews{status});
  }

  ActorStatus status() const {
    const std::string waits = s().flow_open ? s().core->waits_for() : s().flow_reason;
    const bool idle = s().finished || s().core->paused() || s().core->outstanding() == 0;
    return {
        place.role,
        s().draining ? "draining"
        : idle       ? "idle"
                     : "waiting",
        waits,
        {{"outstanding", double(s().core->outstanding())}, {"room", double(s().room)}, {"committed", double(s().committed)}},
        s().committed};
  }
};

// What a resumed run tells about itself: a log line and an event.
std::string resume_detail(const LoopCore& core, const ReplayStore& store) {
  const auto trainer = store.trainer_state();
  const auto counts = store.counts();
  const LoopState& loop = core.state();
  return json{{"phase", loop.phase},
              {"round", loop.round},
              {"round_done", core.round_done()},
              {"round_size", loop.round_size},
              {"weights", loop.serving},
              {"step", trainer.ok() ? trainer->step : 0},
              {"optimizer", trainer.ok() ? trainer->slot : ""},
              {"rng", "a function of seed, round and step"},
              {"attempts", counts.attempts},
              {"consumed", counts.consumed}}
      .dump();
}

}  // namespace

caf::behavior curriculum(caf::stateful_actor<CurriculumState>* self, ContextPtr context, Place place,
                         std::shared_ptr<const Method> method, std::shared_ptr<const Options> options) {
  const Curriculum actor{self, context, place};
  auto& s = st(self);
  s.generation = static_cast<std::uint64_t>(place.epoch) << 32;  // above every generation of the one before
  s.core = std::make_unique<LoopCore>(context->task, std::move(method), *options);
  s.core->set_ask_again([context] {
    auto problems = asked_again(*context->store);
    if (problems.ok()) return std::move(problems).value();
    log_error("curriculum", "what feedback was given on is not asked again: " + problems.status().message());
    return std::vector<AskedAgain>();
  });
  const auto loop = context->store->loop_state();
  auto versions = context->store->versions();
  if (versions.ok()) show_last_evaluation(*versions, *context->metrics);
  auto first = !loop.ok()       ? Result<Effects>(loop.status())
               : !versions.ok() ? Result<Effects>(versions.status())
                                : s.core->restore(*loop, *versions,
                                                  [&](std::uint32_t round) { return context->store->items_of_round(round); });
  if (!first.ok()) {
    log_error(place.role, "cannot resume: " + first.status().message());
    self->quit(caf::make_error(caf::sec::runtime_error, first.status().message()));
    return {};
  }
  s.first = std::move(first).value();
  if (!s.first.write_seeds) {
    const std::string detail = resume_detail(*s.core, *context->store);
    log_info(place.role, "resumed", {{"restored", detail}});
    s.first.events.emplace_back("resume", detail);
  }
  return make_behavior(
      self, reporter(place.role), [actor](const Wire& wire) { actor.wire(wire); },
      [actor](const Grant& grant) {
        if (grant.generation != actor.s().generation) return;
        actor.s().room += grant.n;
        actor.issue();
      },
      [actor](const Flow& flow) {
        actor.s().flow_open = flow.open;
        actor.s().flow_reason = flow.reason;
        actor.issue();
      },
      [actor](const ItemsCommitted& message) { actor.committed(message); },
      [actor](const Committed& message) {
        if (message.token == kSeedsToken) actor.carry_out(actor.s().core->seeds_written());
      },
      [actor](const Trained& done) { actor.trained(done); }, [actor](const Evaluated& done) { actor.evaluated(done); },
      [actor](const NothingToTrain&) {
        actor.s().training.reset();
        actor.carry_out(actor.s().core->nothing_to_train());
      },
      [actor](const TrainingStopped&) {
        actor.s().training.reset();
        actor.carry_out(actor.s().core->training_stopped());
      },
      [actor](const ChooseVersion& choose) { actor.choose(choose); },
      [actor](const Configure& configure) { actor.s().core->configure(configure.method, *configure.options); },
      [actor](const Pause& pause) {
        actor.s().core->pause(pause.on);
        actor.issue();
        actor.news();
      },
      [actor](const Drain&) { actor.s().draining = true; },
      [actor](const Tick&) {
        actor.issue();
        actor.news();
        tell_after(actor.self, kTickEvery, actor.me(), Tick{});
      },
      [actor](const StatusRequest& request) {
        tell(actor.self, actor.s().peers.supervisor, StatusReport{request.child, actor.status()});
      },
      [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
