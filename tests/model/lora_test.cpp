// Adapters: where they lie, what they add up to, and their gradient.

#include "model/lora.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/adamw_learner.hpp"
#include "model/worker_pool.hpp"
#include "tests/model/lora_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::random_adapter;

std::vector<std::string> modules(const LoraAdapter& adapter) {
  std::vector<std::string> names;
  for (const LoraMatrix& m : adapter.matrices) names.push_back(m.module);
  return names;
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
  const std::size_t projections = model_.family == ModelConfig::Family::kGpt2 ? 4 : 7;
  EXPECT_EQ(adapter.matrices.size(), projections * static_cast<std::size_t>(model_.num_hidden_layers));
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

INSTANTIATE_TEST_SUITE_P(Shapes, LoraTest, ::testing::ValuesIn(testing::shapes()),
                         [](const auto& info) { return info.param.name; });

TEST(LoraTargets, Gpt2HasItsOwnNames) {
  ModelConfig gpt2 = testing::config_of(testing::shapes().back());
  ASSERT_EQ(gpt2.family, ModelConfig::Family::kGpt2);
  gpt2.num_hidden_layers = 1;
  const auto all = plan_adapter({3, 6, {"all-linear"}, false}, gpt2);
  EXPECT_THAT(modules(all.value()), ElementsAre("transformer.h.0.attn.c_attn", "transformer.h.0.attn.c_proj",
                                                "transformer.h.0.mlp.c_fc", "transformer.h.0.mlp.c_proj"));
  EXPECT_EQ(all->matrices[0].out, 3 * gpt2.hidden_size);
  EXPECT_THAT(modules(plan_adapter({3, 6, {"attn.c_proj"}, false}, gpt2).value()), ElementsAre("transformer.h.0.attn.c_proj"));
  EXPECT_THAT(plan_adapter({3, 6, {"q_proj"}, false}, gpt2).status().message(), HasSubstr("no projection of that name"));
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

}  // namespace
}  // namespace autodidact
