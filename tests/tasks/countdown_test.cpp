#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "tasks/countdown/countdown_task.hpp"
#include "tasks/countdown/expression.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(Expression, IsWorkedOutExactly) {
  for (const auto& [text, value] :
       std::initializer_list<std::pair<const char*, Fraction>>{{"1", {1, 1}},
                                                               {"1+2*3", {7, 1}},
                                                               {"(1+2)*3", {9, 1}},
                                                               {"8-3-2", {3, 1}},
                                                               {"8/4/2", {1, 1}},
                                                               {"1/3+1/3+1/3", {1, 1}},
                                                               {"2/4", {1, 2}},
                                                               {"-3+5", {2, 1}},
                                                               {"3*-2", {-6, 1}},
                                                               {"1/-2", {-1, 2}},
                                                               {" ( 7 ) ", {7, 1}},
                                                               {"6/(1-3/4)", {24, 1}},
                                                               {"999999999*999999999", {999999998000000001, 1}}}) {
    const auto expression = evaluate_expression(text);
    ASSERT_TRUE(expression.has_value()) << text;
    EXPECT_EQ(expression->value, value) << text;
  }
  EXPECT_THAT(evaluate_expression("(8-3)*5")->numbers, ElementsAre(8, 3, 5));
}

TEST(Expression, RefusesWhatIsNone) {
  const std::string deep = std::string(100, '(') + "1" + std::string(100, ')');
  const std::string long_sum = [] {
    std::string text = "1";
    while (text.size() <= kMaxExpressionBytes) text += "+1";
    return text;
  }();
  for (const std::string& text : {std::string(""),
                                  std::string("()"),
                                  std::string("1+"),
                                  std::string("1 2"),
                                  std::string("(1"),
                                  std::string("1)"),
                                  std::string("1/0"),
                                  std::string("1/(2-2)"),
                                  std::string("1.5"),
                                  std::string("2**3"),
                                  std::string("7//2"),
                                  std::string("8-3=5"),
                                  std::string("x"),
                                  std::string("1234567890"),
                                  std::string("999999999*999999999*999999999"),
                                  std::string(100, '-') + "1",
                                  deep,
                                  long_sum,
                                  std::string("1\0", 2),
                                  std::string("\xff")}) {
    EXPECT_FALSE(evaluate_expression(text).has_value()) << text;
  }
}

TaskOptions countdown_options(const std::string& format = "compact") {
  TaskOptions options;
  options.name = "countdown";
  options.format = format;
  return options;
}

class CountdownFormats : public ::testing::TestWithParam<const char*> {
 protected:
  TaskOptions options_ = countdown_options(GetParam());
  std::shared_ptr<const Task> task() { return make_task(options_, 1).value(); }
};
INSTANTIATE_TEST_SUITE_P(Formats, CountdownFormats, ::testing::Values("compact", "paper"));

TEST_P(CountdownFormats, EveryProblemHasTheSolutionItWasMadeFrom) {
  const auto made = task();
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Problem problem = made->training_problem(i);
    const auto parsed = parse_countdown(problem.prompt);
    ASSERT_TRUE(parsed.has_value()) << problem.prompt;
    EXPECT_TRUE(solves(*parsed, problem.reference)) << problem.prompt << " " << problem.reference;
    EXPECT_EQ(made->judge(problem, "<answer>" + problem.reference + "</answer>", true).outcome, Outcome::kCorrect);
    EXPECT_GE(parsed->target, options_.min_target);
    EXPECT_LE(parsed->target, options_.max_target);
    EXPECT_LE(*std::ranges::max_element(parsed->numbers), options_.max_number);
    EXPECT_EQ(made->group_of(problem), parsed->numbers.size() - 3);
  }
  EXPECT_THAT(made->group_names(), ElementsAre("3 numbers", "4 numbers"));
}

TEST_P(CountdownFormats, IsAFunctionOfSeedAndIndex) {
  const auto a = task(), b = task(), other = make_task(options_, 2).value();
  int same = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(a->training_problem(i).prompt, b->training_problem(i).prompt);
    same += a->training_problem(i).prompt == other->training_problem(i).prompt ? 1 : 0;
  }
  EXPECT_LT(same, 5);
}

// As a multiset of numbers and a target; here the space is so small that it would happen all the time.
TEST_P(CountdownFormats, NeverTrainsOnAHeldOutProblem) {
  options_.min_numbers = options_.max_numbers = 3;
  options_.max_number = 9;
  options_.max_target = 40;
  options_.seeds_from_train = 500;
  const auto made = task();
  const auto key = [](const Problem& problem) {
    auto parsed = *parse_countdown(problem.prompt);
    std::ranges::sort(parsed.numbers);
    parsed.numbers.push_back(parsed.target);
    return parsed.numbers;
  };
  std::set<std::vector<std::int64_t>> held_out;
  for (std::uint64_t i = 0; i < made->held_out_size(); ++i) held_out.insert(key(made->held_out_problem(i)));
  EXPECT_THAT(held_out, SizeIs(200)) << "all different";
  for (std::uint64_t i = 0; i < 5000; ++i) EXPECT_FALSE(held_out.contains(key(made->training_problem(i))));
  for (const WorkedExample& seed : made->seeds()) EXPECT_FALSE(held_out.contains(key(seed.problem)));
}

TEST_P(CountdownFormats, TeachesByExamplesThatAreRight) {
  options_.seeds_from_train = 300;
  const auto made = task();
  const auto seeds = made->seeds();
  ASSERT_THAT(seeds, SizeIs(300));
  const std::string alphabet = made->alphabet();
  for (const WorkedExample& seed : seeds) {
    EXPECT_EQ(made->judge(seed.problem, seed.completion, true).outcome, Outcome::kCorrect) << seed.completion;
    EXPECT_FALSE(made->leaks_hint(seed.problem, seed.completion)) << seed.completion;
    const std::string all = seed.problem.prompt + seed.completion + made->hinted_prompt(seed.problem);
    EXPECT_EQ(all.find_first_not_of(alphabet), std::string::npos) << "a character model must be able to read " << all;
  }
}

TEST(Countdown, JudgesByTinyZerosRule) {
  const auto task = make_task(countdown_options(), 1).value();
  const Problem problem = task->parse_question("8 3 5 -> 25").value();
  EXPECT_EQ(problem.prompt, "8 3 5 -> 25:");
  for (const char* right : {"Answer: (8-3)*5", "8-3=5,5*5=25,Answer: 5*(8-3)", "<answer> (8 - 3) * 5 </answer>",
                            "<answer>8</answer> no: <answer>(8-3)*5</answer> done", "Answer: 1\nAnswer: (8-3)*5\nbye"}) {
    EXPECT_EQ(task->judge(problem, right, false).outcome, Outcome::kCorrect) << right;
  }
  for (const char* wrong : {"", "(8-3)*5", "Answer: 25", "Answer: 5*5", "Answer: 8+3+5", "Answer: (8-3)*5*1",
                            "Answer: (8-3)*5=25", "<answer>(8-3)*5", "Answer: (8-3)*5\n<answer>8+3</answer>", "Answer: 8*3+5-8",
                            "Answer: (8-3)*(5)*(5)/5", "Answer: 30-5", "answer: (8-3)*5"}) {
    EXPECT_EQ(task->judge(problem, wrong, false).outcome, Outcome::kWrong) << wrong;
  }
  Problem none = problem;
  none.prompt = "What?";
  EXPECT_EQ(task->judge(none, "Answer: 25", false).outcome, Outcome::kCannotJudge);
  const std::string hostile(1 << 22, '(');
  EXPECT_EQ(task->judge(problem, "<answer>" + hostile + "</answer>", false).outcome, Outcome::kWrong);
}

TEST(Countdown, AsksInTwoWordings) {
  const auto compact = make_task(countdown_options(), 1).value(), paper = make_task(countdown_options("paper"), 1).value();
  const Problem short_one = compact->training_problem(0), long_one = paper->training_problem(0);
  EXPECT_EQ(short_one.reference, long_one.reference) << "the same problems";
  EXPECT_THAT(long_one.prompt, AllOf(StartsWith("Using the numbers ["), EndsWith("</answer>.")));
  EXPECT_EQ(compact->hinted_prompt(short_one), short_one.prompt + "(" + short_one.reference + "):");
  EXPECT_EQ(paper->hinted_prompt(long_one), long_one.prompt + " (The answer is " + long_one.reference + ".)");
  EXPECT_TRUE(paper->leaks_hint(long_one, "<answer>" + long_one.reference + "</answer>"));
  EXPECT_FALSE(paper->leaks_hint(long_one, "<think>8-3=5</think><answer>" + long_one.reference + "</answer>"));
  EXPECT_EQ(compact->plain_question(short_one.prompt), short_one.prompt);
  EXPECT_EQ(paper->plain_question("x"), "Q: x\nA:");
}

TEST(Countdown, RefusesRangesThatLeaveNothing) {
  const auto refused = [](auto set) {
    TaskOptions options = countdown_options();
    set(options);
    const auto task = make_task(options, 1);
    return task.ok() ? std::string("taken") : task.status().message();
  };
  EXPECT_THAT(
      refused([](TaskOptions& o) { o.min_numbers = o.max_numbers = 2, o.max_number = 3, o.min_target = 4, o.max_target = 9; }),
      HasSubstr("task.held_out_size: only"));
  EXPECT_THAT(refused([](TaskOptions& o) {
                o.min_numbers = o.max_numbers = 2, o.max_number = 3, o.held_out_size = 5, o.min_target = 4, o.max_target = 6;
              }),
              HasSubstr("task.held_out_size: hardly a problem is left"));
  EXPECT_THAT(refused([](TaskOptions& o) { o.min_target = 900000, o.max_target = 1000000; }), HasSubstr("task.min_target"));
  EXPECT_THAT(refused([](TaskOptions& o) { o.min_numbers = 5, o.max_numbers = 4; }), HasSubstr("task.min_numbers"));
  EXPECT_THAT(refused([](TaskOptions& o) { o.format = "prose"; }), HasSubstr("task.format"));
}

TEST(Countdown, ReadsAQuestionOrSaysWhatItExpects) {
  const auto task = make_task(countdown_options(), 1).value();
  EXPECT_EQ(task->parse_question(" 8, 3, 5->25 ").value().prompt, "8 3 5 -> 25:");
  for (const char* bad :
       {"", "8 3 5", "8 -> 25", "1 2 3 4 5 6 7 -> 25", "8 3 -> 0", "8 3 -> x", "123456789012 3 -> 4", "-> 4 5 6"}) {
    const auto problem = task->parse_question(bad);
    ASSERT_FALSE(problem.ok()) << bad;
    EXPECT_EQ(problem.status().code(), Errc::kUsage);
  }
}

}  // namespace
}  // namespace autodidact
