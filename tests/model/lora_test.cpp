// Adapters: where they lie, what they add up to, their gradient, and the learner that trains them.

#include "model/lora.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "config/files.hpp"
#include "model/adamw_learner.hpp"
#include "model/decode_pass.hpp"
#include "model/worker_pool.hpp"
#include "tests/model/lora_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::random_adapter;

std::vector<std::string> modules(const LoraAdapter& adapter) {
  std::vector<std::string> names;
  for (const LoraMatrix& m : adapter.matrices) names.push_back(m.module);
  return names;
}

EngineFactory engines(std::int64_t threads) {
  return [threads](const ModelConfig& config) { return make_fused_engine(config, {threads}); };
}

class LoraTest : public ::testing::TestWithParam<testing::Shape> {
 protected:
  const ModelConfig model_ = testing::config_of(GetParam());
  const WeightsPtr base_ = testing::random_weights(model_);
};

TEST_P(LoraTest, MergesWhatTheFormulaSaysAndLeavesTheRest) {
  const LoraAdapter adapter = random_adapter({3, 6, {"all-linear"}, false}, model_);
  const WeightsPtr merged = merge_adapter(*base_, adapter, 4, 2);
  EXPECT_EQ(merged->version, 4u);
  std::vector<double> want(base_->data.get(), base_->data.get() + base_->size);
  for (const LoraMatrix& m : adapter.matrices)
    for (std::int64_t i = 0; i < m.out; ++i)
      for (std::int64_t j = 0; j < m.in; ++j)
        for (std::int64_t r = 0; r < 3; ++r)
          want[m.weight + static_cast<std::size_t>(i * m.in + j)] +=
              2.0 * adapter.values[m.b + static_cast<std::size_t>(i * 3 + r)] *
              adapter.values[m.a + static_cast<std::size_t>(r * m.in + j)];
  std::size_t moved = 0;
  for (std::size_t i = 0; i < base_->size; ++i) {
    ASSERT_NEAR(merged->data[i], want[i], 1e-6) << i;
    moved += merged->data[i] != base_->data[i] ? 1 : 0;
  }
  std::size_t targeted = 0;
  for (const LoraMatrix& m : adapter.matrices) targeted += static_cast<std::size_t>(m.out * m.in);
  EXPECT_EQ(adapter.matrices.size(), 7u * static_cast<std::size_t>(model_.num_hidden_layers));
  EXPECT_GT(moved, targeted * 9 / 10);
  EXPECT_LE(moved, targeted);
}

// Along random directions, one per tensor, so that no wrong value can hide: (loss(p + d) - loss(p - d)) / 2 = gradient . d,
// within 4 % of what such a product is in the mean, |gradient| |d| / sqrt(n).
TEST_P(LoraTest, GradientAgreesWithFiniteDifferences) {
  const LoraAdapter adapter = random_adapter({4, 8, {"all-linear"}, true}, model_);
  const auto batch = testing::random_batch(model_, 8);
  std::vector<PlacedExample> placed;
  for (const TrainExample& example : batch) placed.push_back({&example, 0});
  const auto engine = make_fused_engine(model_, {1});
  WorkerPool pool(2);
  auto dense = aligned_floats(base_->size), grad = aligned_floats(adapter.size);
  const auto loss_at = [&](const LoraAdapter& at) {
    return engine->gradient(*merge_adapter(*base_, at, 0), placed, 1, dense.get()).value();
  };
  loss_at(adapter);
  adapter_gradient(adapter, dense.get(), grad.get(), pool);
  for (const TensorView& tensor : adapter.layout) {
    double want = 0, norm = 0, length = 0;
    LoraAdapter plus = adapter, minus = adapter;
    plus.values = aligned_floats(adapter.size);
    minus.values = aligned_floats(adapter.size);
    std::copy_n(adapter.values.get(), adapter.size, plus.values.get());
    std::copy_n(adapter.values.get(), adapter.size, minus.values.get());
    const double step = 0.02 / std::sqrt(static_cast<double>(tensor.size));
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const double d = step * random_normal(17, i);
      plus.values[i] += static_cast<float>(d);
      minus.values[i] -= static_cast<float>(d);
      want += grad[i] * d;
      norm += grad[i] * grad[i];
      length += d * d;
    }
    const double usual = std::sqrt(norm * length / static_cast<double>(tensor.size));
    ASSERT_GT(usual, 0) << tensor.name;
    EXPECT_NEAR((0.5 * (loss_at(plus) - loss_at(minus)) - want) / usual, 0, 4e-2) << tensor.name;
  }
}

std::vector<testing::Shape> shapes_with_projections() {
  std::vector<testing::Shape> shapes = testing::shapes();
  std::erase_if(shapes, [](const testing::Shape& shape) { return shape.family == ModelConfig::Family::kGpt2; });
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(Shapes, LoraTest, ::testing::ValuesIn(shapes_with_projections()),
                         [](const auto& info) { return info.param.name; });

TEST(LoraTargets, Gpt2HasNone) {
  ModelConfig gpt2 = testing::config_of(testing::shapes().back());
  ASSERT_EQ(gpt2.family, ModelConfig::Family::kGpt2);
  const Status refused = plan_adapter({3, 6, {"all-linear"}, false}, gpt2).status();
  EXPECT_EQ(refused.code(), Errc::kConfig);
  EXPECT_NE(refused.message().find("no such projections"), std::string::npos) << refused.message();
}

class LoraConfigTest : public ::testing::Test {
 protected:
  const ModelConfig model_ = testing::config_of({"Config"});
  std::string refused(const LoraConfig& config) const {
    const auto plan = plan_adapter(config, model_);
    EXPECT_EQ(plan.status().code(), Errc::kConfig);
    return plan.status().message();
  }
};

TEST_F(LoraConfigTest, TargetsModulesByTheirNameOrItsTail) {
  const auto of = [&](std::vector<std::string> names) {
    return modules(plan_adapter({2, 4, std::move(names), false}, model_).value());
  };
  EXPECT_THAT(of({"v_proj", "q_proj"}), ElementsAre("model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj",
                                                    "model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj"));
  EXPECT_THAT(of({"mlp.up_proj"}), ElementsAre("model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"));
  EXPECT_THAT(of({"model.layers.1.mlp.down_proj", "1.self_attn.o_proj"}),
              ElementsAre("model.layers.1.self_attn.o_proj", "model.layers.1.mlp.down_proj"));
  EXPECT_EQ(of({"all-linear"}).size(), 14u);
}

TEST_F(LoraConfigTest, TensorsAreNamedAndShapedAsInPeft) {
  ModelConfig model = model_;
  model.num_hidden_layers = 1;
  model.num_key_value_heads = 2;
  const LoraAdapter adapter = plan_adapter({3, 3, {"k_proj"}, false}, model).value();
  ASSERT_EQ(adapter.layout.size(), 2u);
  EXPECT_EQ(adapter.layout[0].name, "base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight");
  EXPECT_THAT(adapter.layout[0].shape, ElementsAre(3, 32));
  EXPECT_EQ(adapter.layout[1].name, "base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight");
  EXPECT_THAT(adapter.layout[1].shape, ElementsAre(16, 3));
  EXPECT_EQ(adapter.size, 3u * 32 + 16 * 3);
}

TEST_F(LoraConfigTest, RefusesWhatMakesNoAdapter) {
  EXPECT_THAT(refused({0, 8, {"q_proj"}, false}), HasSubstr("rank"));
  EXPECT_THAT(refused({-1, 8, {"q_proj"}, true}), HasSubstr("rank"));
  EXPECT_THAT(refused({1 << 20, 8, {"q_proj"}, false}), HasSubstr("rank"));
  EXPECT_THAT(refused({8, 0, {"q_proj"}, false}), HasSubstr("alpha"));
  EXPECT_THAT(refused({8, std::nan(""), {"q_proj"}, false}), HasSubstr("alpha"));
  EXPECT_THAT(refused({8, 8, {}, false}), HasSubstr("none named"));
  for (const char* name :
       {"qproj", "proj", "lm_head", "embed_tokens", "model.layers.2.mlp.up_proj", "self_attn", "weight", "."})
    EXPECT_THAT(refused({8, 8, {"q_proj", name}, false}), AllOf(HasSubstr(name), HasSubstr("no projection"))) << name;
}

TEST_F(LoraConfigTest, ReadsTheListOfTheSettings) {
  TrainOptions options;
  options.lora_rank = 4;
  options.lora_alpha = 6;
  EXPECT_EQ(lora_config(options).value(), (LoraConfig{4, 6, {"all-linear"}, false}));
  EXPECT_DOUBLE_EQ(lora_config(options)->scale(), 1.5);
  options.use_rslora = true;
  EXPECT_DOUBLE_EQ(lora_config(options)->scale(), 3);
  options.lora_target_modules = " q_proj,v_proj , o_proj";
  EXPECT_THAT(lora_config(options)->target_modules, ElementsAre("q_proj", "v_proj", "o_proj"));
  for (const char* text : {"", ",", "q_proj,", ",q_proj", " ", "q_proj, ,v_proj"}) {
    options.lora_target_modules = text;
    EXPECT_THAT(lora_config(options).status().message(), HasSubstr("train.lora_target_modules")) << '"' << text << '"';
  }
}

TEST_F(LoraConfigTest, StartsAsPeftDoes) {
  const LoraAdapter adapter = plan_adapter({16, 16, {"all-linear"}, false}, model_).value();
  const auto values = initial_values(adapter, 3), again = initial_values(adapter, 3), other = initial_values(adapter, 4);
  EXPECT_TRUE(std::equal(values.get(), values.get() + adapter.size, again.get()));
  EXPECT_FALSE(std::equal(values.get(), values.get() + adapter.size, other.get()));
  for (const LoraMatrix& m : adapter.matrices) {
    const auto a = static_cast<std::size_t>(16 * m.in), b = static_cast<std::size_t>(m.out * 16);
    double sum = 0, squares = 0, worst = 0;
    for (std::size_t i = m.a; i < m.a + a; ++i) {
      sum += values[i];
      squares += values[i] * values[i];
      worst = std::max(worst, std::abs(static_cast<double>(values[i])));
    }
    const double bound = 1 / std::sqrt(static_cast<double>(m.in)), n = static_cast<double>(a);
    EXPECT_LE(worst, bound);
    EXPECT_GT(worst, 0.95 * bound);
    EXPECT_NEAR(sum / n, 0, 5 * bound / std::sqrt(3 * n));
    EXPECT_NEAR(squares / n / (bound * bound / 3), 1, 0.2) << "uniform: variance bound^2 / 3";
    for (std::size_t i = m.b; i < m.b + b; ++i) ASSERT_EQ(values[i], 0);
  }
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
    DecodePass pass(weights.config, 1, weights.config.max_position_embeddings);
    const auto tokens = testing::random_tokens(weights.config, 9, 1);
    const DecodeSegment segment{0, 0, 0, 9, {}};
    pass.run(*weights.packed, tokens, std::span(&segment, 1));
    return {pass.logits(0), pass.logits(0) + weights.config.vocab_size};
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
