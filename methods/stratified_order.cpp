#include "methods/stratified_order.hpp"

#include <algorithm>
#include <utility>

#include "config/status.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {

StratifiedOrder::StratifiedOrder(const std::vector<std::uint32_t>& group_of, std::uint64_t seed) : seed_(seed) {
  for (std::size_t i = 0; i < group_of.size(); ++i) {
    if (groups_.size() <= group_of[i]) groups_.resize(group_of[i] + 1);
    groups_[group_of[i]].items.push_back(static_cast<std::uint32_t>(i));
  }
  std::erase_if(groups_, [](const Shuffled& group) { return group.items.empty(); });
  for (std::size_t g = 0; g < groups_.size(); ++g) turns_.items.push_back(static_cast<std::uint32_t>(g));
}

std::size_t StratifiedOrder::at(std::uint64_t draw) {
  AD_REQUIRE(!groups_.empty(), "an order of no examples");
  const std::uint32_t group = pick(turns_, draw, 0);
  return pick(groups_[group], draw / groups_.size(), 1 + group);
}

// The draw-th of shuffled epochs over the items. Shuffles when the epoch changes, so going forward costs O(1) a draw.
std::uint32_t StratifiedOrder::pick(Shuffled& shuffled, std::uint64_t draw, std::uint64_t stream) {
  const std::uint64_t epoch = draw / shuffled.items.size();
  if (epoch != shuffled.epoch) {
    shuffled.epoch = epoch;
    shuffled.order = shuffled.items;
    for (std::size_t i = shuffled.order.size(); i > 1; --i) {
      std::swap(shuffled.order[i - 1],
                shuffled.order[below(counter_hash({seed_, stream, epoch, i}), static_cast<std::uint32_t>(i))]);
    }
  }
  return shuffled.order[draw % shuffled.items.size()];
}

}  // namespace autodidact
