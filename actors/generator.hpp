#pragma once
// The generator role: takes leased work items, has its engine sample the attempts, hands the results back to the pool.

#include "actors/actor_base.hpp"
#include "actors/generator_engine.hpp"

namespace autodidact {

struct GeneratorState {
  static constexpr const char* name = "generator";
  ~GeneratorState() {
    if (engine) engine->stop();
  }
  Peers peers;
  std::shared_ptr<GeneratorEngine> engine;
  std::vector<LeaseId> leases;      // held, for renewal
  std::uint64_t seen_progress = 0;  // of the engine, at the last renewal
  std::uint64_t items = 0;
};

caf::behavior generator(caf::stateful_actor<GeneratorState>* self, ContextPtr context, Place place);

}  // namespace autodidact
