#include "actors/evaluator.hpp"

namespace autodidact {

caf::behavior evaluator(caf::stateful_actor<EvaluatorState>* self, ContextPtr context, Place place) {
  const auto post = to_self(self);
  st(self).engine = std::make_shared<EvaluatorEngine>(context, [post](const std::string& what) { post(EngineFailed{what}); });
  return make_behavior(
      self, reporter(place.role), [self](const Wire& wire) { st(self).peers = wire.peers; },
      [self, post](const Evaluate& evaluate) {
        st(self).engine->evaluate(evaluate.version, 0, /*keep=*/true, [post](Result<EvaluationResult> result) {
          if (result.ok()) {
            post(Evaluated{std::move(result).value()});
          } else {
            post(EngineFailed{result.status().message()});
          }
        });
      },
      [self](const Evaluated& done) { tell(self, st(self).peers.curriculum, done); }, end_on_failure(self, place.role),
      [self](const AskRequest& ask) { st(self).engine->ask(ask.question, ask.hint, ask.done); },
      [self](const EvalRequest& request) {
        if (request.fit_auto || !request.strategies.empty()) {
          st(self).engine->compare(
              {request.version, request.strategies, request.budgets, request.limit, request.fit_auto, request.probes},
              request.done);
          return;
        }
        st(self).engine->evaluate(
            request.version, request.limit, /*keep=*/false, [done = request.done](Result<EvaluationResult> result) {
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
      [self](const Configure& configure) { st(self).engine->configure(configure.options); }, [](const Drain&) {},
      [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
