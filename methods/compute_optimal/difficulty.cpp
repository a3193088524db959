#include "methods/compute_optimal/difficulty.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace autodidact {
namespace {

constexpr std::array kMeasures = {DifficultyMeasure::kProbability, DifficultyMeasure::kTokenLikelihood,
                                  DifficultyMeasure::kMeanLikelihood, DifficultyMeasure::kReward,
                                  DifficultyMeasure::kAgreement};

double easiness(DifficultyMeasure measure, const Candidate& probe) {
  if (!probe.whole || !probe.score || probe.tokens.empty()) return 0;
  const double score = probe.score->score;
  if (!std::isfinite(score)) return 0;
  if (measure == DifficultyMeasure::kReward) return 1 / (1 + std::exp(-score));
  const double per = measure == DifficultyMeasure::kTokenLikelihood ? static_cast<double>(probe.tokens.size()) : 1;
  return std::exp(std::min(0.0, score / per));
}

double agreement(std::span<const Candidate> probes) {
  std::map<std::string_view, std::size_t> counts;
  std::size_t most = 0;
  for (const Candidate& probe : probes)
    if (probe.whole && !probe.answer.empty()) most = std::max(most, ++counts[probe.answer]);
  return static_cast<double>(most);
}

// The place next to `wanted` where a sorted list rises, so that a cut there leaves equals together; `wanted` if it never does.
std::size_t nearest_gap(std::span<const double> sorted, std::size_t wanted) {
  for (std::size_t away = 0; away < sorted.size(); ++away) {
    for (const std::size_t at : {wanted - std::min(wanted, away), wanted + away})
      if (at > 0 && at < sorted.size() && sorted[at - 1] < sorted[at]) return at;
  }
  return std::min(wanted, sorted.size() - 1);
}

}  // namespace

DifficultyMeasure difficulty_measure(const VerifierOptions& options, bool has_verifier) {
  if (!has_verifier) return DifficultyMeasure::kAgreement;
  if (options.kind != "dpo") return DifficultyMeasure::kProbability;
  if (options.score == "implicit_reward") return DifficultyMeasure::kReward;
  return options.score == "mean_likelihood" ? DifficultyMeasure::kMeanLikelihood : DifficultyMeasure::kTokenLikelihood;
}

const char* name(DifficultyMeasure measure) {
  switch (measure) {
    case DifficultyMeasure::kProbability: return "probability";
    case DifficultyMeasure::kTokenLikelihood: return "token_likelihood";
    case DifficultyMeasure::kMeanLikelihood: return "mean_likelihood";
    case DifficultyMeasure::kReward: return "reward";
    case DifficultyMeasure::kAgreement: break;
  }
  return "agreement";
}

std::optional<DifficultyMeasure> parse_measure(std::string_view text) {
  for (const DifficultyMeasure measure : kMeasures)
    if (text == name(measure)) return measure;
  return {};
}

double predicted_difficulty(DifficultyMeasure measure, std::span<const Candidate> probes) {
  if (probes.empty()) return 1;
  double sum = measure == DifficultyMeasure::kAgreement ? agreement(probes) : 0;
  if (needs_verifier(measure))
    for (const Candidate& probe : probes) sum += easiness(measure, probe);
  return 1 - sum / static_cast<double>(probes.size());
}

std::vector<double> quantile_edges(std::vector<double> difficulties, std::size_t bins) {
  AD_REQUIRE(bins > 0 && !difficulties.empty(), "bins of nothing");
  std::sort(difficulties.begin(), difficulties.end());
  std::vector<double> edges;
  for (std::size_t i = 1; i < bins; ++i) {
    const std::size_t at = nearest_gap(difficulties, i * difficulties.size() / bins);
    const double above = difficulties[at], below = difficulties[at == 0 ? 0 : at - 1];
    edges.push_back(below + (above - below) / 2);
  }
  return edges;
}

std::size_t bin_of(std::span<const double> edges, double difficulty) {
  return static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), difficulty) - edges.begin());
}

}  // namespace autodidact
