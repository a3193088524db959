#pragma once
// The trainer role: takes TrainCommands from the curriculum, has its engine carry them out, reports versions.

#include "actors/actor_base.hpp"
#include "actors/trainer_engine.hpp"

namespace autodidact {

struct TrainerActorState {
  static constexpr const char* name = "trainer";
  ~TrainerActorState() {
    if (engine) engine->stop();
  }
  Peers peers;
  std::shared_ptr<TrainerEngine> engine;
  bool draining = false;
};

caf::behavior trainer(caf::stateful_actor<TrainerActorState>* self, ContextPtr context, Place place,
                      std::shared_ptr<const Options> options);

}  // namespace autodidact
