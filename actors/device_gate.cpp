#include "actors/device_gate.hpp"

#include <algorithm>
#include <utility>

namespace autodidact {
namespace {

std::string ms_since(DeviceGate::Clock::time_point since, DeviceGate::Clock::time_point now) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now - since).count()) + " ms";
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
  gate->inside_.erase(place_);
  gate->changed_.notify_all();
}

Result<DeviceGate::Turn> DeviceGate::enter(Use use, const std::string& who, std::chrono::milliseconds timeout,
                                           std::stop_token stop) {
  Turn turn;
  if (mode_ == Mode::kSplit) return turn;
  std::unique_lock lock(mutex_);
  const auto me = waiting_.insert(waiting_.end(), {use, who, Clock::now()});
  const bool entered = changed_.wait_until(lock, stop, Clock::now() + timeout, [&] { return may_enter(me); });
  if (!entered) {
    const std::string why =
        stop.stop_requested() ? "stopped while it waited" : "gave up after " + std::to_string(timeout.count()) + " ms";
    const std::string held_by = holders(me);
    waiting_.erase(me);
    changed_.notify_all();  // those behind me may go now
    return Status(Errc::kTemporary, who + " waited for the device and " + why + ": " + held_by);
  }
  me->since = Clock::now();
  inside_.splice(inside_.end(), waiting_, me);
  turn.gate_ = this;
  turn.place_ = me;
  if (use == Use::kSample) changed_.notify_all();  // samplers right behind me come along
  return turn;
}

// Only from the head of the queue, or with nothing but samplers ahead: nobody is overtaken by the other kind.
bool DeviceGate::may_enter(std::list<Party>::const_iterator me) const {
  if (me->use == Use::kTrain) return inside_.empty() && me == waiting_.begin();
  const auto is_train = [](const Party& party) { return party.use == Use::kTrain; };
  return std::none_of(inside_.begin(), inside_.end(), is_train) &&
         std::none_of(waiting_.begin(), std::list<Party>::const_iterator(me), is_train);
}

bool DeviceGate::yield_wanted(Use mine) const {
  if (mode_ == Mode::kSplit) return false;
  std::lock_guard lock(mutex_);
  return std::any_of(waiting_.begin(), waiting_.end(), [mine](const Party& party) { return party.use != mine; });
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
