#include "methods/star_rules.hpp"

#include <gtest/gtest.h>

#include "methods/method.hpp"

namespace autodidact {
namespace {

TrainOptions train(std::int64_t first, double growth, std::int64_t most) {
  TrainOptions options;
  options.steps_first_round = first;
  options.steps_growth = growth;
  options.max_steps_per_round = most;
  return options;
}

TEST(StepsInRound, GrowAsInThePaper) {
  const auto options = train(40, 1.2, 100000);  // the paper's default schedule
  EXPECT_EQ(steps_in_round(options, 1), 40u);
  EXPECT_EQ(steps_in_round(options, 2), 48u);
  EXPECT_EQ(steps_in_round(options, 3), 57u);
  EXPECT_EQ(steps_in_round(options, 30), 7912u);  // where the paper capped its GSM8K run
}

TEST(StepsInRound, StopGrowingAtTheCapAndNeverVanish) {
  EXPECT_EQ(steps_in_round(train(40, 1.2, 50), 3), 50u);
  EXPECT_EQ(steps_in_round(train(40, 1.2, 50), 4'000'000'000u), 50u) << "the power is infinite";
  EXPECT_EQ(steps_in_round(train(40, 0.5, 50), 1000), 1u);
  EXPECT_EQ(steps_in_round(train(300, 1.0, 1000), 9), 300u);
}

// A task whose judge is the test itself.
class FakeTask final : public Task {
 public:
  std::string name() const override { return "fake"; }
  Problem training_problem(std::uint64_t) const override { return {}; }
  Problem held_out_problem(std::uint64_t) const override { return {}; }
  std::uint64_t held_out_size() const override { return 1; }
  std::size_t group_of(const Problem&) const override { return 0; }
  std::vector<std::string> group_names() const override { return {"all"}; }
  std::string hinted_prompt(const Problem& problem) const override { return problem.prompt + "(hint)"; }
  bool leaks_hint(const Problem&, std::string_view completion) const override {
    return completion.find('(') != std::string_view::npos;
  }
  Verdict judge(const Problem&, std::string_view, bool) const override { return {}; }
  std::string answer_of(std::string_view) const override { return ""; }
  std::vector<WorkedExample> seeds() const override { return {}; }
  Result<Problem> parse_question(std::string_view) const override { return Problem{}; }
  std::string alphabet() const override { return "x"; }
};

class StarReject : public ::testing::Test {
 protected:
  StarReject() {
    options_.max_kept_per_problem = 2;
    attempt_.attempt.tokens = {2, 3, 1};
    attempt_.attempt.text = "75021,48131,132";
    attempt_.verdict.outcome = Outcome::kCorrect;
    attempt_.verdict.answer_correct = true;
  }
  Reject reject(std::uint64_t kept = 0) const { return star_reject(options_, task_, item_, attempt_, 0, {kept, kept_hashes_}); }

  MethodOptions options_;
  FakeTask task_;
  WorkItem item_;
  JudgedAttempt attempt_;
  std::vector<std::uint64_t> kept_hashes_;
};

TEST_F(StarReject, ACorrectRationaleIsKept) { EXPECT_EQ(reject(), Reject::kNone); }

TEST_F(StarReject, AWrongOneIsNot) {
  attempt_.verdict.outcome = Outcome::kWrong;
  EXPECT_EQ(reject(), Reject::kWrong);
}

TEST_F(StarReject, WhatCannotBeJudgedIsNeverTrainedOnNotEvenAtRandom) {
  attempt_.verdict.outcome = Outcome::kCannotJudge;
  options_.random_reward = 1;
  EXPECT_EQ(reject(), Reject::kCannotJudge);
}

TEST_F(StarReject, ATruncatedCompletionIsRejectedWhateverItsVerdict) {
  attempt_.attempt.finish = Finish::kLength;
  EXPECT_EQ(reject(), Reject::kTruncated);
  attempt_.verdict.outcome = Outcome::kWrong;
  EXPECT_EQ(reject(), Reject::kTruncated);
  options_.random_reward = 1;
  EXPECT_EQ(reject(), Reject::kTruncated);
}

TEST_F(StarReject, AHintedRationaleWithTheRightAnswerByWrongWorkingCopiedTheHint) {
  attempt_.verdict.outcome = Outcome::kWrong;
  item_.hinted = true;
  EXPECT_EQ(reject(), Reject::kHintLeak);
  item_.hinted = false;
  EXPECT_EQ(reject(), Reject::kWrong) << "without a hint it is only wrong";
}

TEST_F(StarReject, AHintedRationaleThatMentionsTheHintLeaksIt) {
  attempt_.attempt.text = "(132)75021,48131,132";
  EXPECT_EQ(reject(), Reject::kNone) << "nothing to leak without a hint";
  item_.hinted = true;
  EXPECT_EQ(reject(), Reject::kHintLeak);
}

TEST_F(StarReject, TheSameTokensAreKeptOnce) {
  kept_hashes_ = {1, token_hash(attempt_.attempt.tokens)};
  EXPECT_EQ(reject(), Reject::kDuplicate);
  options_.deduplicate = false;
  EXPECT_EQ(reject(), Reject::kNone);
}

TEST_F(StarReject, AProblemKeepsAtMostItsCap) {
  EXPECT_EQ(reject(1), Reject::kNone);
  EXPECT_EQ(reject(2), Reject::kProblemCap);
  options_.max_kept_per_problem = 0;
  EXPECT_EQ(reject(1000), Reject::kNone) << "0 is no cap";
}

TEST_F(StarReject, RandomRewardIgnoresTheVerdictAndIsTheSameEveryTime) {
  int kept[2] = {};
  for (int wrong = 0; wrong < 2; ++wrong) {
    attempt_.verdict.outcome = wrong ? Outcome::kWrong : Outcome::kCorrect;
    for (std::uint64_t position = 0; position < 10000; ++position) {
      item_.id = make_item_id(1, position, false);
      options_.random_reward = 0.3;
      const Reject reason = reject();
      ASSERT_EQ(reason, reject());
      ASSERT_TRUE(reason == Reject::kNone || reason == Reject::kMethod);
      kept[wrong] += reason == Reject::kNone;
    }
  }
  EXPECT_NEAR(kept[0], 3000, 230);
  EXPECT_EQ(kept[0], kept[1]);
}

TEST_F(StarReject, RandomRewardOfZeroKeepsNothingAndOfOneEverything) {
  for (std::uint64_t position = 0; position < 1000; ++position) {
    item_.id = make_item_id(1, position, false);
    options_.random_reward = 0;
    ASSERT_EQ(reject(), Reject::kMethod);
    options_.random_reward = 1;
    ASSERT_EQ(reject(), Reject::kNone);
  }
}

}  // namespace
}  // namespace autodidact
