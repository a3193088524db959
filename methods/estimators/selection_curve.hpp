#pragma once
// What k candidates a problem are worth, for each way to choose among them, over all problems: the k-curve that shows where a
// verifier saturates or is exploited. Pure; any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "methods/estimators/judged_candidate.hpp"
#include "methods/estimators/mean_estimate.hpp"

namespace autodidact {

struct SelectionPoint {
  std::uint64_t k = 0;
  double tokens = 0;      // generated for a problem on average: k times a candidate's
  MeanEstimate pass;      // Pass@k: any of them right, the bound of every choice
  MeanEstimate best;      // Best-of-k by the verifier's score
  MeanEstimate majority;  // majority@k
  MeanEstimate weighted;  // weighted majority@k
};
using SelectionCurve = std::vector<SelectionPoint>;  // k ascending

struct SelectionOptions {
  std::uint64_t max_k = 64;
  std::uint64_t subset_draws = 1000;  // per problem and k, where weighted majority cannot count all subsets
  std::uint64_t resamples = 1000;     // of problems, for the bootstrap intervals; 0 = normal ones
  std::uint64_t seed = 0;
};

// At k = 1, 2, 4, … up to max_k and the smallest number of candidates a problem has, so that every point is of the same
// problems: a candidate that was lost is better entered as a wrong one without answer than left out. `best` and `weighted` are
// NaN when no candidate has a score. Empty when there is no problem or one has no candidates.
SelectionCurve selection_curve(std::span<const std::vector<JudgedCandidate>> problems, const SelectionOptions& options = {});

}  // namespace autodidact
