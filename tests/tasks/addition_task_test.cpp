#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tasks/task.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

TaskOptions small() {
  TaskOptions options;
  options.max_digits = 3;
  options.held_out_per_digit = 50;
  options.seed_examples = {30, 40, 20};
  options.hinted_seed_examples = {0, 5, 20};
  return options;
}

std::shared_ptr<const Task> make(const std::string& format = "compact") {
  TaskOptions options = small();
  options.format = format;
  return make_task(options, 1).value();
}

class AdditionTask : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Formats, AdditionTask, ::testing::Values("compact", "paper"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(AdditionTask, EverySeedIsAWorkedExampleThatItsOwnCheckerPasses) {
  const auto task = make(GetParam());
  const auto seeds = task->seeds();
  ASSERT_EQ(seeds.size(), 90u);
  std::vector<std::size_t> all(3), hinted(3);
  for (const WorkedExample& example : seeds) {
    EXPECT_EQ(task->judge(example.problem, example.completion, true).outcome, Outcome::kCorrect);
    EXPECT_FALSE(task->leaks_hint(example.problem, example.completion));
    EXPECT_EQ(example.problem.source, "seed");
    ++all[task->group_of(example.problem)];
    hinted[task->group_of(example.problem)] += example.hinted;
  }
  EXPECT_EQ(all, (std::vector<std::size_t>{30, 40, 20}));
  EXPECT_EQ(hinted, (std::vector<std::size_t>{0, 5, 20}));
}

TEST_P(AdditionTask, ProblemsOfBothSplitsNeverShareAnId) {
  const auto task = make(GetParam());
  std::set<ProblemId> held;
  for (std::uint64_t i = 0; i < task->held_out_size(); ++i) {
    const Problem problem = task->held_out_problem(i);
    EXPECT_EQ(problem.split, Split::kHeldOut);
    EXPECT_TRUE(held.insert(problem.id).second);
  }
  EXPECT_EQ(held.size(), 20u + 50u + 50u);
  for (std::uint64_t i = 0; i < 20000; ++i) ASSERT_FALSE(held.contains(task->training_problem(i).id));
}

TEST_P(AdditionTask, AProblemIsTheSameInEveryRun) {
  const auto a = make(GetParam()), b = make(GetParam());
  for (std::uint64_t i : {0ull, 17ull, 1ull << 50}) {
    EXPECT_EQ(a->training_problem(i).id, b->training_problem(i).id);
    EXPECT_EQ(a->training_problem(i).prompt, b->training_problem(i).prompt);
    EXPECT_EQ(a->training_problem(i).reference, b->training_problem(i).reference);
  }
}

TEST_P(AdditionTask, GroupsAreDigitLengths) {
  const auto task = make(GetParam());
  EXPECT_EQ(task->group_names(), (std::vector<std::string>{"1 digit", "2 digits", "3 digits"}));
  EXPECT_EQ(task->group_of(task->parse_question("4+5").value()), 0u);
  EXPECT_EQ(task->group_of(task->parse_question("123+45").value()), 2u);
  EXPECT_EQ(task->group_of(task->parse_question("12345+1").value()), 2u) << "longer ones join the last group";
  EXPECT_EQ(task->group_of(Problem{}), 2u);
}

TEST_P(AdditionTask, TheHintedPromptShowsTheAnswerAndThePromptDoesNot) {
  const auto task = make(GetParam());
  const Problem problem = task->parse_question("47+85").value();
  std::string hinted = task->hinted_prompt(problem), plain = problem.prompt;
  EXPECT_NE(hinted, plain);
  std::erase(hinted, ' ');
  std::erase(plain, ' ');
  EXPECT_THAT(hinted, HasSubstr("132"));
  EXPECT_THAT(plain, ::testing::Not(HasSubstr("132")));
}

TEST_P(AdditionTask, ACompletionThatShowsTheHintOrNothingButTheAnswerLeaks) {
  const auto task = make(GetParam());
  const Problem problem = task->parse_question("47+85").value();
  const std::string hint = task->hinted_prompt(problem).substr(std::string_view(GetParam()) == "paper" ? 17 : 6);
  EXPECT_TRUE(task->leaks_hint(problem, hint + task->seeds()[0].completion)) << hint;
  EXPECT_TRUE(task->leaks_hint(problem, "132"));
  EXPECT_TRUE(task->leaks_hint(problem, ""));
}

TEST(AdditionQuestion, AcceptsTheWaysPeopleWriteASum) {
  const auto task = make();
  for (const char* question : {"47+85", " 47 + 85 ", "47+85=", "47 + 85 = ?", "47\t+85\n"}) {
    const auto problem = task->parse_question(question);
    ASSERT_TRUE(problem.ok()) << question;
    EXPECT_EQ(problem->prompt, "47+85=");
    EXPECT_EQ(problem->reference, "132");
  }
  EXPECT_EQ(task->parse_question("7+85").value().prompt, "07+85=");
  const std::string big(30, '9');
  EXPECT_EQ(task->parse_question(big + "+" + big).value().reference, "1" + std::string(29, '9') + "8");
}

TEST(AdditionQuestion, SaysWhatItExpects) {
  const auto task = make();
  for (const std::string& question :
       {std::string(), std::string("hello"), std::string("47"), std::string("47+"), std::string("+85"), std::string("4.5+1"),
        std::string("-4+1"), std::string("1+2+3"), std::string("1\0+2", 4), std::string(1001, '1') + "+2",
        std::string(1 << 20, ' ') + "1+2"}) {
    const auto problem = task->parse_question(question);
    ASSERT_FALSE(problem.ok()) << question.substr(0, 40);
    EXPECT_EQ(problem.status().code(), Errc::kUsage);
    EXPECT_THAT(problem.status().message(), HasSubstr("47+85"));
  }
}

TEST(MakeTask, NamesTheKeyThatIsWrong) {
  const auto message = [](auto change) {
    TaskOptions options = small();
    change(options);
    const auto task = make_task(options, 1);
    EXPECT_EQ(task.status().code(), Errc::kConfig);
    return task.status().message();
  };
  EXPECT_THAT(message([](auto& o) { o.name = "sudoku"; }), HasSubstr("task.name: \"sudoku\""));
  EXPECT_THAT(message([](auto& o) { o.format = "roman"; }), HasSubstr("task.format: \"roman\""));
  EXPECT_THAT(message([](auto& o) { o.seed_examples = {1, 2, 3, 4}; }), HasSubstr("task.seed_examples"));
  EXPECT_THAT(message([](auto& o) { o.seed_examples = {-1}; }), HasSubstr("task.seed_examples"));
  EXPECT_THAT(message([](auto& o) { o.hinted_seed_examples = {31}; }), HasSubstr("task.hinted_seed_examples"));
}

}  // namespace
}  // namespace autodidact
