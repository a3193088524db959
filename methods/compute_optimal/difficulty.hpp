#pragma once
// How hard a question is for the model that answers it, predicted without labels from a few samples of its own (arXiv
// 2408.03314, section 3.2), and the bins that difficulties are cut into. Pure; any thread.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "methods/search/candidate.hpp"

namespace autodidact {

// What a sample says about how easy its question is, always in [0, 1]. Only the order of questions matters: bins are quantiles.
enum class DifficultyMeasure {
  kProbability,  // orm, prm: the verifier's probability that the answer is right, so that the mean estimates Pass@1
  // dpo by likelihood: per token, exp(log V(y|x) / |y|). A likelihood has no scale of its own and falls with every token, so
  // the mean of whole ones would measure how long answers are.
  kTokenLikelihood,
  kMeanLikelihood,  // the same where scores are per token already
  kReward,          // dpo by implicit reward: sigmoid(beta log V/ref), what Bradley-Terry gives it against reward 0
  kAgreement,       // without a verifier: the share of the commonest answer among the samples
};

DifficultyMeasure difficulty_measure(const VerifierOptions& options, bool has_verifier);
inline bool needs_verifier(DifficultyMeasure measure) { return measure != DifficultyMeasure::kAgreement; }
// "probability", "token_likelihood", "mean_likelihood", "reward", "agreement".
const char* name(DifficultyMeasure measure);
std::optional<DifficultyMeasure> parse_measure(std::string_view text);

// 1 - the mean of what the probes say; one that came to no end says 0, whatever the verifier thinks of it. In [0, 1]; 1 of no
// probes.
double predicted_difficulty(DifficultyMeasure measure, std::span<const Candidate> probes);

// The bins - 1 inner edges that cut `difficulties` into `bins` parts as equal as ties allow, ascending; equal values stay in
// one bin, so that a measure of few values leaves some bins empty.
std::vector<double> quantile_edges(std::vector<double> difficulties, std::size_t bins);
// 0 is the easiest. Values outside of what was fitted fall into the first or last bin.
std::size_t bin_of(std::span<const double> edges, double difficulty);

}  // namespace autodidact
