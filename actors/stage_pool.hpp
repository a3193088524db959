#pragma once
// The actor around PoolCore at one stage boundary. It leases a worker an item only when downstream has granted room for the
// result, so nothing queues without a number. Dies with its items: the curriculum then issues them again.

#include "actors/actor_base.hpp"

namespace autodidact {

struct StagePoolState {
  static constexpr const char* name = "pool";
  explicit StagePoolState() = default;
  std::unique_ptr<JobPool> core;
  Peers peers;
  std::map<WorkerId, Hello> workers;
  std::map<WorkerId, std::size_t> asked;  // demand not yet passed to the core, for want of room downstream
  std::uint64_t generation = 0;
  std::size_t room_below = 0;  // items downstream will take
  std::uint64_t finished = 0;
  std::uint64_t redelivered_seen = 0;
  bool draining = false;
};

enum class Stage { kGenerate, kVerify, kFilter };
const char* name(Stage stage);

caf::behavior stage_pool(caf::stateful_actor<StagePoolState>* self, ContextPtr context, Place place, Stage stage);

}  // namespace autodidact
