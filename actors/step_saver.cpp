#include "actors/step_saver.hpp"

#include <thread>
#include <utility>

namespace autodidact {
namespace {

constexpr std::chrono::milliseconds kRetry{250};
// A thread just woken may get the core of the trainer that woke it, for as long as copying the state takes: 0.2 ms a step on
// two cores, measured. So the gradient gets under way first.
constexpr std::chrono::microseconds kHeadStart{100};

}  // namespace

Status while_disk_full(const std::function<Status()>& write, const std::function<bool()>& give_up,
                       const std::function<void(const std::string& why)>& waiting) {
  Status status = write();
  while (status.code() == Errc::kTemporary && !give_up()) {
    waiting(status.message());
    std::this_thread::sleep_for(kRetry);
    status = write();
  }
  return status;
}

StepSaver::StepSaver(ContextPtr context, std::shared_ptr<ComputeThread> thread, std::function<bool()> give_up)
    : context_(std::move(context)), thread_(std::move(thread)), give_up_(std::move(give_up)) {}

StepSaver::~StepSaver() {
  if (under_way()) under_way_.wait();
}

void StepSaver::begin(std::shared_ptr<const Learner> learner, TrainerState plan, std::vector<Consumption> consumed) {
  AD_REQUIRE(!under_way(), "StepSaver::begin before the last step was settled");
  plan.step = learner->cursor().step;
  // Never the file that the durable record names.
  plan.slot = state_.slot == "learner/slot-a" ? "learner/slot-b" : "learner/slot-a";
  state_ = std::move(plan);
  WriteSet set;
  set.consumed = std::move(consumed);
  set.trainer = state_;
  under_way_ = post_future(*thread_, [this, learner = std::move(learner), state = state_, set = std::move(set)] {
    std::this_thread::sleep_for(kHeadStart);
    return write(*learner, state, set);
  });
}

Status StepSaver::write(const Learner& learner, const TrainerState& state, const WriteSet& set) {
  const auto waiting = [this](const std::string& why) {
    std::lock_guard lock(mutex_);
    waits_for_ = why;
  };
  waiting("the store");
  AD_RETURN_IF_ERROR(
      while_disk_full([&] { return learner.save_state(context_->data_dir + "/" + state.slot); }, give_up_, waiting));
  AD_RETURN_IF_ERROR(while_disk_full([&] { return context_->store->commit(set).status(); }, give_up_, waiting));
  *context_->trainer_step = state.step;
  return {};
}

bool StepSaver::wait_for(std::chrono::milliseconds patience) const {
  return !under_way() || under_way_.wait_for(patience) == std::future_status::ready;
}

std::string StepSaver::waits_for() const {
  std::lock_guard lock(mutex_);
  return waits_for_;
}

Status StepSaver::settle() {
  if (!under_way()) return {};
  try {
    return under_way_.get();
  } catch (const std::exception& e) {
    return {Errc::kInternal, std::string("making a training step durable: ") + e.what()};
  }
}

}  // namespace autodidact
