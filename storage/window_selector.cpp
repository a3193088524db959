#include <cmath>

#include "storage/draw_random.hpp"
#include "storage/ordered_keys.hpp"
#include "storage/selector.hpp"

namespace autodidact {
namespace {

class WindowSelector : public Selector {
 public:
  WindowSelector(double newest_share, std::size_t window_size)
      : newest_share_(std::clamp(newest_share, 0.0, 1.0)), window_size_(std::max<std::size_t>(window_size, 1)) {}
  void insert(AttemptId key, float) override { keys_.insert(key); }
  void remove(AttemptId key) override { keys_.remove(key); }
  std::size_t size() const override { return keys_.size(); }

  std::vector<AttemptId> sample(std::size_t count, std::uint64_t seed, AttemptId) override {
    std::vector<AttemptId> drawn;
    if (keys_.size() == 0) return drawn;
    drawn.reserve(count);
    DrawRandom random(seed);
    while (drawn.size() < count) draw_pass(std::min(count - drawn.size(), keys_.size()), random, drawn);
    return drawn;
  }

 private:
  // wanted <= size(): no key twice. When one part is too small the other makes up for it.
  void draw_pass(std::size_t wanted, DrawRandom& random, std::vector<AttemptId>& drawn) const {
    const std::size_t window = std::min(window_size_, keys_.size());
    const std::size_t older = keys_.size() - window;
    std::size_t from_window = static_cast<std::size_t>(std::llround(static_cast<double>(wanted) * newest_share_));
    from_window = std::min(from_window, window);
    const std::size_t from_older = std::min(wanted - from_window, older);
    from_window = wanted - from_older;
    for (std::size_t position : distinct_positions(window, from_window, random)) drawn.push_back(keys_[older + position]);
    for (std::size_t position : distinct_positions(older, from_older, random)) drawn.push_back(keys_[position]);
  }

  const double newest_share_;
  const std::size_t window_size_;
  OrderedKeys keys_;
};

}  // namespace

std::unique_ptr<Selector> make_window_selector(double newest_share, std::size_t window_size) {
  return std::make_unique<WindowSelector>(newest_share, window_size);
}

}  // namespace autodidact
