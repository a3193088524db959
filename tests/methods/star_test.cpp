#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "methods/method.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

class Star : public ::testing::TestWithParam<const char*> {
 protected:
  Star() {
    options_.task.format = GetParam();
    options_.task.seed_examples = {10};
    task_ = make_task(options_.task, 1).value();
    tokenizer_ = make_char_tokenizer(task_->alphabet()).value();
    problem_ = task_->parse_question("47+85").value();
  }
  std::shared_ptr<const Method> method() const { return make_method(options_, task_).value(); }

  // What the pipeline makes of a completion: tokens with the stop token, the prompt without hint, the task's verdict.
  JudgedAttempt attempt(const WorkItem& item, const std::string& text) const {
    JudgedAttempt judged;
    judged.attempt.item = item.id;
    judged.attempt.hinted = item.hinted;
    judged.attempt.prompt_tokens = tokenizer_->encode(item.problem.prompt).value();
    judged.attempt.tokens = tokenizer_->encode(text).value();
    judged.attempt.tokens.push_back(tokenizer_->eos());
    judged.attempt.text = text;
    judged.verdict = task_->judge(item.problem, text, method()->check_process());
    return judged;
  }
  std::string right() const {
    return std::string_view(GetParam()) == "paper"
               ? "<scratch>\n4 7 + 8 5 , C: 0\n4 + 8 , 2 C: 1\n, 3 2 C: 1\n1 3 2\n</scratch>\n1 3 2"
               : "75021,48131,132";
  }
  std::string wrong_working() const {
    std::string text = right();
    char& carry = text[std::string_view(GetParam()) == "paper" ? text.find("C: 1") + 3 : 4];
    carry = '0';
    return text;
  }
  static ItemOutcome outcome(const WorkItem& item, std::uint32_t attempts, std::uint32_t correct) {
    return {item, attempts, correct, 0};
  }

  Options options_;
  std::shared_ptr<const Task> task_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Problem problem_;
};
INSTANTIATE_TEST_SUITE_P(Formats, Star, ::testing::Values("compact", "paper"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Star, PlansTheProblemWithoutHintAndTheSameWayAfterARestart) {
  options_.sample.samples_per_problem = 3;
  options_.sample.temperature = 0.5;
  options_.sample.max_tokens = 77;
  const WorkItem item = method()->plan(problem_, 2, 41), again = method()->plan(problem_, 2, 41);
  EXPECT_EQ(item.id, make_item_id(2, 41, false));
  EXPECT_FALSE(item.hinted);
  EXPECT_EQ(item.samples, 3u);
  EXPECT_EQ(item.sampler, (SamplerSettings{0.5f, 1.0f, 0, 77}));
  EXPECT_EQ(item.seed, again.seed);
  EXPECT_NE(item.seed, method()->plan(problem_, 2, 42).seed);
  EXPECT_NE(item.seed, method()->plan(problem_, 3, 41).seed);
  options_.seed = 2;
  EXPECT_NE(item.seed, method()->plan(problem_, 2, 41).seed);
}

TEST_P(Star, AsksAFailureAgainWithTheHintAndASuccessNot) {
  const auto star = method();
  const WorkItem item = star->plan(problem_, 1, 5);
  EXPECT_FALSE(star->follow_up(outcome(item, 2, 1)));
  const auto hinted = star->follow_up(outcome(item, 2, 0));
  ASSERT_TRUE(hinted);
  EXPECT_TRUE(hinted->hinted);
  EXPECT_EQ(hinted->id, make_item_id(1, 5, true));
  EXPECT_EQ(hinted->round, 1u);
  EXPECT_NE(hinted->seed, item.seed);
  EXPECT_EQ(hinted->problem.prompt, problem_.prompt) << "the item carries the problem, the hint is added only to sample";
}

TEST_P(Star, AsksNoThirdTimeAndNotWithoutAttemptsOrReference) {
  const auto star = method();
  const WorkItem item = star->plan(problem_, 1, 5);
  EXPECT_FALSE(star->follow_up(outcome(*star->follow_up(outcome(item, 1, 0)), 1, 0)));
  EXPECT_FALSE(star->follow_up(outcome(item, 0, 0)));
  Problem unknown = problem_;
  unknown.has_reference = false;
  EXPECT_FALSE(star->follow_up(outcome(star->plan(unknown, 1, 5), 1, 0)));
}

TEST_P(Star, WithoutRationalizationFailuresAreDropped) {
  options_.method.rationalize = false;
  const auto star = method();
  EXPECT_FALSE(star->follow_up(outcome(star->plan(problem_, 1, 5), 1, 0)));
}

TEST_P(Star, KeepsRightRationalesOnceAndSaysWhyNotTheOthers) {
  const auto star = method();
  const WorkItem item = star->plan(problem_, 1, 0);
  const std::vector<JudgedAttempt> attempts = {attempt(item, wrong_working()), attempt(item, right()), attempt(item, right())};
  const auto selections = star->select(item, attempts, 0, {});
  ASSERT_EQ(selections.size(), 3u);
  EXPECT_EQ(selections[0].reason, Reject::kWrong);
  EXPECT_TRUE(selections[1].kept);
  EXPECT_GT(selections[1].weight, 0);
  EXPECT_EQ(selections[2].reason, Reject::kDuplicate);
  EXPECT_EQ(selections[2].weight, 0);
}

TEST_P(Star, RemembersWhatEarlierRoundsKept) {
  const auto star = method();
  const WorkItem item = star->plan(problem_, 2, 0);
  const std::vector<JudgedAttempt> attempts = {attempt(item, right())};
  const std::uint64_t hash = token_hash(attempts[0].attempt.tokens);
  EXPECT_EQ(star->select(item, attempts, 1, {&hash, 1})[0].reason, Reject::kDuplicate);
  EXPECT_EQ(star->select(item, attempts, 4, {})[0].reason, Reject::kProblemCap);
  EXPECT_TRUE(star->select(item, attempts, 3, {})[0].kept);
}

TEST_P(Star, TheCapCountsWithinOneItemToo) {
  options_.method.max_kept_per_problem = 2;
  options_.method.deduplicate = false;
  const auto star = method();
  const WorkItem item = star->plan(problem_, 1, 0);
  const std::vector<JudgedAttempt> attempts(4, attempt(item, right()));
  const auto selections = star->select(item, attempts, 0, {});
  EXPECT_TRUE(selections[0].kept && selections[1].kept);
  EXPECT_EQ(selections[2].reason, Reject::kProblemCap);
}

TEST_P(Star, TheProcessFilterCatchesACopiedHintAndTheAnswerFilterLetsItThrough) {
  for (const char* check : {"process", "answer"}) {
    options_.method.check = check;
    const auto star = method();
    const WorkItem hinted = *star->follow_up(outcome(star->plan(problem_, 1, 0), 1, 0));
    const std::vector<JudgedAttempt> attempts = {attempt(hinted, wrong_working())};
    const Selection selection = star->select(hinted, attempts, 0, {})[0];
    EXPECT_EQ(selection.reason, star->check_process() ? Reject::kHintLeak : Reject::kNone);
  }
}

TEST_P(Star, AHintedBareAnswerIsALeakUnderEitherFilter) {
  for (const char* check : {"process", "answer"}) {
    options_.method.check = check;
    const auto star = method();
    const WorkItem hinted = *star->follow_up(outcome(star->plan(problem_, 1, 0), 1, 0));
    std::vector<JudgedAttempt> attempts = {attempt(hinted, "132")};
    attempts[0].verdict.answer_correct = true;  // the paper's format finds no answer here; a laxer one might
    attempts[0].verdict.outcome = star->check_process() ? Outcome::kWrong : Outcome::kCorrect;
    EXPECT_EQ(star->select(hinted, attempts, 0, {})[0].reason, Reject::kHintLeak);
  }
}

TEST_P(Star, WhatIsLearntFromAHintedAttemptHasNoHintInItsPrompt) {
  const auto star = method();
  const WorkItem hinted = *star->follow_up(outcome(star->plan(problem_, 1, 0), 1, 0));
  JudgedAttempt judged = attempt(hinted, right());
  judged.selection = star->select(hinted, std::vector<JudgedAttempt>{judged}, 0, {})[0];
  ASSERT_TRUE(judged.selection.kept);
  const TrainExample example = make_example(judged);
  const std::span<const TokenId> tokens = example.tokens;
  EXPECT_EQ(tokenizer_->decode(tokens.first(example.prompt_length)), problem_.prompt);
  EXPECT_NE(tokenizer_->decode(tokens.first(example.prompt_length)), task_->hinted_prompt(problem_));
  EXPECT_EQ(tokenizer_->decode(tokens.subspan(example.prompt_length)), right());
  EXPECT_EQ(example.tokens.back(), tokenizer_->eos());
  EXPECT_EQ(example.weight, judged.selection.weight);
}

TEST_P(Star, TheBasePhaseLearnsTheSeedsOnly) {
  options_.train.seed_steps = 123;
  options_.train.seed_lr = 0.5;
  const TrainPlan plan = method()->base_plan();
  EXPECT_EQ(plan.steps, 123u);
  EXPECT_EQ(plan.lr, 0.5);
  EXPECT_TRUE(plan.include_seeds);
}

TEST_P(Star, EveryRoundTrainsTheBaseModelUnlessToldToContinue) {
  options_.train.steps_first_round = 40;
  EXPECT_TRUE(method()->train_plan(3).from_base);
  EXPECT_EQ(method()->train_plan(3).steps, 57u);
  EXPECT_EQ(method()->train_plan(3).lr, options_.train.lr);
  options_.method.init = "previous";
  EXPECT_FALSE(method()->train_plan(3).from_base);
}

TEST_P(Star, TrainsOnTheLatestRoundOrOnAllAsConfigured) {
  options_.method.data = "latest_round";
  EXPECT_EQ(method()->train_plan(3).min_round, 3u);
  options_.method.data = "accumulate";
  EXPECT_EQ(method()->train_plan(3).min_round, 1u);
  options_.method.include_seeds = false;
  EXPECT_FALSE(method()->train_plan(3).include_seeds);
}

TEST_P(Star, AnUnknownSwitchIsNamed) {
  const auto message = [&](auto change) {
    Options options = options_;
    change(options.method);
    const auto made = make_method(options, task_);
    EXPECT_EQ(made.status().code(), Errc::kConfig);
    return made.status().message();
  };
  EXPECT_THAT(message([](auto& m) { m.name = "nova"; }), HasSubstr("method.name: \"nova\""));
  EXPECT_THAT(message([](auto& m) { m.check = "vibes"; }), HasSubstr("method.check"));
  EXPECT_THAT(message([](auto& m) { m.init = "last"; }), HasSubstr("method.init"));
  EXPECT_THAT(message([](auto& m) { m.data = "some"; }), HasSubstr("method.data"));
}

TEST(TokenHash, DependsOnEveryTokenAndTheirOrder) {
  const auto hash = [](std::vector<TokenId> tokens) { return token_hash(tokens); };
  EXPECT_EQ(hash({2, 3}), hash({2, 3}));
  EXPECT_NE(hash({2, 3}), hash({3, 2}));
  EXPECT_NE(hash({2, 3}), hash({2, 3, 1}));
  EXPECT_NE(hash({256}), hash({1})) << "all four bytes count";
  EXPECT_EQ(hash({}), 0xcbf29ce484222325ull);
}

}  // namespace
}  // namespace autodidact
