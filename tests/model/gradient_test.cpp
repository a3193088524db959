// The hand-written passes against libtorch's autograd on the same weights.

#include <gtest/gtest.h>

#include <cmath>

#include "model/gradient_engine.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using testing::Shape;

std::vector<PlacedExample> placed(const std::vector<TrainExample>& batch, const ModelConfig& config) {
  std::vector<PlacedExample> out;
  for (std::size_t i = 0; i < batch.size(); ++i)
    out.push_back({&batch[i], config.random_offset > 0 ? static_cast<std::int64_t>(i % 20) : 0});
  return out;
}

// Largest difference in one tensor, relative to its largest gradient.
double relative_error(const TensorView& tensor, const float* got, const float* want) {
  double worst = 0, size = 1e-12;
  for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
    size = std::max(size, std::abs(static_cast<double>(want[i])));
  }
  return worst / size;
}

class GradientTest : public ::testing::TestWithParam<Shape> {};

TEST_P(GradientTest, FusedAgreesWithAutograd) {
  const ModelConfig config = testing::config_of(GetParam());
  const WeightsPtr weights = testing::random_weights(config);
  const auto batch = testing::random_batch(config, 40);
  const auto examples = placed(batch, config);
  std::vector<float> fused(weights->size), torch(weights->size);
  const auto fused_loss = make_fused_engine(config, {1})->gradient(*weights, examples, 1e-2f, fused.data());
  const auto torch_loss = make_torch_engine(config, {1})->gradient(*weights, examples, 1e-2f, torch.data());
  ASSERT_TRUE(fused_loss.ok() && torch_loss.ok()) << torch_loss.status().message();
  EXPECT_NEAR(*fused_loss / *torch_loss, 1, 1e-5);
  for (const TensorView& tensor : weights->layout)
    EXPECT_LT(relative_error(tensor, fused.data(), torch.data()), 2e-5) << tensor.name;
}

TEST_P(GradientTest, LogProbabilitiesAgreeWithAutograd) {
  const ModelConfig config = testing::config_of(GetParam());
  const WeightsPtr weights = testing::random_weights(config);
  const auto batch = testing::random_batch(config, 40);
  const auto examples = placed(batch, config);
  std::vector<std::vector<float>> fused, torch;
  ASSERT_TRUE(make_fused_engine(config, {1})->logprobs(*weights, examples, fused).ok());
  ASSERT_TRUE(make_torch_engine(config, {1})->logprobs(*weights, examples, torch).ok());
  ASSERT_EQ(fused.size(), torch.size());
  for (std::size_t i = 0; i < fused.size(); ++i) {
    ASSERT_EQ(fused[i].size(), torch[i].size());
    for (std::size_t j = 0; j < fused[i].size(); ++j)
      EXPECT_NEAR(fused[i][j], torch[i][j], 1e-5 * (1 + std::abs(torch[i][j]))) << i << ", " << j;
  }
}

TEST_P(GradientTest, TheLikeliestTokensAgreeWithAutograd) {
  const ModelConfig config = testing::config_of(GetParam());
  const WeightsPtr weights = testing::random_weights(config);
  const auto batch = testing::random_batch(config, 10);
  const auto examples = placed(batch, config);
  std::vector<std::vector<float>> logprobs;
  std::vector<std::vector<RankedToken>> fused, torch;
  const auto engine = make_fused_engine(config, {1});
  ASSERT_TRUE(engine->logprobs(*weights, examples, logprobs).ok());
  ASSERT_TRUE(engine->ranked(*weights, examples, fused).ok());
  ASSERT_TRUE(make_torch_engine(config, {1})->ranked(*weights, examples, torch).ok());
  std::size_t agree = 0, all = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    ASSERT_EQ(fused[i].size(), logprobs[i].size());
    ASSERT_EQ(torch[i].size(), logprobs[i].size());
    for (std::size_t j = 0; j < fused[i].size(); ++j) {
      const RankedToken &own = fused[i][j], &other = torch[i][j];
      EXPECT_EQ(own.logprob, logprobs[i][j]);
      EXPECT_NEAR(own.best_logprob, other.best_logprob, 1e-4);  // of logits that are as exact as those of unlikely tokens
      EXPECT_GE(own.best_logprob, own.logprob);
      if (own.best == examples[i].example->tokens[examples[i].first_counted() + 1 + j])
        EXPECT_EQ(own.best_logprob, own.logprob);
      agree += own.best == other.best ? 1 : 0;
      ++all;
    }
  }
  EXPECT_GE(agree, all - all / 100) << "but for near ties";
}

// Labels at a prompt's end, within a completion and on its last token; some sequences count no token beside them.
TEST_P(GradientTest, ValueHeadsAgreeWithAutograd) {
  ModelConfig config = testing::config_of(GetParam());
  config.value_head = true;
  const WeightsPtr weights = testing::random_weights(config);
  auto batch = testing::random_batch(config, 40);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TrainExample& example = batch[i];
    const auto last = static_cast<std::uint32_t>(example.tokens.size() - 1);
    if (i % 3 == 0) example.weight = 0;
    if (i % 4 == 1 && example.prompt_length > 0) example.labels.push_back({example.prompt_length - 1, 0.75f, 0.5f});
    if (i % 4 != 3) example.labels.push_back({last, i % 2 == 0 ? 1.0f : 0.0f, 1});
  }
  const auto examples = placed(batch, config);
  const auto own = make_fused_engine(config, {1}), reference = make_torch_engine(config, {1});
  std::vector<float> fused(weights->size), torch(weights->size);
  const auto fused_loss = own->gradient(*weights, examples, 1e-2f, fused.data());
  const auto torch_loss = reference->gradient(*weights, examples, 1e-2f, torch.data());
  ASSERT_TRUE(fused_loss.ok() && torch_loss.ok()) << torch_loss.status().message();
  EXPECT_NEAR(*fused_loss / *torch_loss, 1, 1e-5);
  for (const TensorView& tensor : weights->layout)
    EXPECT_LT(relative_error(tensor, fused.data(), torch.data()), 2e-5) << tensor.name;
  std::vector<std::vector<float>> fused_values, torch_values;
  ASSERT_TRUE(own->values(*weights, examples, fused_values).ok());
  ASSERT_TRUE(reference->values(*weights, examples, torch_values).ok());
  ASSERT_EQ(fused_values.size(), torch_values.size());
  for (std::size_t i = 0; i < fused_values.size(); ++i) {
    ASSERT_EQ(fused_values[i].size(), batch[i].labels.size());
    for (std::size_t j = 0; j < fused_values[i].size(); ++j)
      EXPECT_NEAR(fused_values[i][j], torch_values[i][j], 1e-5 * (1 + std::abs(torch_values[i][j]))) << i << ", " << j;
  }
}

TEST_P(GradientTest, SameBitsForAnyNumberOfThreads) {
  const ModelConfig config = testing::config_of(GetParam());
  const WeightsPtr weights = testing::random_weights(config);
  const auto batch = testing::random_batch(config, 120);  // more chunks than buffers to add them to
  const auto examples = placed(batch, config);
  std::vector<float> one(weights->size);
  const auto loss = make_fused_engine(config, {1})->gradient(*weights, examples, 1e-2f, one.data());
  for (std::int64_t threads : {2, 3, 4, 7}) {
    const auto engine = make_fused_engine(config, {threads});
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::vector<float> many(weights->size);
      const auto again = engine->gradient(*weights, examples, 1e-2f, many.data());
      ASSERT_EQ(*loss, *again);
      ASSERT_EQ(one, many) << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GradientTest, ::testing::ValuesIn(testing::shapes_and_a_large_one()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace autodidact
