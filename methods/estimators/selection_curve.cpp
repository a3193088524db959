#include "methods/estimators/selection_curve.hpp"

#include <algorithm>
#include <cmath>

#include "methods/estimators/pass_at_k.hpp"
#include "methods/estimators/vote_at_k.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

using Problems = std::span<const std::vector<JudgedCandidate>>;

std::uint64_t fewest_candidates(Problems problems) {
  std::uint64_t fewest = problems.empty() ? 0 : problems.front().size();
  for (const auto& candidates : problems) fewest = std::min<std::uint64_t>(fewest, candidates.size());
  return fewest;
}

bool any_score(Problems problems) {
  for (const auto& candidates : problems) {
    if (std::any_of(candidates.begin(), candidates.end(), [](const auto& one) { return !std::isnan(one.score); })) return true;
  }
  return false;
}

double mean_tokens(Problems problems) {
  double sum = 0;
  for (const auto& candidates : problems) {
    double tokens = 0;
    for (const JudgedCandidate& candidate : candidates) tokens += static_cast<double>(candidate.tokens);
    sum += tokens / static_cast<double>(candidates.size());
  }
  return sum / static_cast<double>(problems.size());
}

template <class Value>  // of (problem's number, its candidates)
MeanEstimate mean_over(Problems problems, const SelectionOptions& options, Value value) {
  std::vector<double> values;
  for (std::size_t i = 0; i < problems.size(); ++i) values.push_back(value(i, JudgedCandidates(problems[i])));
  return options.resamples == 0 ? normal_mean(values) : bootstrap_mean(values, options.resamples, options.seed);
}

}  // namespace

SelectionCurve selection_curve(Problems problems, const SelectionOptions& options) {
  SelectionCurve curve;
  const std::uint64_t last = std::min(fewest_candidates(problems), options.max_k);
  if (last == 0) return curve;
  const bool scored = any_score(problems);
  const double tokens = mean_tokens(problems);
  for (std::uint64_t k = 1; k <= last; k *= 2) {
    SelectionPoint& point = curve.emplace_back();
    point.k = k;
    point.tokens = static_cast<double>(k) * tokens;
    point.pass = mean_over(problems, options, [k](std::size_t, JudgedCandidates all) { return pass_at_k(all, k); });
    point.majority = mean_over(problems, options, [k](std::size_t, JudgedCandidates all) { return majority_at_k(all, k); });
    if (!scored) continue;
    point.best = mean_over(problems, options, [k](std::size_t, JudgedCandidates all) { return best_of_k(all, k); });
    point.weighted = mean_over(problems, options, [&](std::size_t i, JudgedCandidates all) {
      return weighted_majority_at_k(all, k, options.subset_draws, counter_hash({options.seed, i, k})).value;
    });
  }
  return curve;
}

}  // namespace autodidact
