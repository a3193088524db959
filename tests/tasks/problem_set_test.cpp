#include "tasks/jsonl/problem_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tasks/shuffle.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<ProblemRow> rows(int from, int to) {
  std::vector<ProblemRow> all;
  for (int i = from; i < to; ++i) {
    ProblemRow row;
    row.question = "Question " + std::to_string(i) + "?";
    row.reference = std::to_string(i);
    all.push_back(row);
  }
  return all;
}

std::set<std::string> questions(const std::vector<ProblemRow>& rows) {
  std::set<std::string> all;
  for (const ProblemRow& row : rows) all.insert(row.question);
  return all;
}

TEST(ProblemSet, SplitsTheSameQuestionsOffWhateverTheOrderOfLines) {
  TaskOptions options;
  options.held_out_size = 30;
  auto reversed = rows(0, 100);
  std::ranges::reverse(reversed);
  const auto a = ProblemSet::make(options, rows(0, 100), {}), b = ProblemSet::make(options, reversed, {});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_THAT(a->held_out(), SizeIs(30));
  EXPECT_THAT(a->training(), SizeIs(70));
  EXPECT_EQ(questions(a->held_out()), questions(b->held_out()));
  // More held out are those and others: a curve over two sizes compares like with like.
  options.held_out_size = 40;
  const auto more = questions(ProblemSet::make(options, rows(0, 100), {})->held_out());
  EXPECT_TRUE(std::ranges::includes(more, questions(a->held_out())));
}

TEST(ProblemSet, NeverHasAQuestionOnBothSides) {
  auto training = rows(0, 50);
  training.push_back(training[3]);
  training.back().question = "  QUESTION  3?";
  TaskOptions options;
  const auto split = ProblemSet::make(options, training, {});
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->repeated(), 1u);
  EXPECT_THAT(split->held_out(), SizeIs(10)) << "a fifth, where 200 are too many";

  auto held_out = rows(40, 60);
  held_out[0].question = "question\n40? ";
  options.held_out_size = 5;
  const auto given = ProblemSet::make(options, training, held_out);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given->withdrawn(), 10u) << "all of the file's, not only the five that are used";
  EXPECT_THAT(given->training(), SizeIs(40));
  EXPECT_THAT(given->held_out(), SizeIs(5));
}

// The choices make another question, but not another side: the stem gives the answer away.
TEST(ProblemSet, KeepsOneStemWithOtherChoicesOnOneSide) {
  auto training = rows(0, 40);
  for (int i = 0; i < 40; ++i) training.push_back(training[static_cast<std::size_t>(i)]);
  for (std::size_t i = 0; i < 80; ++i) training[i].choices = {"x", i < 40 ? "y" : "z"};
  TaskOptions options;
  options.held_out_size = 10;
  const auto set = ProblemSet::make(options, training, {});
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->repeated(), 0u);
  EXPECT_THAT(set->held_out(), SizeIs(20));
  for (const std::string& question : questions(set->held_out())) EXPECT_FALSE(questions(set->training()).contains(question));
}

TEST(ProblemSet, LimitsTrainingAfterTheSplit) {
  TaskOptions options;
  options.held_out_size = 10;
  const auto whole = ProblemSet::make(options, rows(0, 50), {});
  options.limit = 7;
  const auto part = ProblemSet::make(options, rows(0, 50), {});
  ASSERT_TRUE(whole.ok() && part.ok());
  EXPECT_THAT(part->training(), SizeIs(7));
  EXPECT_EQ(questions(part->held_out()), questions(whole->held_out()));
}

TEST(ProblemSet, RefusesToLeaveNothingToTrainOn) {
  TaskOptions options;
  options.held_out_size = 50;
  EXPECT_THAT(ProblemSet::make(options, rows(0, 50), {}).status().message(),
              HasSubstr("task.held_out_size: 50 of the 50 questions in task.train_file leave none"));
  EXPECT_THAT(ProblemSet::make(options, rows(0, 5), rows(0, 9)).status().message(),
              HasSubstr("task.train_file: every question"));
  options.held_out_size = 0;
  EXPECT_FALSE(ProblemSet::make(options, rows(0, 1), {}).ok());
}

TEST(Shuffle, GivesEachPlaceOnce) {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 63, 64, 65, 1000, 7473}) {
    std::set<std::uint64_t> places;
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::uint64_t place = shuffled(i, size, 42);
      EXPECT_LT(place, size);
      places.insert(place);
    }
    EXPECT_EQ(places.size(), size);
  }
  int moved = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) moved += shuffled(i, 1000, 1) != shuffled(i, 1000, 2) ? 1 : 0;
  EXPECT_GT(moved, 900) << "another key is another order";
}

}  // namespace
}  // namespace autodidact
