#include "actors/generator.hpp"

#include <algorithm>

namespace autodidact {
namespace {

using Self = caf::stateful_actor<GeneratorState>*;

// The engine's results, from its compute thread to the actor.
struct Generator {
  Self self;
  ContextPtr context;
  Place place;

  GeneratorState& s() const { return st(self); }

  // Twice the batch: while one batch decodes the next is at hand, and finished sequences are replaced at once.
  std::size_t window() const {
    const auto& sample = context->options->sample;
    const auto items = std::max<std::int64_t>(1, sample.batch / std::max<std::int64_t>(1, sample.samples_per_problem));
    return static_cast<std::size_t>(2 * items);
  }

  void hello() const {
    const auto me = caf::actor_cast<caf::actor>(self);
    tell(self, s().peers.generate_pool, Hello{place.worker, place.epoch, window(), me});
    tell(self, s().peers.generate_pool, Demand{place.worker, place.epoch, window()});
  }

  void work(const Work& message) const {
    for (const auto& leased : message.jobs) s().leases.push_back(leased.lease);
    s().engine->submit(message.jobs);
  }

  void finished(const Finished& message) const {
    for (const auto& leased : message.jobs) std::erase(s().leases, leased.lease);
    s().items += message.jobs.size();
    const auto count = message.jobs.size();
    tell(self, s().peers.generate_pool, message);
    tell(self, s().peers.generate_pool, Demand{place.worker, place.epoch, count});
  }

  void failed(const Failed& message) const {
    std::erase(s().leases, message.lease);
    tell(self, s().peers.generate_pool, message);
    tell(self, s().peers.generate_pool, Demand{place.worker, place.epoch, 1});
  }

  // Leases are renewed only while the engine moves: a stuck one loses its work to the others.
  void tick() const {
    const auto progress = s().engine->progress();
    if (progress != s().seen_progress && !s().leases.empty()) {
      tell(self, s().peers.generate_pool, Renew{place.worker, place.epoch, s().leases});
    }
    s().seen_progress = progress;
    tell_after(self, std::chrono::seconds(1), caf::actor_cast<caf::actor>(self), Tick{});
  }

  ActorStatus status() const {
    const std::string waits = s().engine->waits_for();
    return {place.role,
            waits.empty()        ? "working"
            : s().leases.empty() ? "idle"
                                 : "waiting",
            waits,
            {{"holds", double(s().leases.size())}, {"items", double(s().items)}},
            s().engine->progress()};
  }
};

}  // namespace

caf::behavior generator(caf::stateful_actor<GeneratorState>* self, ContextPtr context, Place place) {
  const Generator actor{self, context, place};
  const auto post = to_self(self);
  st(self).engine = std::make_shared<GeneratorEngine>(
      context, place.role,
      [post, place](std::vector<GeneratorEngine::Output> out) {
        Finished done{place.worker, place.epoch, {}};
        for (auto& output : out) {
          if (output.status.ok()) {
            done.jobs.push_back(std::move(output.leased));
          } else {
            post(Failed{place.worker, place.epoch, output.leased.lease, output.status.code() != Errc::kBadInput,
                        output.status.message()});
          }
        }
        if (!done.jobs.empty()) post(std::move(done));
      },
      [post](const std::string& what) { post(EngineFailed{what}); });
  tell(self, caf::actor_cast<caf::actor>(self), Tick{});
  return make_behavior(
      self, reporter(place.role),
      [actor](const Wire& wire) {
        const bool fresh = !actor.s().peers.generate_pool || wire.peers.generate_pool != actor.s().peers.generate_pool;
        actor.s().peers = wire.peers;
        if (fresh) actor.hello();
      },
      [actor](const Work& work) { actor.work(work); }, [actor](const Finished& done) { actor.finished(done); },
      [actor](const Failed& failed) { actor.failed(failed); }, [actor](const Tick&) { actor.tick(); },
      end_on_failure(self, place.role),
      [actor](const StatusRequest& request) {
        tell(actor.self, actor.s().peers.supervisor, StatusReport{request.child, actor.status()});
      },
      [](const Configure&) {}, [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
