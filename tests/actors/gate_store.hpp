#pragma once
// A store whose writes wait while the test holds them: the slow disk. Everything else goes to the memory store inside. Owned by
// a test; any thread.

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "storage/replay_store.hpp"

namespace autodidact {

class GateStore : public ReplayStore {
 public:
  // While held, submit() only queues. Letting go writes what waited, in order.
  void hold(bool on) {
    std::vector<std::pair<WriteSet, Callback>> waiting;
    {
      std::lock_guard lock(mutex_);
      held_ = on;
      if (!on) waiting.swap(waiting_);
    }
    for (auto& [set, done] : waiting) inner_->submit(std::move(set), std::move(done));
  }

  // As hold(true), just before a write that this says yes to.
  void hold_at(std::function<bool(const WriteSet&)> write) {
    std::lock_guard lock(mutex_);
    hold_at_ = std::move(write);
  }
  bool held() {
    std::lock_guard lock(mutex_);
    return held_;
  }

  void submit(WriteSet set, Callback done) override {
    {
      std::lock_guard lock(mutex_);
      held_ = held_ || (hold_at_ && hold_at_(set));
      if (held_) {
        waiting_.emplace_back(std::move(set), std::move(done));
        return;
      }
    }
    inner_->submit(std::move(set), std::move(done));
  }

  Result<std::vector<JudgedAttempt>> read(std::span<const AttemptId> ids) const override { return inner_->read(ids); }
  Result<Problem> problem(ProblemId id) const override { return inner_->problem(id); }
  Result<std::vector<AttemptScore>> scores(std::span<const AttemptId> ids) const override { return inner_->scores(ids); }
  Result<AttemptPage> find(const AttemptQuery& query) const override { return inner_->find(query); }
  std::optional<AttemptSummary> summary(AttemptId id) const override { return inner_->summary(id); }
  std::vector<AttemptId> draw(const DrawRequest& request) const override { return inner_->draw(request); }
  std::vector<AttemptId> kept_ids(const DrawRequest& request) const override { return inner_->kept_ids(request); }
  Result<LoopState> loop_state() const override { return inner_->loop_state(); }
  Result<TrainerState> trainer_state() const override { return inner_->trainer_state(); }
  Result<std::vector<ItemState>> items_of_round(std::uint32_t round) const override { return inner_->items_of_round(round); }
  Result<std::vector<VersionRecord>> versions() const override { return inner_->versions(); }
  Result<std::vector<Event>> events(std::uint64_t after, std::size_t limit) const override {
    return inner_->events(after, limit);
  }
  Result<std::vector<Consumption>> consumption(std::uint64_t first, std::uint64_t last) const override {
    return inner_->consumption(first, last);
  }
  StoreCounts counts() const override { return inner_->counts(); }
  StoreHealth health() const override { return inner_->health(); }
  Status pin(std::span<const AttemptId> ids, bool pinned) override { return inner_->pin(ids, pinned); }
  Result<std::uint64_t> collect(std::uint64_t keep, bool dry_run) override { return inner_->collect(keep, dry_run); }

 private:
  const std::unique_ptr<ReplayStore> inner_ = make_memory_store();
  std::mutex mutex_;
  bool held_ = false;                                   // guarded by mutex_
  std::vector<std::pair<WriteSet, Callback>> waiting_;  // guarded by mutex_
  std::function<bool(const WriteSet&)> hold_at_;        // guarded by mutex_
};

}  // namespace autodidact
