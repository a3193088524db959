#include "storage/draw_random.hpp"

#include <numeric>
#include <unordered_map>

#include "config/status.hpp"

namespace autodidact {

// A Fisher-Yates shuffle stopped after `count` steps. When few of many are wanted only the swapped slots are kept.
std::vector<std::size_t> distinct_positions(std::size_t size, std::size_t count, DrawRandom& random) {
  AD_REQUIRE(count <= size, "more distinct positions than there are");
  std::vector<std::size_t> drawn(count);
  if (count >= size / 4) {
    std::vector<std::size_t> all(size);
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(all[i], all[i + random.below(size - i)]);
      drawn[i] = all[i];
    }
    return drawn;
  }
  std::unordered_map<std::size_t, std::size_t> moved;  // slot -> what a swap put there
  moved.reserve(2 * count);
  const auto at = [&](std::size_t slot) {
    const auto found = moved.find(slot);
    return found == moved.end() ? slot : found->second;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t slot = i + random.below(size - i);
    const std::size_t here = at(i);
    drawn[i] = at(slot);
    moved[slot] = here;
  }
  return drawn;
}

}  // namespace autodidact
