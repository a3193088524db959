// The learner that trains adapters: what it starts from, what it moves, what its state file resumes, its micro-batches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/files.hpp"
#include "model/adamw_learner.hpp"
#include "model/lora.hpp"
#include "tests/model/model_fixtures.hpp"
#include "tests/model/one_sequence.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

EngineFactory engines(std::int64_t threads) {
  return [threads](const ModelConfig& config) { return make_fused_engine(config, {threads}); };
}

class LoraLearnerTest : public ::testing::Test {
 protected:
  LoraLearnerTest() {
    options_.threads = 2;
    options_.warmup_steps = 3;
    options_.lora_rank = 4;
    options_.lora_alpha = 8;
  }
  std::unique_ptr<Learner> make(std::uint64_t seed = 11) const {
    return std::move(make_adamw_learner(options_, seed, engines(options_.threads))).value();
  }
  std::unique_ptr<Learner> started(std::uint64_t seed = 11) const {
    auto learner = make(seed);
    EXPECT_TRUE(learner->begin(*base_, cursor_).ok());
    return learner;
  }
  void train(Learner& learner, std::uint64_t from, std::uint64_t to) const {
    for (std::uint64_t i = from; i < to; ++i) ASSERT_TRUE(learner.step(testing::random_batch(model_, 12, i)).ok());
  }
  static std::vector<float> floats(Learner& learner) {
    const WeightsPtr weights = learner.snapshot(1);
    return {weights->data.get(), weights->data.get() + weights->size};
  }
  static std::vector<float> values(Learner& learner) {
    const auto adapter = learner.adapter();
    return {adapter->values.get(), adapter->values.get() + adapter->size};
  }
  std::vector<float> logits(const Weights& weights) const {
    return testing::OneSequence(weights.config).logits(weights, testing::random_tokens(weights.config, 9, 1), 0);
  }

  const std::string path_ = "lora.state";
  const LearnerCursor cursor_{100, 0, 0, 1e-2};
  const ModelConfig model_ = testing::config_of({"Learner"});
  const WeightsPtr base_ = testing::random_weights(model_);
  TrainOptions options_;
};

TEST_F(LoraLearnerTest, BeginsAsTheBaseBitForBit) {
  const auto learner = started();
  EXPECT_TRUE(std::equal(base_->data.get(), base_->data.get() + base_->size, learner->snapshot(1)->data.get()));
  EXPECT_EQ(logits(*learner->snapshot(1)), logits(*base_));
}

TEST_F(LoraLearnerTest, ItsVersionsAreTheBaseWithItsAdapters) {
  auto learner = started();
  train(*learner, 0, 5);
  const WeightsPtr snapshot = learner->snapshot(7), merged = merge_adapter(*base_, *learner->adapter(), 7);
  EXPECT_TRUE(std::equal(merged->data.get(), merged->data.get() + merged->size, snapshot->data.get()));
  EXPECT_EQ(logits(*merged), logits(*snapshot));
  EXPECT_NE(logits(*merged), logits(*base_));
  const auto scorer = make_scorer(engines(1));
  const auto batch = testing::random_batch(model_, 6);
  EXPECT_EQ(scorer->logprobs(*merged, batch).value(), scorer->logprobs(*snapshot, batch).value());
}

TEST_F(LoraLearnerTest, MovesTargetedMatricesOnly) {
  options_.lora_target_modules = "q_proj, down_proj";
  auto learner = started();
  train(*learner, 0, 3);
  const WeightsPtr end = learner->snapshot(1);
  for (const TensorView& tensor : base_->layout) {
    const bool same = std::equal(base_->data.get() + tensor.offset, base_->data.get() + tensor.offset + tensor.size,
                                 end->data.get() + tensor.offset);
    EXPECT_EQ(same, tensor.name.find("q_proj") == std::string::npos && tensor.name.find("down_proj") == std::string::npos)
        << tensor.name;
  }
}

TEST_F(LoraLearnerTest, TheLossFallsOnATaskThatIsLearnedByHeart) {
  std::vector<TrainExample> batch;
  for (TokenId first = 2; first < 8; ++first) {
    TrainExample example{{first, 21}, 2, 1};
    for (TokenId i = 0; i < 6; ++i) example.tokens.push_back(2 + (first * 7 + i * i * first) % 20);
    batch.push_back(std::move(example));
  }
  options_.lora_rank = 8;
  auto learner = started();
  const double before = learner->step(batch).value().loss;
  double loss = 0;
  for (int i = 0; i < 300; ++i) loss = learner->step(batch).value().loss;
  EXPECT_GT(before, 2);
  EXPECT_LT(loss, 0.1);
}

TEST_F(LoraLearnerTest, SameBitsWhateverTheThreads) {
  std::vector<std::vector<float>> ends;
  for (std::int64_t threads : {1, 2, 3, 4, 2}) {
    options_.threads = threads;
    auto learner = started();
    train(*learner, 0, 4);
    ends.push_back(values(*learner));
    EXPECT_EQ(ends.back(), ends[0]);
  }
  EXPECT_NE(values(*started(12)), values(*started(11))) << "the seed chooses A";
}

TEST_F(LoraLearnerTest, ResumesExactlyWhereItsStateWasSaved) {
  auto steady = started();
  train(*steady, 0, 5);
  ASSERT_TRUE(steady->save_state(path_).ok());
  auto resumed = make(/*seed=*/999);  // the adapters come from the state
  EXPECT_EQ(resumed->load_state(path_).code(), Errc::kInternal) << "without a base";
  ASSERT_TRUE(resumed->begin(*base_, {}).ok());
  ASSERT_TRUE(resumed->load_state(path_).ok());
  EXPECT_EQ(resumed->cursor().step, 105u);
  EXPECT_EQ(resumed->cursor().plan_step, 5u);
  EXPECT_EQ(floats(*steady), floats(*resumed));
  for (std::uint64_t i = 5; i < 10; ++i) {
    const auto batch = testing::random_batch(model_, 12, i);
    const auto a = steady->step(batch).value(), b = resumed->step(batch).value();
    ASSERT_EQ(a.loss, b.loss);
    ASSERT_EQ(a.grad_norm, b.grad_norm);
  }
  EXPECT_EQ(values(*steady), values(*resumed));
  EXPECT_EQ(floats(*steady), floats(*resumed));
}

TEST_F(LoraLearnerTest, TheStateHoldsAdaptersAloneAndOnlyTheUpdateMovesThem) {
  auto learner = started();
  train(*learner, 0, 1);
  ASSERT_TRUE(learner->save_state(path_).ok());
  const std::string before = read_file(path_, 1 << 26).value();
  EXPECT_LT(before.size(), 3 * learner->adapter()->size * sizeof(float) + 2000);
  ASSERT_TRUE(learner->gradient(testing::random_batch(model_, 12, 1)).ok());
  ASSERT_TRUE(learner->save_state(path_).ok());
  EXPECT_EQ(read_file(path_, 1 << 26).value(), before);
  learner->update();
  ASSERT_TRUE(learner->save_state(path_).ok());
  EXPECT_NE(read_file(path_, 1 << 26).value(), before);
}

TEST_F(LoraLearnerTest, AStateOfAnotherBaseRankOrKindIsRefused) {
  auto learner = started();
  train(*learner, 0, 2);
  ASSERT_TRUE(learner->save_state(path_).ok());
  const auto refused = [&](const std::string& what, const Weights& base) {
    auto other = make();
    ASSERT_TRUE(other->begin(base, cursor_).ok()) << what;
    const auto before = floats(*other);
    const Status status = other->load_state(path_);
    EXPECT_EQ(status.code(), Errc::kBadInput) << what;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(path_), HasSubstr("move"))) << what;
    EXPECT_EQ(before, floats(*other)) << what;
  };
  refused("another base", *testing::random_weights(model_, 8));
  auto touched = aligned_floats(base_->size);
  std::copy_n(base_->data.get(), base_->size, touched.get());
  touched[base_->size - 1] += 1e-3f;
  refused("a base that differs in its last number", *make_weights(model_, 1, std::move(touched)));
  const TrainOptions same = options_;
  options_.lora_rank = 5;
  refused("another rank", *base_);
  options_ = same;
  options_.lora_alpha = 9;
  refused("another alpha", *base_);
  options_ = same;
  options_.lora_target_modules = "q_proj";
  refused("other targets", *base_);
  options_ = same;
  options_.lora_rank = 0;
  refused("every weight", *base_);
  auto full = make();
  ASSERT_TRUE(full->begin(*base_, cursor_).ok());
  EXPECT_EQ(full->adapter(), nullptr);
  ASSERT_TRUE(full->save_state(path_).ok());
  options_ = same;
  refused("adapters from every weight", *base_);
}

TEST_F(LoraLearnerTest, EveryPlanStartsFromItsBaseWithAnAOfItsOwn) {
  auto learner = started();
  const auto first = values(*learner);
  train(*learner, 0, 2);
  const WeightsPtr trained = learner->snapshot(5);
  ASSERT_TRUE(learner->begin(*trained, {102, 9, 0, 1e-2}).ok());
  EXPECT_TRUE(std::equal(trained->data.get(), trained->data.get() + trained->size, learner->snapshot(6)->data.get()));
  EXPECT_NE(values(*learner), first);
  EXPECT_EQ(learner->cursor().plan_step, 0u);
}

TEST_F(LoraLearnerTest, TargetsThatTheModelLacksAreRefusedAndChangeNothing) {
  auto learner = make();
  ASSERT_TRUE(learner->begin(*base_, cursor_).ok());
  options_.lora_target_modules = "c_attn";
  EXPECT_EQ(make()->begin(*base_, cursor_).code(), Errc::kConfig);
  options_.lora_target_modules = "";
  EXPECT_EQ(make_adamw_learner(options_, 1, engines(1)).status().code(), Errc::kConfig);
}

// The same step in parts: for every weight and for adapters.
TEST_F(LoraLearnerTest, MicroBatchesAddUpToTheWholeBatch) {
  const auto batch = testing::random_batch(model_, 20);
  for (std::int64_t rank : {0, 4}) {
    options_.lora_rank = rank;
    options_.micro_batch_tokens = 0;
    options_.adam_eps = 1;  // so that a step is smooth in the gradient: rounding stays rounding
    auto whole = started();
    const StepStats want = whole->step(batch).value();
    for (std::int64_t tokens : {1, 60, 200, 100000}) {
      options_.micro_batch_tokens = tokens;
      auto parts = started();
      const StepStats got = parts->step(batch).value();
      EXPECT_NEAR(got.loss / want.loss, 1, 1e-6) << tokens;
      EXPECT_NEAR(got.grad_norm / want.grad_norm, 1, 1e-6) << tokens;
      EXPECT_EQ(got.tokens, want.tokens);
      EXPECT_EQ(got.loss_tokens, want.loss_tokens);
      const auto a = floats(*whole), b = floats(*parts);
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-6) << tokens << " tokens, " << i;
    }
  }
}

// What the engine is asked for: never more padded tokens than allowed, except by one example alone; every example once.
class CountingEngine : public GradientEngine {
 public:
  CountingEngine(std::vector<std::vector<std::int64_t>>* calls, std::size_t floats) : calls_(calls), floats_(floats) {}
  Result<double> gradient(const Weights&, std::span<const PlacedExample> batch, float, float* grad) override {
    for (std::size_t i = 0; i < floats_; ++i) grad[i] += 1.0f;
    calls_->emplace_back();
    for (const PlacedExample& placed : batch) calls_->back().push_back(placed.rows());
    return 1.0;
  }
  Status logprobs(const Weights&, std::span<const PlacedExample>, std::vector<std::vector<float>>&) override { return {}; }
  Status ranked(const Weights&, std::span<const PlacedExample>, std::vector<std::vector<RankedToken>>&) override { return {}; }
  Status values(const Weights&, std::span<const PlacedExample>, std::vector<std::vector<float>>&) override { return {}; }

 private:
  std::vector<std::vector<std::int64_t>>* calls_;
  const std::size_t floats_;
};

TEST_F(LoraLearnerTest, MicroBatchesStayWithinTheirTokens) {
  std::vector<std::vector<std::int64_t>> calls;
  options_.lora_rank = 0;
  options_.micro_batch_tokens = 40;
  auto learner = make_adamw_learner(options_, 1, [&](const ModelConfig& config) {
                   return std::make_unique<CountingEngine>(&calls, static_cast<std::size_t>(config.parameter_count()));
                 }).value();
  ASSERT_TRUE(learner->begin(*base_, cursor_).ok());
  const auto batch = testing::random_batch(model_, 30);
  const StepStats stats = learner->step(batch).value();
  std::size_t examples = 0;
  for (const auto& rows : calls) {
    examples += rows.size();
    EXPECT_TRUE(rows.size() == 1 || rows[0] * static_cast<std::int64_t>(rows.size()) <= 40);
    EXPECT_TRUE(std::is_sorted(rows.rbegin(), rows.rend()));
  }
  EXPECT_EQ(examples, batch.size());
  EXPECT_GT(calls.size(), 10u);
  EXPECT_LT(calls.size(), 30u) << "short ones share a call";
  EXPECT_NEAR(stats.grad_norm, static_cast<double>(calls.size()) * std::sqrt(static_cast<double>(base_->size)), 1);
  EXPECT_NEAR(stats.loss, static_cast<double>(calls.size()) / static_cast<double>(stats.loss_tokens), 1e-9);
}

}  // namespace
}  // namespace autodidact
