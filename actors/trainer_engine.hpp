#pragma once
// Carries out TrainCommands on one compute thread: draws batches, steps the learner, writes versions. A second thread works
// beside the gradient: it makes the last step durable together with what it consumed, and reads the next batch. No CAF. Owned
// by the trainer actor. What survives a crash: every step that is durable. The weights do not move again before it is, so one
// step taken is done again, at most.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/compute_thread.hpp"
#include "actors/context.hpp"
#include "actors/example_reader.hpp"
#include "actors/loop_core.hpp"
#include "actors/sliced_turn.hpp"
#include "actors/step_saver.hpp"
#include "actors/verifier_lesson.hpp"

namespace autodidact {

// What a plan that starts from `version` starts from; 0 = the checkpoint of model.checkpoint, or
// fresh random weights.
Result<WeightsPtr> start_weights(const Context& context, const Options& options, VersionId version);
// A learner of adapters gets the base that `state` was trained on, before it loads the state.
Status give_base(const Context& context, const Options& options, const TrainerState& state, Learner& learner);

class TrainerEngine : public std::enable_shared_from_this<TrainerEngine> {
 public:
  // Called on the compute thread.
  struct Listener {
    std::function<void(VersionRecord)> trained;        // durable and posted on the weight board
    std::function<void(std::uint32_t round)> nothing;  // no kept attempts
    std::function<void()> stopped;                     // open-ended training ended, its last version is reported
    std::function<void(Status)> failed;
    std::function<void(std::size_t count)> ask_draw;  // open-ended: answered by grant()
  };
  TrainerEngine(ContextPtr context, std::shared_ptr<const Options> options, Listener listener);

  void run(TrainCommand command);
  void configure(std::shared_ptr<const Options> options);
  void grant(std::size_t count);  // draws the ratio limiter allowed
  void pause(bool paused);
  void finish();  // open-ended: use up what the ratio allows, write a last version, end
  void stop();    // end at the next step boundary, everything durable
  bool busy() const { return busy_.load(); }
  std::uint64_t progress() const { return progress_.load(); }
  std::uint64_t step() const { return context_->trainer_step->load(); }
  std::string waits_for() const;

 private:
  void begin(TrainCommand command);  // under mutex_
  void execute(const TrainCommand& command);
  Status prepare(const TrainCommand& command);
  Status resume(const TrainerState& state);
  Status run_plan(const TrainCommand& command);
  Result<std::vector<std::uint32_t>> groups_of(const std::vector<AttemptId>& ids, bool balance);
  Status run_open_ended(const TrainCommand& command);
  // Of a verifier, in trainer_verifier.cpp.
  Status run_verifier_plan(const TrainCommand& command);
  Status take_checkpoint(const TrainCommand& command);
  Status store_scores(const TrainCommand& command);
  Status write_verifier(const TrainCommand& command);
  bool wait_for_grant(std::size_t count);
  Status step_once(const std::vector<AttemptId>& ids, const std::vector<AttemptId>& next, const char* phase);
  void save(const std::vector<AttemptId>& ids);
  Status settle_save();
  Status patiently(const std::function<Status()>& write);  // while the disk is full
  bool hold_device();
  void hold_while_paused();
  Status write_version(const TrainCommand& command, VersionId version);
  bool ending() const;
  void wait_on(const std::string& what);
  std::shared_ptr<const Options> options() const;

  const ContextPtr context_;
  const Listener listener_;
  const std::shared_ptr<ComputeThread> thread_, io_thread_;
  std::atomic<bool> stopping_{false}, finishing_{false}, busy_{false};
  std::atomic<std::uint64_t> progress_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Options> options_;  // guarded by mutex_
  std::size_t granted_ = 0;                 // guarded by mutex_
  bool paused_ = false;                     // guarded by mutex_
  TrainCommand running_;                    // guarded by mutex_
  std::optional<TrainCommand> next_;        // guarded by mutex_
  std::string waits_for_;                   // guarded by mutex_

  // compute thread only
  SlicedTurn turn_;
  std::shared_ptr<Learner> learner_;
  StepSaver saver_;
  TrainerState plan_;                  // the plan under way; its step and slot are the saver's affair
  std::vector<Consumption> consumed_;  // since the step saved last
  std::uint32_t round_ = 0;
  ExampleReader examples_;
  std::unique_ptr<VerifierLesson> lesson_;  // of a verifier's plan, while it runs
  std::unordered_map<ProblemId, std::uint32_t> group_of_problem_;
};

}  // namespace autodidact
