#include "actors/status_board.hpp"

#include <chrono>
#include <utility>

namespace autodidact {

void StatusBoard::post(Progress progress, std::string json, bool ready, std::string readiness_json) {
  std::lock_guard lock(mutex_);
  progress_ = std::move(progress);
  json_ = std::move(json);
  ready_ = ready;
  readiness_json_ = std::move(readiness_json);
  last_post_ms_ =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress StatusBoard::progress() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

std::string StatusBoard::json() const {
  std::lock_guard lock(mutex_);
  return json_;
}

bool StatusBoard::ready() const {
  std::lock_guard lock(mutex_);
  return ready_;
}

std::string StatusBoard::readiness_json() const {
  std::lock_guard lock(mutex_);
  return readiness_json_;
}

void StatusBoard::set_drained() {
  std::lock_guard lock(mutex_);
  drained_ = true;
  changed_.notify_all();
}

bool StatusBoard::wait_drained(int timeout_ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return drained_; });
}

}  // namespace autodidact
