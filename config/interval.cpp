#include "config/interval.hpp"

#include <algorithm>
#include <cmath>

namespace autodidact {

Interval wilson(std::uint64_t hits, std::uint64_t n) {
  if (n == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;
  const double count = static_cast<double>(n);
  const double share = static_cast<double>(hits) / count;
  const double scale = 1 / (1 + kZ * kZ / count);
  const double middle = (share + kZ * kZ / (2 * count)) * scale;
  const double half = kZ * scale * std::sqrt(share * (1 - share) / count + kZ * kZ / (4 * count * count));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace autodidact
