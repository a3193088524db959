#pragma once
// Which sums are asked: operands of equal length, n digits uniform in [10^(n-1), 10^n) (one digit: 0 to 9). Immutable after
// construction; any thread. Nothing to persist: everything follows from the options and the seed by counter_hash().

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "tasks/digits.hpp"

namespace autodidact {

// What a sum is drawn for: streams of random numbers that never meet.
enum class SumStream : std::uint64_t { kTraining = 1, kHeldOut = 2, kSeeds = 3 };

class AdditionProblems {
 public:
  // kConfig when the digits, weights or counts make no sense.
  static Result<AdditionProblems> make(const TaskOptions& options, std::uint64_t seed);

  // The index-th training sum, its length drawn by digit_weights. Never held out, not with its operands swapped either.
  Sum training(std::uint64_t index) const;
  // The index-th worked example of that length; not held out.
  Sum seed_example(std::size_t digits, std::uint64_t index) const;
  // All different, also up to swapping, shortest first. At most a fifth of the sums of a length (of 100 one-digit sums: 20),
  // so that enough of the short ones stay to be trained on.
  const std::vector<Sum>& held_out() const { return held_out_; }

  std::size_t min_digits() const { return min_digits_; }
  std::size_t max_digits() const { return max_digits_; }

 private:
  AdditionProblems() = default;
  Sum draw(SumStream stream, std::size_t digits, std::uint64_t index, std::uint64_t attempt) const;
  Sum draw_free(SumStream stream, std::size_t digits, std::uint64_t index) const;
  std::size_t draw_digits(std::uint64_t index) const;
  void hold_out(std::size_t digits, std::uint64_t wanted);

  std::uint64_t seed_ = 0;
  std::size_t min_digits_ = 1, max_digits_ = 1;
  std::vector<double> cumulative_;  // share of lengths up to min_digits_ + i, last = 1
  std::vector<Sum> held_out_;
  std::unordered_set<std::string> held_out_keys_;  // "smaller+larger"
};

}  // namespace autodidact
