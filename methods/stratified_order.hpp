#pragma once
// The order in which a round visits its data when every group of problems is to count alike, however many examples it has:
// kept rationales are mostly of what is easy, and drawn alike they would hardly ever show what is hard. Measured on addition
// with few long sums among the examples: the curve climbs in a quarter of the steps. Owned by whoever trains; one thread.
// A function of its arguments alone, so a restarted round goes on where it was: at() takes the position.

#include <cstdint>
#include <vector>

namespace autodidact {

class StratifiedOrder {
 public:
  // group_of[i]: the group of example i, from 0; a group without examples is left out.
  StratifiedOrder(const std::vector<std::uint32_t>& group_of, std::uint64_t seed);

  // The example of the draw-th position, from 0. Of every run of as many draws as there are groups, beginning at a multiple
  // of that, each group has one, in shuffled order; within a group examples come in shuffled epochs. There must be examples.
  std::size_t at(std::uint64_t draw);

 private:
  struct Shuffled {
    std::vector<std::uint32_t> items, order;
    std::uint64_t epoch = ~0ull;  // of `order`
  };
  std::uint32_t pick(Shuffled& shuffled, std::uint64_t draw, std::uint64_t stream);

  const std::uint64_t seed_;
  std::vector<Shuffled> groups_;
  Shuffled turns_;  // whose turn it is: the numbers of groups_, shuffled anew for each run of them
};

}  // namespace autodidact
