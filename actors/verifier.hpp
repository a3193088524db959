#pragma once
// The verifier role: judges the attempts of leased items with the task's checker. Rule checkers take microseconds, so they run
// on the actor's own turn; work comes in slices, so status is answered in between.

#include "actors/actor_base.hpp"

namespace autodidact {

struct VerifierState {
  static constexpr const char* name = "verifier";
  Peers peers;
  bool process = true;  // the whole rationale must be right
  std::uint64_t items = 0;
};

caf::behavior verifier(caf::stateful_actor<VerifierState>* self, ContextPtr context, Place place,
                       std::shared_ptr<const Method> method);

// One verdict per attempt, in order.
std::vector<Verdict> judge_attempts(const Task& task, const Problem& problem, const std::vector<Attempt>& attempts,
                                    bool process);

}  // namespace autodidact
