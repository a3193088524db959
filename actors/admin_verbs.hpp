#pragma once
// The admin verbs of AdminBackend, turned into messages and back into JSON. Any thread; every call is answered exactly once,
// within its deadline, even when an actor dies with it.

#include <atomic>
#include <memory>
#include <string>

#include "actors/actor_base.hpp"
#include "actors/admin_backend.hpp"
#include "actors/ask.hpp"
#include "actors/dashboard_feed.hpp"
#include "actors/running_config.hpp"
#include "actors/status_board.hpp"

namespace autodidact {

class AdminVerbs {
 public:
  AdminVerbs(std::shared_ptr<Context> context, StatusBoard* board, caf::actor supervisor, RunningConfig* config,
             caf::actor_system* system, AnswerBackend* answers);

  void call(const std::string& verb, const std::string& params_json, int deadline_ms, AdminBackend::Done done);

 private:
  Result<std::string> checkpoint() const;

  const std::shared_ptr<Context> context_;
  StatusBoard* const board_;
  const caf::actor supervisor_;
  RunningConfig* const config_;
  caf::actor_system* const system_;
  AnswerBackend* const answers_;
  std::atomic<std::uint64_t> asked_{0};
  std::shared_ptr<ComputeThread> slow_;  // reloads and checkpoints: file work, kept off the caller's thread
  std::shared_ptr<DashboardFeed> dashboard_;
};

}  // namespace autodidact
