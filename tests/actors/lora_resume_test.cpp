// A trainer of adapters that is started again: its state file holds no base, so the loop must bring the one it was trained on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "actors/trainer_engine.hpp"
#include "model/adamw_learner.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

class LoraResume : public ::testing::Test {
 protected:
  LoraResume() {
    std::filesystem::remove_all("versions");
    options_.train.threads = 1;
    options_.train.lora_rank = 2;
    context_.model_config = model_;
    context_.weights = &board_;
    board_.post(with_version(testing::random_weights(model_), 3));
  }
  std::unique_ptr<Learner> learner() const {
    return make_adamw_learner(options_.train, 1, [](const ModelConfig& config) { return make_fused_engine(config, {1}); })
        .value();
  }
  // Two steps from `version`, saved; the digest of where that led.
  std::vector<float> train_from(VersionId version) {
    const auto first = learner();
    EXPECT_TRUE(first->begin(*start_weights(context_, options_, version).value(), {0, 0, 0, 1e-2}).ok());
    for (std::uint64_t i = 0; i < 2; ++i) EXPECT_TRUE(first->step(testing::random_batch(model_, 4, i)).ok());
    EXPECT_TRUE(first->save_state(path_).ok());
    return floats(*first);
  }
  static std::vector<float> floats(Learner& learner) {
    const WeightsPtr weights = learner.snapshot(1);
    return {weights->data.get(), weights->data.get() + weights->size};
  }

  const std::string path_ = "lora.state";
  const ModelConfig model_ = testing::config_of({"Resume"});
  Options options_;
  WeightBoard board_{"."};
  Context context_;
};

TEST_F(LoraResume, GoesOnFromTheVersionOrTheFreshWeightsThatThePlanBeganWith) {
  for (VersionId version : {3u, 0u}) {
    const auto want = train_from(version);
    TrainerState state;
    state.plan_start = version;
    const auto again = learner();
    ASSERT_TRUE(give_base(context_, options_, state, *again).ok());
    const Status loaded = again->load_state(path_);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    EXPECT_EQ(floats(*again), want) << "version " << version;
    EXPECT_EQ(again->cursor().step, 2u);
  }
}

TEST_F(LoraResume, AnotherBaseOrNoneIsAnError) {
  train_from(3);
  TrainerState state;
  const auto other = learner();
  ASSERT_TRUE(give_base(context_, options_, state, *other).ok()) << "fresh weights";
  EXPECT_EQ(other->load_state(path_).code(), Errc::kBadInput);
  state.plan_start = 9;
  EXPECT_FALSE(give_base(context_, options_, state, *other).ok()) << "there is no version 9";
}

TEST_F(LoraResume, AFullLearnerIsGivenNothing) {
  options_.train.lora_rank = 0;
  const auto want = train_from(3);
  TrainerState state;
  state.plan_start = 9;  // not needed, not looked for
  const auto again = learner();
  ASSERT_TRUE(give_base(context_, options_, state, *again).ok());
  ASSERT_TRUE(again->load_state(path_).ok());
  EXPECT_EQ(floats(*again), want);
}

}  // namespace
}  // namespace autodidact
