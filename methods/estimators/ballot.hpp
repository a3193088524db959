#pragma once
// Answers as small numbers, so that votes among many subsets need no strings. Shared by the vote estimators and the evidence of
// an answer; pure; any thread.

#include <cstdint>
#include <vector>

#include "methods/estimators/judged_candidate.hpp"

namespace autodidact {

struct Ballot {
  std::vector<std::int32_t> answer;  // per candidate: the number of its answer, by first appearance; -1 = none
  std::uint32_t answers = 0;
};

Ballot make_ballot(JudgedCandidates candidates);

}  // namespace autodidact
