#include "model/shares.hpp"

#include <algorithm>
#include <numeric>

namespace autodidact {

std::vector<Share> deal(std::span<const PlacedExample> batch, std::size_t count) {
  std::vector<Share> shares(count);
  std::vector<std::size_t> order(batch.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return batch[a].rows() > batch[b].rows(); });
  for (std::size_t i : order) {
    Share& share =
        *std::min_element(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return a.rows < b.rows; });
    share.examples.push_back(batch[i]);
    share.origin.push_back(i);
    share.rows += batch[i].rows();
  }
  return shares;
}

}  // namespace autodidact
