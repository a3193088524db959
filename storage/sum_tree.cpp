#include "storage/sum_tree.hpp"

#include <bit>

#include "config/status.hpp"

namespace autodidact {
namespace {

constexpr std::size_t lowbit(std::size_t i) { return i & (~i + 1); }

}  // namespace

void SumTree::append(std::uint64_t weight) {
  const std::size_t i = tree_.size() + 1;
  std::uint64_t sum = weight;
  for (std::size_t child = i - 1; child > i - lowbit(i); child -= lowbit(child)) sum += tree_[child - 1];
  tree_.push_back(sum);
  total_ += weight;
}

void SumTree::add(std::size_t position, std::uint64_t delta) {
  AD_REQUIRE(position < tree_.size(), "position past the end of the sum tree");
  for (std::size_t i = position + 1; i <= tree_.size(); i += lowbit(i)) tree_[i - 1] += delta;
  total_ += delta;
}

std::size_t SumTree::find(std::uint64_t target) const {
  AD_REQUIRE(target < total_, "target past the total weight");
  std::size_t position = 0;
  for (std::size_t step = std::bit_floor(tree_.size()); step > 0; step /= 2) {
    if (position + step <= tree_.size() && tree_[position + step - 1] <= target) {
      position += step;
      target -= tree_[position - 1];
    }
  }
  return position;
}

std::uint64_t SumTree::weight(std::size_t position) const { return prefix(position + 1) - prefix(position); }

std::uint64_t SumTree::prefix(std::size_t count) const {
  std::uint64_t sum = 0;
  for (std::size_t i = count; i > 0; i -= lowbit(i)) sum += tree_[i - 1];
  return sum;
}

void SumTree::clear() {
  tree_.clear();
  total_ = 0;
}

}  // namespace autodidact
