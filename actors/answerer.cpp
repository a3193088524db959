#include "actors/answerer.hpp"

namespace autodidact {
namespace {

ActorStatus status(AnswererState& s, const Place& place) {
  constexpr TimeMs kRateOver = 1000;
  const TimeMs now = steady_ms();
  if (now - s.rated_at >= kRateOver) {
    const std::uint64_t tokens = s.engine->tokens();
    s.tokens_per_s = double(tokens - s.rated_tokens) * 1e3 / double(now - s.rated_at);
    s.rated_at = now;
    s.rated_tokens = tokens;
  }
  const std::string waits = s.engine->waits_for();
  const std::size_t queued = s.engine->queued(), running = s.engine->running();
  return {place.role,
          waits.empty()           ? "working"
          : queued + running == 0 ? "idle"
                                  : "waiting",
          waits,
          {{"queued", double(queued)}, {"running", double(running)}, {"tokens_per_s", s.tokens_per_s}},
          s.engine->progress()};
}

}  // namespace

caf::behavior answerer(caf::stateful_actor<AnswererState>* self, ContextPtr context, Place place,
                       std::shared_ptr<const Options> options) {
  const auto post = to_self(self);
  auto& s = st(self);
  s.engine = std::make_shared<AnswererEngine>(context, [post](const std::string& what) { post(EngineFailed{what}); });
  s.engine->configure(std::move(options));
  s.rated_at = steady_ms();
  const auto me = caf::actor_cast<caf::actor>(self);
  tell(self, me, Tick{});
  return make_behavior(
      self, reporter(place.role), [self](const Wire& wire) { st(self).peers = wire.peers; },
      [self](const AnswerAsked& asked) { st(self).engine->submit(asked.id, asked.request, asked.asker); },
      [self](const Configure& configure) { st(self).engine->configure(configure.options); }, end_on_failure(self, place.role),
      [self](const Tick&) {
        st(self).engine->expire();
        tell_after(self, kTickEvery, caf::actor_cast<caf::actor>(self), Tick{});
      },
      [self, place](const StatusRequest& request) {
        tell(self, st(self).peers.supervisor, StatusReport{request.child, status(st(self), place)});
      },
      [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
