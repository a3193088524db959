#pragma once
// Which numbers are asked for which target. Every problem is made from a solution, so each has one. Immutable after
// construction; any thread. Nothing to persist: everything follows from the options and the seed by counter_hash().

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"

namespace autodidact {

struct Countdown {
  std::vector<std::int64_t> numbers;  // in the order of asking
  std::int64_t target = 0;
  std::string solution;            // "(8-3)*5"; "" when it is not known
  std::vector<std::string> steps;  // "8-3=5", "5*5=25"
};

// What a problem is drawn for: streams of random numbers that never meet.
enum class CountdownStream : std::uint64_t { kTraining = 11, kHeldOut = 12, kSeeds = 13 };

class CountdownProblems {
 public:
  // kConfig when the ranges leave too few problems to hold some out and train on the rest.
  static Result<CountdownProblems> make(const TaskOptions& options, std::uint64_t seed);

  // The index-th of its stream. Never held out, not with its numbers in another order either.
  Countdown training(std::uint64_t index) const { return draw_free(CountdownStream::kTraining, index); }
  Countdown seed_example(std::uint64_t index) const { return draw_free(CountdownStream::kSeeds, index); }
  // All different, also up to the order of the numbers.
  const std::vector<Countdown>& held_out() const { return held_out_; }

  std::size_t min_numbers() const { return min_numbers_; }
  std::size_t max_numbers() const { return max_numbers_; }

 private:
  CountdownProblems() = default;
  // True when the drawn numbers come to a target in range.
  bool draw(CountdownStream stream, std::uint64_t index, std::uint64_t attempt, Countdown& problem) const;
  Countdown draw_free(CountdownStream stream, std::uint64_t index) const;
  Status hold_out(std::uint64_t wanted);
  Status check_rest() const;

  std::uint64_t seed_ = 0;
  std::size_t min_numbers_ = 0, max_numbers_ = 0;
  std::int64_t max_number_ = 0, min_target_ = 0, max_target_ = 0;
  std::vector<Countdown> held_out_;
  std::unordered_set<std::string> held_out_keys_;  // "3,5,8=25", the numbers sorted
};

}  // namespace autodidact
