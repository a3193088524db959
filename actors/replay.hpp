#pragma once
// The replay role: the front of the store. Commits what filters send and answers only when it is durable; keeps trying while
// the disk is full; couples sampling and training by the ratio limiter; tells the curriculum when no new work may be granted;
// runs retention. The store's own writer thread does the waiting.

#include <deque>

#include "actors/actor_base.hpp"
#include "actors/compute_thread.hpp"
#include "storage/ratio_limiter.hpp"

namespace autodidact {

struct ReplayState {
  static constexpr const char* name = "replay";
  Peers peers;
  std::shared_ptr<const Options> options;
  struct Pending {
    std::uint64_t token = 0;
    std::shared_ptr<const WriteSet> set;  // kept for another try
    caf::actor reply_to;
    TimeMs since = 0;
  };
  std::map<std::uint64_t, Pending> in_flight;  // by own sequence number
  std::deque<Pending> retry;                   // refused for now (queue or disk full), oldest first
  std::uint64_t next = 1;
  std::unique_ptr<RatioLimiter> limiter;  // continuous schedule only
  std::size_t draw_asked = 0;             // a batch the trainer waits for
  bool flow_open = true;
  std::string flow_reason;
  std::uint64_t committed = 0;
  TimeMs last_flow = 0, last_collect = 0;
  std::shared_ptr<ComputeThread> retention;
};

caf::behavior replay(caf::stateful_actor<ReplayState>* self, ContextPtr context, Place place,
                     std::shared_ptr<const Options> options);

// The limiter's band with the staleness bound in it: under the `wait` policy sampling may run ahead of training by at most
// max_staleness versions' worth of draws.
RatioLimits loop_limits(const Options& options);

}  // namespace autodidact
