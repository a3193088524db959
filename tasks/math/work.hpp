#pragma once
// The limits of one check, and the counter that holds it to them. One Work per check, used by one thread.
//
// Time is not measured but counted: the same texts stop at the same place on every machine. A step is a few nanoseconds.

#include <cstddef>
#include <cstdint>

namespace autodidact::math {

inline constexpr std::uint64_t kMaxWork = 2'000'000;    // steps of one comparison
inline constexpr std::size_t kMaxAnswerBytes = 16'384;  // a longer answer is not parsed
inline constexpr std::size_t kMaxTokens = 4'096;        // of one answer
inline constexpr int kMaxDepth = 200;                   // of grammar rules inside one another: some 25 brackets
inline constexpr int kMaxChain = 32;                    // of divisions or set operations in a row: a/b/c/…
inline constexpr std::size_t kMaxDigits = 2'000;        // of a number as written
inline constexpr std::size_t kMaxBits = 16'384;         // of a number as computed
inline constexpr unsigned kMaxFactorial = 1'000;        // 1000! has 8,530 bits
inline constexpr std::size_t kMaxUnordered = 64;        // members of a set whose order is free
inline constexpr std::size_t kMaxStatedAnswers = 16;    // boxes or #### lines of one completion

class Work {
 public:
  // False when the limit is reached; then the caller gives up, and so does everybody above it.
  bool spend(std::uint64_t steps) {
    spent_ += steps;
    return spent_ <= kMaxWork;
  }
  bool exhausted() const { return spent_ > kMaxWork; }
  std::uint64_t spent() const { return spent_; }

 private:
  std::uint64_t spent_ = 0;
};

}  // namespace autodidact::math
