#pragma once
// Problems' candidates for the tests of estimators: drawn from a seed, with ties, missing scores and missing answers.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "methods/estimators/judged_candidate.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {

// `answers` different ones of which the first is right; scores in steps of 1/4, so that they tie, 1 in 8 missing; 1 in 8
// without answer (then wrong) when `silent`.
inline std::vector<JudgedCandidate> make_candidates(std::size_t n, std::uint32_t answers, std::uint64_t seed,
                                                    bool silent = true) {
  std::vector<JudgedCandidate> all;
  for (std::size_t i = 0; i < n; ++i) {
    const auto pick = [&](std::uint64_t what, std::uint32_t bound) { return below(counter_hash({seed, what, i}), bound); };
    JudgedCandidate one;
    const std::uint32_t answer = pick(0, answers);
    if (!silent || pick(1, 8) > 0) one.answer = "answer " + std::to_string(answer);
    one.correct = answer == 0 && !one.answer.empty();
    if (pick(2, 8) > 0) one.score = -0.25 * pick(3, 6) - (one.correct ? 0 : 0.25);
    one.tokens = 20 + pick(4, 40);
    all.push_back(one);
  }
  return all;
}

}  // namespace autodidact
