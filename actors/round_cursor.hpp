#pragma once
// Which problems of one round are still to be sampled: the cursor the curriculum advances. Plain class, no CAF; one owner, one
// thread. Nothing here is durable: it is rebuilt from the store's done items, which is why a crash skips and repeats nothing.
//
// A position is a problem of the round; it may lead to a follow-up item (STaR's rationalization) once its first item is in
// the store. Every item is in exactly one of: not issued, outstanding, committed.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "config/types.hpp"
#include "methods/method.hpp"
#include "storage/replay_store.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// A problem that a user's feedback put right: asked once more, by its number among these (see ServedAnswers).
struct AskedAgain {
  std::uint64_t position = 0;
  Problem problem;
};

class RoundCursor {
 public:
  // barrier: follow-ups are issued only after every first item is committed, and in order (deterministic runs).
  RoundCursor(std::shared_ptr<const Task> task, std::shared_ptr<const Method> method, std::uint32_t round, std::uint64_t size,
              bool barrier);

  // What the store says is done. Call once, before anything is issued.
  void restore(std::span<const ItemState> done);

  // Problems to be asked ahead of the round's own; those it has already change nothing. Their items are of kAskedRound.
  void ask_again(std::vector<AskedAgain> problems);
  // Whether it has this one, sampled or not.
  bool asks(std::uint64_t position) const { return asked_.contains(position); }

  // The next item to sample, given back ones first; nothing when all are issued (or the barrier holds).
  std::optional<WorkItem> next();
  // The item is in the store, also when it was given back meanwhile. False for a duplicate: nothing changes.
  bool committed(const ItemState& state);
  // Every outstanding item is to be issued again, in order: a stage that held some of them died.
  void give_back();

  bool complete() const {
    return done_ == size_ && follow_ups_.empty() && outstanding_.empty() && again_.empty() && to_ask_.empty();
  }
  std::uint32_t round() const { return round_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t done() const { return done_; }  // positions whose first item is committed
  std::size_t outstanding() const { return outstanding_.size(); }
  std::size_t queued() const { return again_.size() + follow_ups_.size(); }

 private:
  WorkItem first_item(ItemId item) const;
  WorkItem asked_item(std::uint64_t position) const;
  std::optional<WorkItem> hinted_item(const ItemOutcome& outcome) const;
  std::optional<WorkItem> follow_up(const ItemState& state) const;
  void settle(const ItemState& state);

  const std::shared_ptr<const Task> task_;
  const std::shared_ptr<const Method> method_;
  const std::uint32_t round_;
  const std::uint64_t size_;
  const bool barrier_;
  std::uint64_t fresh_ = 0;  // positions below it were issued or are done
  std::uint64_t done_ = 0;
  std::set<ItemId> done_ahead_;  // restored first items at or above fresh_
  std::set<ItemId> outstanding_;
  std::deque<ItemId> again_;                // given back
  std::set<ItemId> follow_ups_;             // to be issued, in position order
  std::map<std::uint64_t, Problem> asked_;  // again, by position
  std::deque<std::uint64_t> to_ask_;        // of them, not issued
};

}  // namespace autodidact
