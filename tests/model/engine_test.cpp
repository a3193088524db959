// What the fused engine may be asked for besides gradients in fp32: checkpointing, ranks, bfloat16 matrices.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "model/adamw_learner.hpp"
#include "model/decoder.hpp"
#include "model/gradient_engine.hpp"
#include "model/packed_weights.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using testing::Shape;

class EngineTest : public ::testing::TestWithParam<Shape> {
 protected:
  EngineTest() {
    for (const TrainExample& example : batch_) examples_.push_back({&example, 0});
  }
  double gradient(GradientEngine& engine, const Weights& weights, std::vector<float>& grad) const {
    grad.assign(weights.size, 0.0f);
    return engine.gradient(weights, examples_, 1e-2f, grad.data()).value();
  }
  EngineFactory fused(std::int64_t threads) const {
    return [threads](const ModelConfig& config) { return make_fused_engine(config, {threads}); };
  }
  const ModelConfig config_ = testing::config_of(GetParam());
  const WeightsPtr weights_ = testing::random_weights(config_);
  const std::vector<TrainExample> batch_ = testing::random_batch(config_, config_.hidden_size > 100 ? 8 : 30);
  std::vector<PlacedExample> examples_;
};

TEST_P(EngineTest, CheckpointingChangesNotABit) {
  std::vector<float> kept, again;
  const auto plain = make_fused_engine(config_, {2}), checkpointing = make_fused_engine(config_, {2, true});
  EXPECT_EQ(gradient(*plain, *weights_, kept), gradient(*checkpointing, *weights_, again));
  EXPECT_EQ(kept, again);
}

TEST_P(EngineTest, GradientsAreAddedToWhatIsThere) {
  std::vector<float> once, twice;
  const auto engine = make_fused_engine(config_, {2});
  const double loss = gradient(*engine, *weights_, once);
  twice = once;
  EXPECT_EQ(engine->gradient(*weights_, examples_, 1e-2f, twice.data()).value(), loss);
  for (std::size_t i = 0; i < once.size(); ++i) ASSERT_NEAR(twice[i], 2 * once[i], 1e-6 + 1e-5 * std::abs(once[i])) << i;
}

TEST_P(EngineTest, TwoRanksComputeWhatOneDoes) {
  std::vector<float> one, two, again;
  const double loss = gradient(*fused(1)(config_), *weights_, one);
  const auto ranks = make_data_parallel_engine(config_, 2, fused(1));
  EXPECT_NEAR(gradient(*ranks, *weights_, two) / loss, 1, 1e-6);
  float largest = 0;
  for (const float value : one) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(two[i], one[i], 1e-5 * largest) << i;
  gradient(*ranks, *weights_, again);
  EXPECT_EQ(two, again) << "ranks are added in their order";
  std::vector<std::vector<float>> alone, shared;
  ASSERT_TRUE(fused(1)(config_)->logprobs(*weights_, examples_, alone).ok());
  ASSERT_TRUE(ranks->logprobs(*weights_, examples_, shared).ok());
  EXPECT_EQ(alone, shared);
}

TEST_P(EngineTest, MoreRanksThanSequences) {
  examples_.resize(2);
  std::vector<float> one, many;
  const double loss = gradient(*fused(1)(config_), *weights_, one);
  EXPECT_NEAR(gradient(*make_data_parallel_engine(config_, 5, fused(1)), *weights_, many) / loss, 1, 1e-6);
}

// Matrices whose values bfloat16 holds: nothing is left to round, so both precisions give the same bits. With others they
// differ.
TEST_P(EngineTest, Bfloat16RoundsMatricesAndNothingElse) {
  auto rounded = aligned_floats(weights_->size);
  for (std::size_t i = 0; i < weights_->size; ++i)
    rounded[i] = std::bit_cast<float>((std::bit_cast<std::uint32_t>(weights_->data[i]) + 0x8000u) & 0xffff0000u);
  const WeightsPtr wide = make_weights(config_, 1, rounded), narrow = make_weights(config_, 1, rounded, Dtype::kBf16);
  std::vector<float> want, got, full;
  const auto engine = make_fused_engine(config_, {2});
  EXPECT_EQ(gradient(*engine, *wide, want), gradient(*engine, *narrow, got));
  EXPECT_EQ(want, got);
  const WeightsPtr unrounded = make_weights(config_, 1, weights_->data, Dtype::kBf16);
  const double exact = gradient(*engine, *weights_, full), near = gradient(*engine, *unrounded, got);
  EXPECT_NE(exact, near);
  EXPECT_NEAR(near / exact, 1, 0.05);
}

TEST_P(EngineTest, SamplerAndTrainerAgreeInBfloat16BitForBit) {
  const WeightsPtr weights = make_weights(config_, 1, weights_->data, Dtype::kBf16);
  auto decoder = std::move(make_cpu_decoder({4}).value());
  ASSERT_TRUE(decoder->set_weights(weights).ok());
  DecodeRequest request{1, testing::random_tokens(config_, 5, 1), {}, 1};
  request.sampler.max_tokens = 12;
  decoder->submit(request);
  std::vector<DecodeResult> finished;
  while (decoder->step(finished) > 0) {
  }
  TrainExample sampled{request.prompt, 5, 1};
  sampled.tokens.insert(sampled.tokens.end(), finished.at(0).tokens.begin(), finished.at(0).tokens.end());
  const std::vector<PlacedExample> placed{{&sampled, 0}};
  std::vector<std::vector<float>> scored;
  ASSERT_TRUE(make_fused_engine(config_, {1})->logprobs(*weights, placed, scored).ok());
  EXPECT_EQ(finished.at(0).logprobs, scored.at(0));
}

// A published version is the trainer's own buffers, with the panels that packing afresh would give; training goes on in others.
TEST_P(EngineTest, PublishingHandsOverPointers) {
  for (const Dtype compute : {Dtype::kF32, Dtype::kBf16}) {
    TrainOptions options;
    options.weight_decay = 0.1;
    options.lr = 1e-2;
    auto learner = std::move(make_adamw_learner(options, 1, fused(2), compute).value());
    ASSERT_TRUE(learner->begin(*weights_, {0, 0, 0, 1e-2}).ok());
    ASSERT_TRUE(learner->step(batch_).ok());
    const WeightsPtr first = learner->snapshot(1);
    EXPECT_EQ(first->data, learner->snapshot(2)->data);
    EXPECT_EQ(first->packed, learner->snapshot(2)->packed);
    const std::vector<float> before(first->data.get(), first->data.get() + first->size);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(learner->step(batch_).ok());
    EXPECT_EQ(before, std::vector<float>(first->data.get(), first->data.get() + first->size));
    const WeightsPtr second = learner->snapshot(3);
    EXPECT_NE(first->data, second->data);
    for (const WeightsPtr& version : {first, second}) {
      PackedWeights fresh;
      pack_weights(config_, version->data.get(), compute, fresh);
      EXPECT_EQ(version->packed->panels, fresh.panels);
      EXPECT_EQ(version->packed->panels_bf16, fresh.panels_bf16);
      EXPECT_EQ(version->packed->flat, version->data.get());
    }
    EXPECT_EQ(second->packed->panels.empty(), compute == Dtype::kBf16);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EngineTest, ::testing::ValuesIn(testing::shapes_and_a_large_one()),
                         [](const auto& info) { return info.param.name; });

// Steps far below what bfloat16 resolves add up, because the parameters are fp32.
TEST(Bfloat16, SmallStepsAreNotLost) {
  const ModelConfig config = testing::config_of({"Plain"});
  const auto batch = testing::random_batch(config, 20);
  TrainOptions options;
  options.warmup_steps = 0;
  const EngineFactory fused = [](const ModelConfig& shape) { return make_fused_engine(shape, {2}); };
  auto learner = std::move(make_adamw_learner(options, 1, fused, Dtype::kBf16).value());
  ASSERT_TRUE(learner->begin(*testing::random_weights(config), {0, 0, 0, 2e-5}).ok());
  const double before = learner->step(batch).value().loss;
  double after = before;
  for (int i = 0; i < 80; ++i) after = learner->step(batch).value().loss;
  EXPECT_LT(after, before - 1e-3);
}

}  // namespace
}  // namespace autodidact
