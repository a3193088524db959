#pragma once
// Scores attempts by what a verifier has learnt: V-STaR's likelihood, an outcome reward model's or a process reward model's
// value. Owner and thread: one compute thread makes it and calls it. Weights are given with each call: a verifier follows the
// loop. Nothing survives a crash.

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "model/learner.hpp"

namespace autodidact {

struct VerifierScore {
  // dpo: log V(y|x), by verifier.score also per token or against the model it was trained from. orm, prm: log of the
  // probability that the answer is right. Larger is better; exp(score) is what a weighted vote counts.
  float score = 0;
  std::vector<float> steps;  // prm: the probability of a right answer at the end of each step
};

struct ScoreCall {
  std::span<const TokenId> prompt, completion;
  std::vector<std::uint32_t> step_ends;  // indices into completion, ascending, the last one its last token; prm
};

// What scores: the newest of the verifier line, and for the implicit reward the weights it was trained from.
struct VerifierWeights {
  WeightsPtr verifier, reference;
};

// What is known of scores before they are.
struct ScoreBounds {
  float highest = 0;         // none is above: log-probabilities end at 0, an implicit reward nowhere
  bool likelihoods = false;  // they are log V(text|question): over all texts, exp(score) sums to one
};

class LearnedVerifier {
 public:
  LearnedVerifier(const VerifierOptions& options, std::unique_ptr<Scorer> scorer)
      : options_(options), scorer_(std::move(scorer)) {}

  // In order. Completions are not empty. kBadInput: one does not fit the model, or the weights are of another kind.
  Result<std::vector<VerifierScore>> score(const VerifierWeights& weights, std::span<const ScoreCall> calls);
  std::uint64_t tokens_scored() const { return tokens_; }  // through the verifier, prompts included
  // Of the models through a candidate: two for an implicit reward, or a value and a likelihood.
  std::uint64_t passes() const { return implicit_reward() || sees_likelihood() ? 2 : 1; }
  ScoreBounds bounds() const {
    return {implicit_reward() ? std::numeric_limits<float>::infinity() : 0.0f,
            options_.kind == "dpo" && options_.score == "likelihood"};
  }
  bool per_step() const { return options_.kind == "prm"; }

 private:
  bool implicit_reward() const { return options_.kind == "dpo" && options_.score == "implicit_reward"; }
  bool sees_likelihood() const { return options_.kind != "dpo" && options_.likelihood_weight != 0; }
  Result<std::vector<VerifierScore>> likelihoods(const VerifierWeights& weights, std::span<const ScoreCall> calls);
  Result<std::vector<VerifierScore>> values(const Weights& weights, std::span<const ScoreCall> calls);
  Status add_likelihoods(const Weights& weights, std::span<TrainExample> batch, std::span<std::vector<float>> values);

  const VerifierOptions options_;
  const std::unique_ptr<Scorer> scorer_;
  std::uint64_t tokens_ = 0;
};

// One score of a whole attempt from those of its steps (verifier.aggregate: last | min | product); 0 for no steps.
double aggregate_steps(const std::string& how, std::span<const float> steps);

}  // namespace autodidact
