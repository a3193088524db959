#pragma once
// Attempt ids in ascending order with random access: what fifo, lifo, uniform and window draw from. A deque, because keys
// arrive at the new end and leave at the old one. Not thread-safe.

#include <algorithm>
#include <deque>

#include "config/types.hpp"

namespace autodidact {

class OrderedKeys {
 public:
  void insert(AttemptId key) {
    if (keys_.empty() || keys_.back() < key) {
      keys_.push_back(key);
      return;
    }
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (*place != key) keys_.insert(place, key);
  }
  void remove(AttemptId key) {
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (place != keys_.end() && *place == key) keys_.erase(place);
  }
  std::size_t size() const { return keys_.size(); }
  AttemptId operator[](std::size_t index) const { return keys_[index]; }
  // Index of the first key above `key`; size() when there is none.
  std::size_t above(AttemptId key) const {
    return static_cast<std::size_t>(std::upper_bound(keys_.begin(), keys_.end(), key) - keys_.begin());
  }

 private:
  std::deque<AttemptId> keys_;
};

}  // namespace autodidact
