#pragma once
// The whole actor system under test: every role on a real scheduler, the fake model, and a store of the test's choice (in
// memory unless said). No gateway, no command line. Owned by one test; its methods are called from that thread.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/answers.hpp"
#include "actors/context.hpp"
#include "actors/supervisor.hpp"
#include "tests/fakes/addition_oracle.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace autodidact {

// A loop of seconds: three digits, two rounds of 120 problems, a model that gets better with every version.
Options small_options();

class TestLoop {
 public:
  struct Settings {
    Options options = small_options();
    Oracle oracle = improving_oracle();
    std::chrono::microseconds decode_step{200}, train_step{200};
    std::int32_t tokens_per_step = 4;
    float scorer_gap = 0;
    std::string data_dir;          // made if missing; empty = a fresh one
    ReplayStore* store = nullptr;  // empty = a memory store of its own
  };
  explicit TestLoop(Settings settings);
  ~TestLoop();  // stops, does not drain

  ReplayStore& store() { return *store_; }
  AnswerBackend& answers() { return *answers_; }
  FakeControls& model() { return runtime_->controls(); }
  const Metrics& metrics() const { return metrics_; }
  const Options& options() const { return *context_->options; }
  const Task& task() const { return *context_->task; }
  const std::string& data_dir() const { return context_->data_dir; }
  nlohmann::json status() const { return nlohmann::json::parse(board_.json()); }
  // Of one role's row in the status document.
  nlohmann::json status_of(const std::string& role) const;

  std::vector<std::string> roles() const;  // as the supervisor last had them
  // Ends an actor without a word, as a crash would. False when it is being restarted just now.
  bool kill(const std::string& role);
  Epoch epoch_of(const std::string& role) const;
  void tell_supervisor(auto message) { caf_compat::anon_tell(supervisor_, std::move(message)); }

  static bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout);
  bool wait_finished(std::chrono::milliseconds timeout);
  bool drain(int timeout_ms);

 private:
  struct Member {
    caf::actor handle;
    Epoch epoch;
  };
  void assemble(const Settings& settings);
  void look_at(const SupervisorState& state);

  std::unique_ptr<ReplayStore> own_store_;
  ReplayStore* store_ = nullptr;
  std::unique_ptr<FakeRuntime> runtime_;
  std::unique_ptr<WeightBoard> weights_;
  std::unique_ptr<DeviceGate> gate_;
  ModelClock model_clock_;
  Metrics metrics_;
  std::timed_mutex trainer_turn_;
  std::atomic<std::uint64_t> trainer_step_{0};
  StatusBoard board_;
  ThreadKeeper threads_;
  std::shared_ptr<Context> context_;
  std::unique_ptr<ServedAnswers> served_;
  std::unique_ptr<Answers> answers_;
  mutable std::mutex mutex_;
  std::map<std::string, Member> members_;  // guarded by mutex_
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor supervisor_;
};

}  // namespace autodidact
