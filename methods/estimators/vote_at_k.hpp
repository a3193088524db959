#pragma once
// How often a vote among k of N candidates finds a correct answer, on average over the subsets. Candidates without an answer
// have no vote; of answers that tie each is as likely to be taken as another; a vote without voters finds nothing. An answer is
// as correct as the share of its voters that are (all or none, unless the judge looks at more than the answer). Pure; any
// thread.

#include <cstdint>

#include "methods/estimators/judged_candidate.hpp"

namespace autodidact {

// majority@k, exactly: O(N k^2 log k) at most, far less when answers repeat. 1 <= k <= N.
double majority_at_k(JudgedCandidates candidates, std::uint64_t k);

struct SampledValue {
  double value = 0;
  double standard_error = 0;  // of drawing subsets; 0 when all were counted
};

// Weighted majority: the answer with the largest sum of exp(score); a candidate without a score has no vote. Sums depend on
// who is drawn, so there is no short way: all subsets when they are at most `draws`, else that many drawn from `seed`.
SampledValue weighted_majority_at_k(JudgedCandidates candidates, std::uint64_t k, std::uint64_t draws, std::uint64_t seed);

}  // namespace autodidact
