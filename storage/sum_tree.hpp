#pragma once
// Integer weights by position with sums and search in O(log n): a Fenwick tree that grows at its end. 8 bytes per position.
// Integers, because float sums would depend on the order of updates. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace autodidact {

class SumTree {
 public:
  std::size_t size() const { return tree_.size(); }
  std::uint64_t total() const { return total_; }
  void append(std::uint64_t weight);
  // Adds `delta` (two's complement, so a subtraction too) to the weight at `position`.
  void add(std::size_t position, std::uint64_t delta);
  // The position that holds the target-th unit of weight; target < total().
  std::size_t find(std::uint64_t target) const;
  std::uint64_t weight(std::size_t position) const;
  void clear();

 private:
  std::uint64_t prefix(std::size_t count) const;
  std::vector<std::uint64_t> tree_;  // tree_[i - 1] = sum of the lowbit(i) weights that end at position i - 1
  std::uint64_t total_ = 0;
};

}  // namespace autodidact
