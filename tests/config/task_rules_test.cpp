#include "config/task_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/loader.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Options text_options(const char* task) {
  Options options;
  options.task.name = task;
  options.task.train_file = "data/train.jsonl";
  options.model.checkpoint = "models/some";
  options.method.check = "answer";
  return options;
}

auto is_error(const char* key, const char* message) {
  return AllOf(Field(&RuleProblem::key, key), Field(&RuleProblem::message, HasSubstr(message)),
               Field(&RuleProblem::error, true));
}
auto is_warning(const char* key, const char* message) {
  return AllOf(Field(&RuleProblem::key, key), Field(&RuleProblem::message, HasSubstr(message)),
               Field(&RuleProblem::error, false));
}

TEST(TaskRules, FindNothingAgainstAProblemSetWithACheckpoint) {
  EXPECT_THAT(check_rules(text_options("jsonl")), IsEmpty());
  EXPECT_THAT(check_rules(text_options("multiple_choice")), IsEmpty());
}

TEST(TaskRules, DemandACheckpointForFreeText) {
  for (const char* task : {"jsonl", "multiple_choice"}) {
    Options options = text_options(task);
    options.model.checkpoint.clear();
    EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("model.checkpoint", "takes a pretrained model")));
  }
}

TEST(TaskRules, DemandAFileAndAnotherToHoldOut) {
  Options options = text_options("jsonl");
  options.task.held_out_file = options.task.train_file;
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("task.held_out_file", "is task.train_file")));
  options.task.train_file.clear();
  options.task.held_out_file = "data/test.jsonl";
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("task.train_file", "is empty")));
}

TEST(TaskRules, LeaveTheWorkingToAddition) {
  for (const char* task : {"jsonl", "multiple_choice", "countdown"}) {
    Options options = text_options(task);
    options.method.check = "process";
    EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("method.check", "must be \"answer\" for task.name")));
  }
}

TEST(TaskRules, DemandTheQuestionInThePrompt) {
  for (const char* prompt : {"Q:", "", "{question} {question}"}) {
    Options options = text_options("jsonl");
    options.task.prompt = prompt;
    EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("task.prompt", "must hold {question} once")));
  }
}

TEST(TaskRules, WarnOfHintedExamplesNobodySees) {
  Options options = text_options("jsonl");
  options.task.few_shot_hinted_file = "hinted.txt";
  options.method.rationalize = false;
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_warning("task.few_shot_hinted_file", "never shown")));
}

TEST(TaskRules, KeepCountdownsRangesInOrder) {
  Options options;
  options.task.name = "countdown";
  options.method.check = "answer";
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_warning("task.seeds_from_train", "will know nothing")));
  options.task.seeds_from_train = 1000;
  EXPECT_THAT(check_rules(options), IsEmpty());
  options.task.min_numbers = 5;
  options.task.min_target = 200;
  options.task.seed_file = "seeds.jsonl";
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("task.min_numbers", "5 is more than task.max_numbers = 4"),
                                                         is_error("task.min_target", "200 is more than task.max_target = 100"),
                                                         is_error("task.seed_file", "is not read")));
}

TEST(TaskRules, FitCountdownIntoAFreshModelsPositions) {
  Options options;
  options.task.name = "countdown";
  options.task.seeds_from_train = 1000;
  options.method.check = "answer";
  options.sample.max_tokens = options.model.max_positions;
  EXPECT_THAT(check_rules(options), UnorderedElementsAre(is_error("sample.max_tokens", "after a prompt of 15 or more")));
}

// The keys of other tasks are left alone: their defaults need not fit.
TEST(TaskRules, LookAtTheKeysOfTheTaskThatRuns) {
  Options options = text_options("jsonl");
  options.task.min_digits = 9;
  options.task.min_numbers = 6;
  EXPECT_THAT(check_rules(options), IsEmpty());
  options = Options();
  options.task.seed_examples = {100};
  options.task.min_numbers = 6;
  options.task.prompt = "";
  EXPECT_THAT(check_rules(options), IsEmpty());
}

}  // namespace
}  // namespace autodidact
