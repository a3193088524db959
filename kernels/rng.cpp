#include "kernels/rng.hpp"

#include <cmath>
#include <numbers>

namespace autodidact {

double random_normal(std::uint64_t stream, std::uint64_t index) {
  const double radius = std::sqrt(-2 * std::log(1 - random_unit(stream, 2 * index)));
  return radius * std::cos(2 * std::numbers::pi * random_unit(stream, 2 * index + 1));
}

}  // namespace autodidact
