#pragma once
// Makes training steps durable on another thread, while the trainer computes the next gradient: the learner's state goes
// to one of two files in turn, then one write set names the step, that file and what was consumed. No CAF. Owned and called by
// TrainerEngine's compute thread. What survives a crash: the newest step whose write set is in the store.
//
// The trainer's side of it: no Learner::update() while a step is under way, so a crash costs one step taken, at most.

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/context.hpp"

namespace autodidact {

// The disk being full is no reason to lose anything: `write` is tried again until it is no longer answered kTemporary or
// give_up(). `waiting` is told why before each wait.
Status while_disk_full(const std::function<Status()>& write, const std::function<bool()>& give_up,
                       const std::function<void(const std::string& why)>& waiting);

class StepSaver {
 public:
  StepSaver(ContextPtr context, std::shared_ptr<ComputeThread> thread, std::function<bool()> give_up);
  ~StepSaver();  // waits

  // The store's newest step: where the next one goes on.
  void restore(TrainerState durable) { state_ = std::move(durable); }
  // Of the step begun last.
  const TrainerState& state() const { return state_; }

  // Begins to write `learner`'s present step. The one before must be settled.
  void begin(std::shared_ptr<const Learner> learner, TrainerState plan, std::vector<Consumption> consumed);
  bool under_way() const { return under_way_.valid(); }
  bool wait_for(std::chrono::milliseconds patience) const;  // true: nothing is being written (any more)
  std::string waits_for() const;
  // Waits for the step under way, if any; its error, once. Does not throw.
  Status settle();

 private:
  Status write(const Learner& learner, const TrainerState& state, const WriteSet& set);

  const ContextPtr context_;
  const std::shared_ptr<ComputeThread> thread_;
  const std::function<bool()> give_up_;
  TrainerState state_;
  std::future<Status> under_way_;
  mutable std::mutex mutex_;
  std::string waits_for_;  // guarded by mutex_
};

}  // namespace autodidact
