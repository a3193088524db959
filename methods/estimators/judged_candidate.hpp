#pragma once
// What the estimators know of one of the N candidates that were drawn for a problem. Values; any thread.

#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace autodidact {

struct JudgedCandidate {
  bool correct = false;
  // The verifier's, a logarithm as VerifierScore::score: larger is better, exp(score) is what a weighted vote counts.
  double score = std::numeric_limits<double>::quiet_NaN();  // NaN: it has none
  std::string answer;                                       // as votes count it; empty: none, so it has no vote
  std::uint64_t tokens = 0;
};

using JudgedCandidates = std::span<const JudgedCandidate>;  // of one problem

}  // namespace autodidact
