#include "actors/verifier.hpp"

namespace autodidact {

std::vector<Verdict> judge_attempts(const Task& task, const Problem& problem, const std::vector<Attempt>& attempts,
                                    bool process) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(attempts.size());
  for (const auto& attempt : attempts) verdicts.push_back(task.judge(problem, attempt.text, process));
  return verdicts;
}

caf::behavior verifier(caf::stateful_actor<VerifierState>* self, ContextPtr context, Place place,
                       std::shared_ptr<const Method> method) {
  st(self).process = method->check_process();
  const auto window = static_cast<std::size_t>(context->options->verify.window);
  return make_behavior(
      self, reporter(place.role),
      [self, place, window](const Wire& wire) {
        auto& s = st(self);
        const bool fresh = !s.peers.verify_pool || wire.peers.verify_pool != s.peers.verify_pool;
        s.peers = wire.peers;
        if (!fresh) return;
        tell(self, s.peers.verify_pool, Hello{place.worker, place.epoch, window, caf::actor_cast<caf::actor>(self)});
        tell(self, s.peers.verify_pool, Demand{place.worker, place.epoch, window});
      },
      [self, context, place](const Work& work) {
        auto& s = st(self);
        Finished done{place.worker, place.epoch, {}};
        for (const auto& leased : work.jobs) {
          auto job = std::make_shared<Job>(*leased.job);
          auto verdicts = judge_attempts(*context->task, job->work.problem, *job->attempts, s.process);
          if (context->options->deterministic) {
            for (auto& verdict : verdicts) verdict.judge_us = 0;
          }
          job->verdicts = std::make_shared<const std::vector<Verdict>>(std::move(verdicts));
          done.jobs.push_back({leased.lease, std::move(job)});
        }
        s.items += done.jobs.size();
        const auto count = done.jobs.size();
        tell(self, s.peers.verify_pool, std::move(done));
        tell(self, s.peers.verify_pool, Demand{place.worker, place.epoch, count});
      },
      [self](const Configure& configure) { st(self).process = configure.method->check_process(); },
      [self, place](const StatusRequest& request) {
        auto& s = st(self);
        tell(self, s.peers.supervisor,
             StatusReport{request.child, {place.role, "idle", "attempts", {{"items", double(s.items)}}, s.items}});
      },
      [](const Drain&) {}, [self](const Stop&) { self->quit(); });
}

}  // namespace autodidact
