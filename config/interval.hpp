#pragma once
// How sure one may be of a share. Shared by everything that reports one; pure; any thread.

#include <cstdint>

namespace autodidact {

struct Interval {
  double low = 0, high = 0;
};

// Wilson's 95 % interval of a share; [0, 1] of nothing.
Interval wilson(std::uint64_t hits, std::uint64_t n);

}  // namespace autodidact
