#include "actors/device_gate.hpp"

#include <algorithm>
#include <utility>

namespace autodidact {
namespace {

std::string ms_since(DeviceGate::Clock::time_point since, DeviceGate::Clock::time_point now) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now - since).count()) + " ms";
}

bool answers(const DeviceGate::Party& party) { return party.use == DeviceGate::Use::kAnswer; }
bool loops(const DeviceGate::Party& party) { return !answers(party); }
template <class Is>
bool any(const std::list<DeviceGate::Party>& parties, Is is) {
  return std::any_of(parties.begin(), parties.end(), is);
}

}  // namespace

DeviceGate::Turn& DeviceGate::Turn::operator=(Turn&& other) noexcept {
  leave();
  gate_ = std::exchange(other.gate_, nullptr);
  place_ = other.place_;
  return *this;
}

void DeviceGate::Turn::leave() {
  if (gate_ == nullptr) return;
  DeviceGate* gate = std::exchange(gate_, nullptr);
  std::lock_guard lock(gate->mutex_);
  gate->book(Clock::now());
  gate->inside_.erase(place_);
  gate->changed_.notify_all();
}

Result<DeviceGate::Turn> DeviceGate::enter(Use use, const std::string& who, std::chrono::milliseconds timeout,
                                           std::stop_token stop) {
  Turn turn;
  if (open_to(use)) return turn;
  std::unique_lock lock(mutex_);
  book(Clock::now());
  const auto me = waiting_.insert(waiting_.end(), {use, who, Clock::now()});
  const bool entered = changed_.wait_until(lock, stop, Clock::now() + timeout, [&] { return may_enter(me); });
  if (!entered) {
    const std::string why =
        stop.stop_requested() ? "stopped while it waited" : "gave up after " + std::to_string(timeout.count()) + " ms";
    const std::string held_by = holders(me);
    book(Clock::now());
    waiting_.erase(me);
    changed_.notify_all();  // those behind me may go now
    return Status(Errc::kTemporary, who + " waited for the device and " + why + ": " + held_by);
  }
  me->since = Clock::now();
  book(me->since);
  inside_.splice(inside_.end(), waiting_, me);
  turn.gate_ = this;
  turn.place_ = me;
  if (use == Use::kSample) changed_.notify_all();  // samplers right behind me come along
  return turn;
}

// Up to now one side was in, and the other waited.
void DeviceGate::book(Clock::time_point now) {
  const auto held = std::chrono::duration_cast<std::chrono::nanoseconds>(now - std::exchange(booked_, now)).count();
  const bool answering = any(inside_, answers);
  if (!inside_.empty() && any(waiting_, [&](const Party& party) { return answers(party) != answering; }))
    ledger_.book(answering, held);
}

// The side that is below its share first. Within the loop only from the head of the queue, or with nothing but samplers ahead:
// nobody is overtaken by the other kind.
bool DeviceGate::may_enter(std::list<Party>::const_iterator me) const {
  if (answers(*me)) return inside_.empty() && (ledger_.answering_next() || !any(waiting_, loops));
  if (any(inside_, answers) || (ledger_.answering_next() && any(waiting_, answers))) return false;
  const auto is_train = [](const Party& party) { return party.use == Use::kTrain; };
  if (is_train(*me)) return inside_.empty() && std::none_of(waiting_.begin(), std::list<Party>::const_iterator(me), loops);
  return !any(inside_, is_train) && std::none_of(waiting_.begin(), std::list<Party>::const_iterator(me), is_train);
}

// A side that would come in again at once stays: between leaving and coming back the other would take a turn that is not its.
bool DeviceGate::yield_wanted(Use mine, bool within_slice) {
  if (open_to(mine)) return false;
  std::lock_guard lock(mutex_);
  if (within_slice && waiting_.empty()) return false;
  book(Clock::now());
  if (within_slice && !ledger_.overdue(mine == Use::kAnswer)) return false;
  if (within_slice && mine != Use::kAnswer && !any(waiting_, answers)) return false;  // the loop's own turns are whole slices
  if (mine == Use::kAnswer) return !ledger_.answering_next() && any(waiting_, loops);
  return any(waiting_, [&](const Party& party) { return answers(party) ? ledger_.answering_next() : party.use != mine; });
}

void DeviceGate::set_share(double share) {
  std::lock_guard lock(mutex_);
  book(Clock::now());
  ledger_.set_share(share);
  changed_.notify_all();
}

DeviceGate::Contended DeviceGate::contended() const {
  std::lock_guard lock(mutex_);
  return {static_cast<double>(ledger_.answering_ns()) * 1e-9, static_cast<double>(ledger_.loop_ns()) * 1e-9};
}

// Who is in the way of `me`: those inside, else those ahead.
std::string DeviceGate::holders(std::list<Party>::const_iterator me) const {
  const auto now = Clock::now();
  std::string text;
  for (const auto& party : inside_)
    text += (text.empty() ? "held by " : ", ") + party.who + " for " + ms_since(party.since, now);
  for (auto ahead = waiting_.begin(); text.empty() && ahead != me; ++ahead) text = "behind " + ahead->who;
  return text.empty() ? "it was free" : text;
}

std::string DeviceGate::describe() const {
  if (mode_ == Mode::kSplit) return "split";
  std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  std::string text;
  for (const auto& party : inside_)
    text += (text.empty() ? "" : "; ") + party.who + " inside for " + ms_since(party.since, now);
  for (const auto& party : waiting_) text += (text.empty() ? "" : "; ") + party.who + " waits " + ms_since(party.since, now);
  return text.empty() ? "free" : text;
}

}  // namespace autodidact
