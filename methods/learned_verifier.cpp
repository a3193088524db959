#include "methods/learned_verifier.hpp"

#include <algorithm>
#include <cmath>

namespace autodidact {
namespace {

TrainExample example_of(const ScoreCall& call) {
  TrainExample example;
  example.tokens.reserve(call.prompt.size() + call.completion.size());
  example.tokens.insert(example.tokens.end(), call.prompt.begin(), call.prompt.end());
  example.tokens.insert(example.tokens.end(), call.completion.begin(), call.completion.end());
  example.prompt_length = static_cast<std::uint32_t>(call.prompt.size());
  return example;
}

double sum_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

// log sigmoid(x), without overflow.
double log_sigmoid(double x) { return x > 0 ? -std::log1p(std::exp(-x)) : x - std::log1p(std::exp(x)); }

}  // namespace

double aggregate_steps(const std::string& how, std::span<const float> steps) {
  if (steps.empty()) return 0;
  if (how == "min") return *std::min_element(steps.begin(), steps.end());
  if (how == "last") return steps.back();
  double product = 1;
  for (const float step : steps) product *= step;
  return product;
}

Result<std::vector<VerifierScore>> LearnedVerifier::score(const VerifierWeights& weights, std::span<const ScoreCall> calls) {
  AD_REQUIRE(weights.verifier != nullptr, "LearnedVerifier::score without a verifier");
  for (const ScoreCall& call : calls) tokens_ += passes() * (call.prompt.size() + call.completion.size());
  return options_.kind == "dpo" ? likelihoods(weights, calls) : values(*weights.verifier, calls);
}

Result<std::vector<VerifierScore>> LearnedVerifier::likelihoods(const VerifierWeights& weights,
                                                                std::span<const ScoreCall> calls) {
  std::vector<TrainExample> batch;
  for (const ScoreCall& call : calls) batch.push_back(example_of(call));
  AD_ASSIGN_OR_RETURN(const auto own, scorer_->logprobs(*weights.verifier, batch));
  std::vector<std::vector<float>> reference;
  if (implicit_reward()) {
    AD_REQUIRE(weights.reference != nullptr, "an implicit reward needs the weights that the verifier was trained from");
    AD_ASSIGN_OR_RETURN(reference, scorer_->logprobs(*weights.reference, batch));
  }
  std::vector<VerifierScore> scores(calls.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double score = sum_of(own[i]);
    if (options_.score == "mean_likelihood") score /= static_cast<double>(own[i].size());
    if (!reference.empty()) score = options_.beta * (score - sum_of(reference[i]));
    scores[i].score = static_cast<float>(score);
  }
  return scores;
}

// An outcome model has one value, at the end; a process model one at the end of each step.
Result<std::vector<VerifierScore>> LearnedVerifier::values(const Weights& weights, std::span<const ScoreCall> calls) {
  const bool steps = per_step();
  std::vector<TrainExample> batch;
  for (const ScoreCall& call : calls) {
    TrainExample example = example_of(call);
    example.weight = 0;
    if (!steps) example.labels.push_back({static_cast<std::uint32_t>(example.tokens.size() - 1), 0, 1});
    for (const std::uint32_t end : steps ? call.step_ends : std::vector<std::uint32_t>())
      example.labels.push_back({example.prompt_length + end, 0, 1});
    batch.push_back(std::move(example));
  }
  AD_ASSIGN_OR_RETURN(auto values, scorer_->values(weights, batch));
  if (options_.likelihood_weight != 0) AD_RETURN_IF_ERROR(add_likelihoods(weights, batch, values));
  std::vector<VerifierScore> scores(calls.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!steps) {
      scores[i].score = static_cast<float>(log_sigmoid(values[i].front()));
      continue;
    }
    for (const float value : values[i]) scores[i].steps.push_back(static_cast<float>(std::exp(log_sigmoid(value))));
    const double whole = aggregate_steps(options_.aggregate, scores[i].steps);
    scores[i].score = static_cast<float>(std::log(std::max(whole, 1e-30)));
  }
  return scores;
}

// value_t + likelihood_weight * log V(y_1..t | x): in odds, the head's times how likely the language model finds the text.
Status LearnedVerifier::add_likelihoods(const Weights& weights, std::span<TrainExample> batch,
                                        std::span<std::vector<float>> values) {
  for (TrainExample& example : batch) example.weight = 1;
  AD_ASSIGN_OR_RETURN(const auto logprobs, scorer_->logprobs(weights, batch));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    double sum = 0;
    std::size_t counted = 0;
    for (std::size_t l = 0; l < values[i].size(); ++l) {
      const std::size_t until = batch[i].labels[l].at + 1 - batch[i].prompt_length;
      for (; counted < until; ++counted) sum += logprobs[i][counted];
      values[i][l] += static_cast<float>(options_.likelihood_weight * sum);
    }
  }
  return {};
}

}  // namespace autodidact
