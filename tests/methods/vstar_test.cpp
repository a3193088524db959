#include "methods/vstar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autodidact {
namespace {

using ::testing::HasSubstr;

class VStarTest : public ::testing::Test {
 protected:
  VStarTest() {
    options_.method.name = "vstar";
    options_.verifier.kind = "dpo";
    options_.verifier.steps = 77;
    options_.verifier.lr = 0.5;
  }
  Result<std::shared_ptr<const Method>> make() const { return make_method(options_, task_); }
  Options options_;
  const std::shared_ptr<const Task> task_ = make_task({}, 1).value();
};

TEST_F(VStarTest, TrainsAGeneratorAsStarDoesAndAVerifierBehindIt) {
  const auto method = make().value();
  EXPECT_EQ(method->name(), "vstar");
  Options star = options_;
  star.method.name = "star";
  star.verifier.kind = "none";
  const TrainPlan generator = method->train_plan(2), plain = make_method(star, task_).value()->train_plan(2);
  EXPECT_EQ(generator.steps, plain.steps);
  EXPECT_TRUE(generator.from_base);
  EXPECT_EQ(generator.objective, Objective::kNll);
  EXPECT_FALSE(make_method(star, task_).value()->verifier_plan(2));
}

TEST_F(VStarTest, VerifiersBeginFromTheBaseOnTheAttemptsOfAllRounds) {
  for (const auto& [kind, objective] :
       {std::pair("dpo", Objective::kDpo), std::pair("orm", Objective::kOutcome), std::pair("prm", Objective::kProcess)}) {
    options_.verifier.kind = kind;
    const auto plan = make().value()->verifier_plan(3);
    ASSERT_TRUE(plan) << kind;
    EXPECT_EQ(plan->objective, objective);
    EXPECT_TRUE(plan->from_base && plan->include_seeds);
    EXPECT_EQ(plan->min_round, 1u);
    EXPECT_EQ(plan->steps, 77u);
    EXPECT_EQ(plan->lr, 0.5);
  }
}

TEST_F(VStarTest, RationalizesNothing) {
  options_.method.rationalize = true;
  const auto method = make().value();
  const WorkItem item = method->plan(task_->training_problem(0), 1, 0);
  EXPECT_FALSE(method->follow_up({item, 4, 0, 0}));
}

TEST_F(VStarTest, SettingsThatDoNotGoWithItAreRefused) {
  options_.verifier.kind = "none";
  EXPECT_THAT(make().status().message(), HasSubstr("verifier.kind"));
  options_.verifier.kind = "orm";
  options_.train.lora_rank = 4;
  EXPECT_THAT(make().status().message(), HasSubstr("train.lora_rank = 0"));
  options_.verifier.kind = "dpo";
  EXPECT_TRUE(make().ok()) << "a preference needs no head";
  options_.loop.schedule = "continuous";
  EXPECT_THAT(make().status().message(), HasSubstr("loop.schedule"));
  options_.loop.schedule = "iterations";
  options_.method.name = "star";
  EXPECT_THAT(make().status().message(), HasSubstr("has no verifier"));
}

}  // namespace
}  // namespace autodidact
