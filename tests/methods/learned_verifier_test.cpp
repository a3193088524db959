// Scores and gradients through a real small model: what preference losses and reward heads make of it.
#include "methods/learned_verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "methods/preference.hpp"
#include "model/adamw_learner.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

ModelConfig small_config(bool value_head, ModelConfig::Position position = ModelConfig::Position::kRope) {
  ModelConfig config = testing::config_of({"Small", 16, 2, 2, 2, 8, 24, 19, position});
  config.value_head = value_head;
  return config;
}
const EngineFactory kEngine = [](const ModelConfig& config) { return make_fused_engine(config, {1}); };

// Weights a step along `direction` within one tensor.
WeightsPtr moved(const Weights& weights, const TensorView& tensor, const std::vector<float>& direction, double step) {
  auto data = aligned_floats(weights.size);
  std::copy_n(weights.data.get(), weights.size, data.get());
  for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) data[i] += static_cast<float>(step * direction[i]);
  return make_weights(weights.config, 0, std::move(data));
}

// Along each tensor's own gradient the loss changes by the gradient's square.
void expect_gradient(const Weights& weights, const std::vector<float>& gradient,
                     const std::function<double(const Weights&)>& loss) {
  for (const TensorView& tensor : weights.layout) {
    double squares = 0;
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) squares += double(gradient[i]) * gradient[i];
    if (squares < 1e-10) continue;
    const double step = 2e-3 / std::sqrt(squares);
    const double up = loss(*moved(weights, tensor, gradient, step)), down = loss(*moved(weights, tensor, gradient, -step));
    EXPECT_NEAR((up - down) / (2 * step) / squares, 1, 0.02) << tensor.name;
  }
}

std::vector<TrainExample> pairs_batch(const ModelConfig& config, std::size_t pairs) {
  std::vector<TrainExample> batch;
  for (std::size_t i = 0; i < 2 * pairs; ++i) {
    TrainExample example{testing::random_tokens(config, 4, 50 + i / 2), 4, 1, {}};
    const auto completion = testing::random_tokens(config, 3 + static_cast<std::int64_t>(i % 5), 90 + i);
    example.tokens.insert(example.tokens.end(), completion.begin(), completion.end());
    batch.push_back(std::move(example));
  }
  return batch;
}

std::vector<double> sums(Scorer& scorer, const Weights& weights, const std::vector<TrainExample>& batch) {
  std::vector<double> out;
  for (const auto& row : scorer.logprobs(weights, batch).value()) {
    out.push_back(0);
    for (const float value : row) out.back() += value;
  }
  return out;
}

std::vector<PlacedExample> placed(const std::vector<TrainExample>& batch) {
  std::vector<PlacedExample> out;
  for (const TrainExample& example : batch) out.push_back({&example, 0});
  return out;
}

TEST(PreferenceGradient, OfWeighedPairsIsThatOfTheLoss) {
  const ModelConfig config = small_config(false);
  const WeightsPtr policy = testing::random_weights(config, 7), reference = testing::random_weights(config, 8);
  const auto scorer = make_scorer(kEngine);
  for (const double nll_weight : {0.0, 0.3}) {
    VerifierOptions options;
    options.beta = 0.3;
    options.nll_weight = nll_weight;
    auto batch = pairs_batch(config, 3);
    const auto base = sums(*scorer, *reference, batch);
    const auto loss = [&](const Weights& weights) {
      auto same = batch;
      const auto now = sums(*scorer, weights, same);
      double total = weigh_pairs(same, now, base, options).loss;
      for (std::size_t i = 0; i < same.size(); i += 2)
        total -= nll_weight * now[i] / double(same[i].tokens.size() - same[i].prompt_length) / 3;
      return total;
    };
    weigh_pairs(batch, sums(*scorer, *policy, batch), base, options);
    std::vector<float> gradient(policy->size);
    ASSERT_TRUE(make_fused_engine(config, {1})->gradient(*policy, placed(batch), 1.0f / 3, gradient.data()).ok());
    expect_gradient(*policy, gradient, loss);
  }
}

// From the reference itself: the margin is 0, whatever positions the training sequences are given.
TEST(PreferenceGradient, BeginsAtLogTwo) {
  for (const auto position : {ModelConfig::Position::kRope, ModelConfig::Position::kLearned}) {
    const ModelConfig config = small_config(false, position);
    const WeightsPtr start = testing::random_weights(config);
    auto learner = make_adamw_learner({}, 1, kEngine).value();
    ASSERT_TRUE(learner->begin(*start, {3, 0, 10, 1e-3}).ok());
    auto batch = pairs_batch(config, 4);
    std::vector<double> policy;
    for (const auto& row : learner->logprobs(batch).value()) {
      policy.push_back(0);
      for (const float value : row) policy.back() += value;
    }
    const PreferenceStats stats = weigh_pairs(batch, policy, sums(*make_scorer(kEngine), *start, batch), {});
    EXPECT_NEAR(stats.loss, std::log(2.0), 1e-6) << static_cast<int>(position);
  }
}

TEST(PreferenceTraining, MakesRightAttemptsLikelierThanWrongOnes) {
  const ModelConfig config = small_config(false);
  const WeightsPtr start = testing::random_weights(config);
  const auto scorer = make_scorer(kEngine);
  const auto batch = pairs_batch(config, 4);
  const auto base = sums(*scorer, *start, batch);
  TrainOptions train;
  train.warmup_steps = 0;
  auto learner = make_adamw_learner(train, 1, kEngine).value();
  ASSERT_TRUE(learner->begin(*start, {0, 0, 60, 3e-3}).ok());
  PreferenceStats stats;
  for (int step = 0; step < 60; ++step) {
    auto weighed = batch;
    std::vector<double> policy;
    for (const auto& row : learner->logprobs(weighed).value()) {
      policy.push_back(0);
      for (const float value : row) policy.back() += value;
    }
    stats = weigh_pairs(weighed, policy, base, {.beta = 0.5});
    ASSERT_TRUE(learner->gradient(weighed, 4.0).ok());
    learner->update();
  }
  EXPECT_EQ(stats.accuracy, 1);
  EXPECT_LT(stats.loss, 0.3);
}

std::vector<TrainExample> labelled_batch(const ModelConfig& config, float nll_weight) {
  auto batch = pairs_batch(config, 3);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TrainExample& example = batch[i];
    example.weight = nll_weight;
    const auto last = static_cast<std::uint32_t>(example.tokens.size() - 1);
    if (i % 3 == 0) example.labels = {{3, 0.25f, 1}, {5, 0.75f, 2}};  // the prompt's end, and one within
    if (i % 3 == 1) example.labels = {{4, 1, 1}, {last, 0, 1}};
    if (i % 3 == 2) example.labels = {{last, 0.5f, 0.5f}};
  }
  return batch;
}

TEST(ValueGradient, IsThatOfTheCrossEntropyOnSoftLabels) {
  const ModelConfig config = small_config(true);
  const WeightsPtr weights = testing::random_weights(config);
  const auto scorer = make_scorer(kEngine);
  for (const float nll_weight : {0.0f, 0.1f}) {
    const auto batch = labelled_batch(config, nll_weight);
    const auto loss = [&](const Weights& at) {
      double total = 0;
      const auto values = scorer->values(at, batch).value();
      for (std::size_t i = 0; i < batch.size(); ++i)
        for (std::size_t j = 0; j < batch[i].labels.size(); ++j) {
          const double p = 1 / (1 + std::exp(-double(values[i][j]))), y = batch[i].labels[j].target;
          total -= batch[i].labels[j].weight * (y * std::log(p) + (1 - y) * std::log(1 - p));
        }
      for (const double sum : sums(*scorer, at, batch)) total -= nll_weight * sum;
      return total;
    };
    std::vector<float> gradient(weights->size);
    const auto got = make_fused_engine(config, {1})->gradient(*weights, placed(batch), 1, gradient.data());
    ASSERT_TRUE(got.ok());
    EXPECT_NEAR(*got / loss(*weights), 1, 1e-5);
    expect_gradient(*weights, gradient, loss);
  }
}

TEST(Values, AreThoseOfTheirTokenAndWhatComesBeforeIt) {
  const ModelConfig config = small_config(true);
  const WeightsPtr weights = testing::random_weights(config);
  const auto scorer = make_scorer(kEngine);
  TrainExample example{testing::random_tokens(config, 9, 1), 3, 1, {}};
  example.labels = {{2}, {5}, {8}};
  const auto value_of = [&](const TrainExample& of) { return scorer->values(*weights, {&of, 1}).value()[0]; };
  const auto before = value_of(example);
  for (std::size_t changed = 0; changed < 9; ++changed) {
    TrainExample other = example;
    other.tokens[changed] = 2 + (other.tokens[changed] - 1) % (config.vocab_size - 2);
    const auto after = value_of(other);
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_EQ(after[j] == before[j], changed > example.labels[j].at) << "token " << changed << ", value " << j;
  }
}

TEST(Values, OfANewHeadSayNothingAndTheRestOfTheModelIsAsItWas) {
  const WeightsPtr start = testing::random_weights(small_config(false)), with = with_value_head(start);
  ASSERT_TRUE(with->config.value_head);
  EXPECT_EQ(with->size, start->size + 16 + 1);
  const auto scorer = make_scorer(kEngine);
  auto batch = labelled_batch(with->config, 0);
  for (const auto& row : scorer->values(*with, batch).value())
    for (const float value : row) EXPECT_EQ(value, 0);
  for (TrainExample& example : batch) example.labels.clear();
  EXPECT_EQ(sums(*scorer, *with, batch), sums(*scorer, *start, batch));
  EXPECT_EQ(with_value_head(with), with);
}

TEST(Values, NeedAHead) {
  const WeightsPtr without = testing::random_weights(small_config(false));
  const auto batch = labelled_batch(without->config, 0);
  EXPECT_THAT(make_scorer(kEngine)->values(*without, batch).status().message(), HasSubstr("no value head"));
  auto learner = make_adamw_learner({}, 1, kEngine).value();
  ASSERT_TRUE(learner->begin(*without, {}).ok());
  EXPECT_THAT(learner->gradient(batch).status().message(), HasSubstr("no value head"));
}

TEST(Values, SurviveACheckpointAndALearnersState) {
  const WeightsPtr weights = testing::random_weights(small_config(true));
  const auto batch = labelled_batch(weights->config, 0);
  const auto scorer = make_scorer(kEngine);
  ASSERT_TRUE(save_checkpoint(*weights, {}, "value_head").ok());
  const auto loaded = load_checkpoint("value_head", 4);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(scorer->values(**loaded, batch).value(), scorer->values(*weights, batch).value());

  TrainOptions train;
  auto learner = make_adamw_learner(train, 1, kEngine).value(), again = make_adamw_learner(train, 1, kEngine).value();
  ASSERT_TRUE(learner->begin(*weights, {0, 0, 20, 1e-2}).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((learner->gradient(batch, 8.0).ok(), learner->update(), true));
  ASSERT_TRUE(learner->save_state("value_head.state").ok());
  ASSERT_TRUE(again->load_state("value_head.state").ok());
  for (const auto& one : {learner.get(), again.get()}) ASSERT_TRUE((one->gradient(batch, 8.0).ok(), one->update(), true));
  EXPECT_EQ(scorer->values(*again->snapshot(1), batch).value(), scorer->values(*learner->snapshot(1), batch).value());
  EXPECT_NE(scorer->values(*again->snapshot(1), batch).value(), scorer->values(*weights, batch).value());
}

TEST(LossOfLabels, IsDividedByWhatItIsTold) {
  const WeightsPtr weights = testing::random_weights(small_config(true));
  const auto batch = labelled_batch(weights->config, 0);
  auto learner = make_adamw_learner({}, 1, kEngine).value();
  ASSERT_TRUE(learner->begin(*weights, {0, 0, 20, 1e-2}).ok());
  const StepStats whole = learner->gradient(batch, 1.0).value(), part = learner->gradient(batch, 9.0).value();
  EXPECT_NEAR(whole.loss / part.loss, 9, 1e-4);
  EXPECT_NEAR(whole.grad_norm / part.grad_norm, 9, 1e-4);
}

TEST(ValueHead, LearnsWhichAttemptsAreRight) {
  const WeightsPtr start = with_value_head(testing::random_weights(small_config(false)));
  auto batch = pairs_batch(start->config, 4);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].weight = 0;
    batch[i].labels = {{static_cast<std::uint32_t>(batch[i].tokens.size() - 1), i % 2 == 0 ? 1.0f : 0.0f, 1}};
  }
  TrainOptions train;
  train.warmup_steps = 0;
  auto learner = make_adamw_learner(train, 1, kEngine).value();
  ASSERT_TRUE(learner->begin(*start, {0, 0, 80, 3e-3}).ok());
  for (int step = 0; step < 80; ++step) ASSERT_TRUE((learner->gradient(batch, 8.0).ok(), learner->update(), true));
  const auto values = make_scorer(kEngine)->values(*learner->snapshot(1), batch).value();
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(values[i][0] > 0, i % 2 == 0) << i;
}

// ---- LearnedVerifier

struct Scored {
  std::vector<VerifierScore> scores;
  std::uint64_t tokens;
};
Scored scored(const VerifierOptions& options, const VerifierWeights& weights, const std::vector<TrainExample>& batch) {
  LearnedVerifier verifier(options, make_scorer(kEngine));
  std::vector<ScoreCall> calls;
  for (const TrainExample& example : batch) {
    const std::span<const TokenId> all(example.tokens);
    calls.push_back({all.first(4), all.subspan(4), {0, 2, static_cast<std::uint32_t>(all.size() - 5)}});
    if (calls.back().step_ends[2] == 2) calls.back().step_ends.pop_back();
  }
  return {verifier.score(weights, calls).value(), verifier.tokens_scored()};
}

TEST(LearnedVerifier, ScoresByLikelihoodPerTokenOrAgainstItsReference) {
  const ModelConfig config = small_config(false);
  const WeightsPtr weights = testing::random_weights(config, 7), reference = testing::random_weights(config, 8);
  const auto batch = pairs_batch(config, 3);
  const auto own = sums(*make_scorer(kEngine), *weights, batch), other = sums(*make_scorer(kEngine), *reference, batch);
  std::uint64_t tokens = 0;
  for (const TrainExample& example : batch) tokens += example.tokens.size();
  const Scored whole = scored({.kind = "dpo"}, {weights, nullptr}, batch),
               mean = scored({.kind = "dpo", .score = "mean_likelihood"}, {weights, nullptr}, batch),
               implicit = scored({.kind = "dpo", .beta = 0.2, .score = "implicit_reward"}, {weights, reference}, batch);
  EXPECT_EQ(whole.tokens, tokens);
  EXPECT_EQ(implicit.tokens, 2 * tokens);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_NEAR(whole.scores[i].score, own[i], 1e-5);
    EXPECT_NEAR(mean.scores[i].score, own[i] / double(batch[i].tokens.size() - 4), 1e-5);
    EXPECT_NEAR(implicit.scores[i].score, 0.2 * (own[i] - other[i]), 1e-5);
    EXPECT_TRUE(whole.scores[i].steps.empty());
  }
}

TEST(LearnedVerifier, ScoresByItsHeadsValueAtTheEndOrAtEachStep) {
  const WeightsPtr weights = testing::random_weights(small_config(true));
  auto batch = pairs_batch(weights->config, 3);
  const Scored outcome = scored({.kind = "orm"}, {weights, nullptr}, batch);
  for (TrainExample& example : batch) {
    example.labels = {{4}, {6}};
    if (example.tokens.size() > 7) example.labels.push_back({static_cast<std::uint32_t>(example.tokens.size() - 1)});
  }
  const auto values = make_scorer(kEngine)->values(*weights, batch).value();
  for (const std::string how : {"last", "min", "product"}) {
    const Scored steps = scored({.kind = "prm", .aggregate = how}, {weights, nullptr}, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      ASSERT_EQ(steps.scores[i].steps.size(), values[i].size());
      double least = 1, product = 1, last = 0;
      for (std::size_t j = 0; j < values[i].size(); ++j) {
        last = 1 / (1 + std::exp(-double(values[i][j])));
        EXPECT_NEAR(steps.scores[i].steps[j], last, 1e-6);
        least = std::min(least, last);
        product *= last;
      }
      const double want = how == "last" ? last : how == "min" ? least : product;
      EXPECT_NEAR(std::exp(steps.scores[i].score), want, 1e-6) << how;
      EXPECT_NEAR(std::exp(outcome.scores[i].score), last, 1e-6);
    }
  }
}

// By hand: sigmoid( value + weight * log V(text up to there) ).
TEST(LearnedVerifier, AddsTheLikelihoodOfTheTextSoFarToAValuesLogOdds) {
  const WeightsPtr weights = testing::random_weights(small_config(true), 3);
  auto batch = pairs_batch(weights->config, 3);
  const auto logprobs = make_scorer(kEngine)->logprobs(*weights, batch).value();
  for (const std::string kind : {"orm", "prm"}) {
    const Scored plain = scored({.kind = kind}, {weights, nullptr}, batch);
    const Scored seen = scored({.kind = kind, .likelihood_weight = 0.5}, {weights, nullptr}, batch);
    EXPECT_EQ(seen.tokens, 2 * plain.tokens) << "a second pass";
    const auto with = [](float score, double logprob) {
      const double odds = score / (1 - score) * std::exp(0.5 * logprob);
      return odds / (1 + odds);
    };
    for (std::size_t i = 0; i < batch.size(); ++i) {
      double all = 0, first = logprobs[i][0];
      for (const float logprob : logprobs[i]) all += logprob;
      EXPECT_NEAR(std::exp(seen.scores[i].score), with(std::exp(plain.scores[i].score), all), 1e-6);
      if (kind == "orm") continue;
      ASSERT_EQ(seen.scores[i].steps.size(), plain.scores[i].steps.size());
      EXPECT_NEAR(seen.scores[i].steps.front(), with(plain.scores[i].steps.front(), first), 1e-6);
      EXPECT_NEAR(seen.scores[i].steps.back(), with(plain.scores[i].steps.back(), all), 1e-6);
    }
  }
}

TEST(LearnedVerifier, RefusesWeightsOfAnotherKind) {
  const WeightsPtr weights = testing::random_weights(small_config(false));
  LearnedVerifier verifier({.kind = "orm"}, make_scorer(kEngine));
  const std::vector<TokenId> tokens{2, 3};
  const ScoreCall call{tokens, tokens, {1}};
  EXPECT_EQ(verifier.score({weights, nullptr}, {&call, 1}).status().code(), Errc::kBadInput);
}

TEST(Aggregates, OfNoStepsAreZero) {
  const float steps[] = {0.5f, 0.25f, 0.75f};
  EXPECT_EQ(aggregate_steps("last", steps), 0.75);
  EXPECT_EQ(aggregate_steps("min", steps), 0.25);
  EXPECT_NEAR(aggregate_steps("product", steps), 0.09375, 1e-9);
  for (const char* how : {"last", "min", "product"}) EXPECT_EQ(aggregate_steps(how, {}), 0);
}

}  // namespace
}  // namespace autodidact
