#pragma once
// The answerer role: answers users' requests with the weights that serve. Killed, it answers all it had with an error and is
// started afresh.

#include "actors/actor_base.hpp"
#include "actors/answerer_engine.hpp"

namespace autodidact {

struct AnswererState {
  static constexpr const char* name = "answerer";
  ~AnswererState() {
    if (engine) engine->stop();
  }
  Peers peers;
  std::shared_ptr<AnswererEngine> engine;
  TimeMs rated_at = 0;
  std::uint64_t rated_tokens = 0;
  double tokens_per_s = 0;
};

caf::behavior answerer(caf::stateful_actor<AnswererState>* self, ContextPtr context, Place place,
                       std::shared_ptr<const Options> options);

}  // namespace autodidact
