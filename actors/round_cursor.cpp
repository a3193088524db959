#include "actors/round_cursor.hpp"

#include <utility>

namespace autodidact {

RoundCursor::RoundCursor(std::shared_ptr<const Task> task, std::shared_ptr<const Method> method, std::uint32_t round,
                         std::uint64_t size, bool barrier)
    : task_(std::move(task)), method_(std::move(method)), round_(round), size_(size), barrier_(barrier) {}

WorkItem RoundCursor::first_item(ItemId item) const {
  const std::uint64_t position = item_position(item);
  if (item_round(item) == kAskedRound) return asked_item(position);
  // Rounds draw disjoint stretches of the endless training sequence.
  const std::uint64_t index = static_cast<std::uint64_t>(round_ - 1) * size_ + position;
  return method_->plan(task_->training_problem(index), round_, position);
}

// Its attempts are this round's; its item is not, so that whatever round asks it, it is asked once.
WorkItem RoundCursor::asked_item(std::uint64_t position) const {
  WorkItem item = method_->plan(asked_.at(position), kAskedRound, position);
  item.round = round_;
  return item;
}

std::optional<WorkItem> RoundCursor::hinted_item(const ItemOutcome& outcome) const {
  auto item = method_->follow_up(outcome);
  if (item) item->id = make_item_id(item_round(outcome.item.id), item_position(outcome.item.id), true);
  return item;
}

std::optional<WorkItem> RoundCursor::follow_up(const ItemState& state) const {
  if (item_hinted(state.item) || state.quarantined) return std::nullopt;
  return hinted_item({first_item(state.item), state.attempts, state.correct, state.kept});
}

void RoundCursor::settle(const ItemState& state) {
  if (item_hinted(state.item)) return;
  if (item_round(state.item) == round_) ++done_;
  if (auto more = follow_up(state)) follow_ups_.insert(more->id);
}

void RoundCursor::ask_again(std::vector<AskedAgain> problems) {
  for (AskedAgain& one : problems)
    if (asked_.emplace(one.position, std::move(one.problem)).second) to_ask_.push_back(one.position);
}

void RoundCursor::restore(std::span<const ItemState> done) {
  std::set<ItemId> hinted_done;
  for (const ItemState& state : done) {
    if (item_hinted(state.item)) {
      hinted_done.insert(state.item);
    } else {
      done_ahead_.insert(state.item);
      settle(state);
    }
  }
  for (ItemId item : hinted_done) follow_ups_.erase(item);
}

std::optional<WorkItem> RoundCursor::next() {
  if (!again_.empty()) {
    const ItemId item = again_.front();
    again_.pop_front();
    outstanding_.insert(item);
    const WorkItem first = first_item(item);
    // A given-back follow-up exists because its first item failed; asked again, the method answers the same.
    return item_hinted(item) ? hinted_item({first, first.samples, 0, 0}) : first;
  }
  if (!to_ask_.empty()) {
    WorkItem item = asked_item(to_ask_.front());
    to_ask_.pop_front();
    outstanding_.insert(item.id);
    return item;
  }
  const bool primary_left = fresh_ < size_;
  if (!follow_ups_.empty() && !(barrier_ && done_ < size_)) {
    const ItemId item = *follow_ups_.begin();
    follow_ups_.erase(follow_ups_.begin());
    outstanding_.insert(item);
    const WorkItem first = first_item(item);
    return hinted_item({first, first.samples, 0, 0});
  }
  while (primary_left && fresh_ < size_) {
    const ItemId item = make_item_id(round_, fresh_, false);
    ++fresh_;
    if (done_ahead_.erase(item) > 0) continue;
    outstanding_.insert(item);
    return first_item(item);
  }
  return std::nullopt;
}

bool RoundCursor::committed(const ItemState& state) {
  if (outstanding_.erase(state.item) == 0 && std::erase(again_, state.item) == 0) return false;
  settle(state);
  return true;
}

void RoundCursor::give_back() {
  // Everything not yet committed keeps its order: first items by position, then follow-ups.
  std::set<std::pair<bool, ItemId>> all;
  for (ItemId item : outstanding_) all.emplace(item_hinted(item), item);
  for (ItemId item : again_) all.emplace(item_hinted(item), item);
  outstanding_.clear();
  again_.clear();
  for (const auto& [hinted, item] : all) again_.push_back(item);
}

}  // namespace autodidact
