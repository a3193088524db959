#pragma once
// Sets of real numbers: intervals, points, their unions and differences, and what inequalities in one letter describe.
// Plain values; any thread.

#include <optional>
#include <string>
#include <vector>

#include "tasks/math/expr.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

struct Bound {
  int infinite = 0;               // -1, 0, 1
  std::optional<Rational> exact;  // when rational
  long double value = 0;
  long double error = 0;
};
struct Segment {
  Bound low, high;
  bool low_closed = false, high_closed = false;
};
// Sorted, and no two touch.
using RealSet = std::vector<Segment>;

// nullopt when `e` is no set of real numbers with known bounds. An inequality gives its letter in `letter`; two different
// letters are no set. A tuple in round brackets is read as an interval.
std::optional<RealSet> as_real_set(const Expr& e, std::string& letter, Work& work);
bool equal_sets(const RealSet& a, const RealSet& b);

}  // namespace autodidact::math
