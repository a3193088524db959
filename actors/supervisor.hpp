#pragma once
// The tree: starts every role, watches it, restarts it with back-off, drains the pipeline from source to sink, collects
// `status`, names stalls. The only actor that knows all the others. When it dies the process ends (the daemon watches the
// board).

#include <deque>
#include <functional>

#include "actors/actor_base.hpp"
#include "actors/stall_watch.hpp"
#include "actors/status_board.hpp"

namespace autodidact {

// Makes one incarnation of a role.
using ChildFactory = std::function<caf::actor(const Place&)>;

struct Child {
  std::string role;
  WorkerId worker = 0;
  ChildFactory make;
  caf::actor handle;  // null while waiting to be restarted
  Epoch epoch = 0;
  std::deque<TimeMs> restarts;  // within the last minute
  bool given_up = false;        // too many restarts: still tried, rarely, and /readyz says so
  TimeMs started_at = 0, restart_at = 0, answered_at = 0;
  ActorStatus status;
};

struct SupervisorState {
  static constexpr const char* name = "supervisor";
  std::vector<Child> children;
  std::vector<std::string> restarted;  // since the last Wire
  std::unique_ptr<StallWatch> stalls;
  std::vector<std::string> trouble;  // stalls named in the last check
  LoopStatus loop;
  std::shared_ptr<const Options> options;
  std::shared_ptr<const Method> method;
  std::string drain_stage;  // "" | the role whose Drained is awaited | "done"
  std::map<std::string, bool> drained;
  TimeMs last_status = 0, rates_at = 0;
  double attempts_seen = 0, tokens_seen = 0, trained_seen = 0, steps_seen = -1;
  double attempts_per_s = 0, tokens_per_s = 0, trained_per_s = 0, steps_per_s = 0;
  double overhead_share = 0;  // of the run; stands still when it is finished
  TimeMs born = 0;
};

// `extra` is put into the status document as "config": what the daemon knows of its configuration.
caf::behavior supervisor(caf::stateful_actor<SupervisorState>* self, ContextPtr context, StatusBoard* board,
                         std::shared_ptr<const Method> method, std::function<std::string()> extra);

}  // namespace autodidact
