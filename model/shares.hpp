#pragma once
// A batch divided among those who compute it. A function of the batch alone, so that sums do not depend on timing. Any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/gradient_engine.hpp"

namespace autodidact {

struct Share {
  std::vector<PlacedExample> examples;
  std::vector<std::size_t> origin;  // their places in the batch
  std::int64_t rows = 0;
};
// Longest first, each to the share with the fewest rows.
std::vector<Share> deal(std::span<const PlacedExample> batch, std::size_t shares);

}  // namespace autodidact
