#include "actors/evaluator.hpp"

namespace autodidact {

caf::behavior evaluator(caf::stateful_actor<EvaluatorState>* self, ContextPtr context, Place place) {
  const auto address = caf::actor_cast<caf::actor_addr>(self);
  st(self).engine = std::make_shared<EvaluatorEngine>(context, [address](const std::string& what) {
    if (auto me = caf::actor_cast<caf::actor>(address)) anon_tell(me, EngineFailed{what});
  });
  return make_behavior(
      self, reporter(place.role), [self](const Wire& wire) { st(self).peers = wire.peers; },
      [self, address](const Evaluate& evaluate) {
        st(self).engine->evaluate(evaluate.version, 0, [address](Result<EvaluationResult> result) {
          auto me = caf::actor_cast<caf::actor>(address);
          if (!me) return;
          if (result.ok()) {
            anon_tell(me, Evaluated{std::move(result).value()});
          } else {
            anon_tell(me, EngineFailed{result.status().message()});
          }
        });
      },
      [self](const Evaluated& done) { tell(self, st(self).peers.curriculum, done); },
      [self](const EngineFailed& failed) {
        log_error("evaluator", "evaluation failed: " + failed.what);
        self->quit(caf::make_error(caf::sec::runtime_error, failed.what));  // a fresh one is asked again
      },
      [self](const AskRequest& ask) { st(self).engine->ask(ask.question, ask.hint, ask.done); },
      [self](const EvalRequest& request) {
        st(self).engine->evaluate(request.version, request.limit, [done = request.done](Result<EvaluationResult> result) {
          done(result.ok() ? Result<std::string>(result->metrics_json) : Result<std::string>(result.status()));
        });
      },
      [self, place](const StatusRequest& request) {
        auto& s = st(self);
        const std::string waits = s.engine->waits_for();
        const bool busy = s.engine->queued() > 0;
        tell(self, s.peers.supervisor,
             StatusReport{request.child,
                          {place.role,
                           !busy           ? "idle"
                           : waits.empty() ? "working"
                                           : "waiting",
                           waits,
                           {{"queued", double(s.engine->queued())}},
                           s.engine->progress()}});
      },
      [](const Configure&) {}, [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
