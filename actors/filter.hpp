#pragma once
// The filter role: applies the method's selection rule and commits whole items. One filter, because duplicates and caps are
// judged against everything kept before. In deterministic runs items are committed in the order they were issued.

#include <map>

#include "actors/actor_base.hpp"
#include "actors/kept_memory.hpp"

namespace autodidact {

struct FilterState {
  static constexpr const char* name = "filter";
  Peers peers;
  std::shared_ptr<const Method> method;
  bool latest_round_only = false;
  std::uint32_t round = 0;
  KeptMemory kept;
  std::uint64_t generation = 0;
  std::uint64_t next_sequence = 0;          // deterministic: the item to commit next
  std::map<std::uint64_t, Leased> waiting;  // deterministic: sequence -> item whose turn has not come
  struct InFlight {
    std::vector<Leased> leases;
    std::vector<ItemState> items;
    TimeMs since = 0;
    std::shared_ptr<FeedbackReply> reply;  // of one that feedback was given on: no pool's
  };
  std::map<std::uint64_t, InFlight> commits;  // by token
  std::uint64_t next_token = 1;
  std::uint64_t items = 0;
};

caf::behavior filter(caf::stateful_actor<FilterState>* self, ContextPtr context, Place place,
                     std::shared_ptr<const Method> method);

}  // namespace autodidact
