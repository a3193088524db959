#pragma once
// The evaluator role: measures versions for the promotion gate (which is the loop core's), and answers users' questions.

#include "actors/actor_base.hpp"
#include "actors/evaluator_engine.hpp"

namespace autodidact {

struct EvaluatorState {
  static constexpr const char* name = "evaluator";
  ~EvaluatorState() {
    if (engine) engine->stop();
  }
  Peers peers;
  std::shared_ptr<EvaluatorEngine> engine;
};

caf::behavior evaluator(caf::stateful_actor<EvaluatorState>* self, ContextPtr context, Place place);

}  // namespace autodidact
