#include "actors/trainer.hpp"

namespace autodidact {
namespace {

using Self = caf::stateful_actor<TrainerActorState>*;

// The engine's reports arrive as messages to the actor itself, which passes them on.
TrainerEngine::Listener listen(Self self) {
  const auto post = to_self(self);
  return {[post](VersionRecord record) { post(Trained{std::move(record)}); },
          [post](std::uint32_t round) { post(NothingToTrain{round}); }, [post] { post(TrainingStopped{}); },
          [post](const Status& status) { post(EngineFailed{status.message()}); },
          [post](std::size_t count) { post(AskDraw{count}); }};
}

ActorStatus status_of(const TrainerActorState& s, const std::string& role) {
  const std::string waits = s.engine->waits_for();
  const bool busy = s.engine->busy();
  return {role,
          !busy           ? "idle"
          : waits.empty() ? "working"
                          : "waiting",
          waits,
          {{"step", double(s.engine->step())}},
          s.engine->progress()};
}

}  // namespace

caf::behavior trainer(caf::stateful_actor<TrainerActorState>* self, ContextPtr context, Place place,
                      std::shared_ptr<const Options> options) {
  st(self).engine = std::make_shared<TrainerEngine>(context, std::move(options), listen(self));
  const auto to_curriculum = [self](auto message) { tell(self, st(self).peers.curriculum, std::move(message)); };
  return make_behavior(
      self, reporter(place.role), [self](const Wire& wire) { st(self).peers = wire.peers; },
      [self](const Train& train) {
        if (!st(self).draining) st(self).engine->run(train.command);
      },
      [self](const StopTraining&) { st(self).engine->finish(); }, [to_curriculum](const Trained& done) { to_curriculum(done); },
      [to_curriculum](const NothingToTrain& nothing) { to_curriculum(nothing); },
      [to_curriculum](const TrainingStopped& stopped) { to_curriculum(stopped); }, end_on_failure(self, place.role),
      [self](const AskDraw& ask) { tell(self, st(self).peers.replay, ask); },
      [self](const DrawGranted& granted) { st(self).engine->grant(granted.count); },
      [self](const Configure& configure) { st(self).engine->configure(configure.options); },
      [self](const Pause& pause) { st(self).engine->pause(pause.on); },
      [self](const Drain&) {
        st(self).draining = true;
        st(self).engine->stop();
        tell(self, caf::actor_cast<caf::actor>(self), Tick{});
      },
      [self, place](const Tick&) {
        auto& s = st(self);
        if (!s.engine->busy()) {
          tell(self, s.peers.supervisor, Drained{place.role});
        } else {
          tell_after(self, std::chrono::milliseconds(20), caf::actor_cast<caf::actor>(self), Tick{});
        }
      },
      [self, place](const StatusRequest& request) {
        tell(self, st(self).peers.supervisor, StatusReport{request.child, status_of(st(self), place.role)});
      },
      [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
