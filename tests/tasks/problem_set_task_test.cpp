#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "config/loader.hpp"
#include "tasks/plain_text.hpp"
#include "tasks/task.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string file(const std::string& name, const std::string& text) {
  std::ofstream(name, std::ios::binary) << text;
  return name;
}

// Five problems in GSM8K's form, held out the last.
TaskOptions jsonl_options() {
  std::string train;
  for (int i = 1; i <= 4; ++i) {
    const std::string n = std::to_string(i), sum = std::to_string(2 * i);
    train += R"({"question": "Twice )" + n + R"(?", "answer": ")" + n + "+" + n + " = <<" + n + "+" + n + "=" + sum + ">>" +
             sum + R"(\n#### )" + sum + "\"}\n";
  }
  TaskOptions options;
  options.name = "jsonl";
  options.train_file = file("train.jsonl", train);
  options.held_out_file = file("test.jsonl", R"({"question": "Twice 9?", "answer": "9+9 = 18\n#### 18"})");
  return options;
}

std::shared_ptr<const Task> make(const TaskOptions& options) {
  auto task = make_task(options, 1);
  EXPECT_TRUE(task.ok()) << task.status().message();
  return task.ok() ? *task : nullptr;
}

TEST(JsonlTask, AsksEachQuestionOnceAPassInAnotherOrder) {
  const auto task = make(jsonl_options());
  std::vector<std::string> first, second;
  for (std::uint64_t i = 0; i < 4; ++i) first.push_back(task->training_problem(i).prompt);
  for (std::uint64_t i = 4 * 1000; i < 4 * 1000 + 4; ++i) second.push_back(task->training_problem(i).prompt);
  EXPECT_THAT(std::set<std::string>(first.begin(), first.end()), SizeIs(4));
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()), std::set<std::string>(second.begin(), second.end()));
  const Problem problem = task->training_problem(0), again = make(jsonl_options())->training_problem(0);
  EXPECT_EQ(problem.id, again.id);
  EXPECT_THAT(problem.source, StartsWith("train.jsonl:"));
  EXPECT_EQ(problem.split, Split::kTrain);
}

TEST(JsonlTask, ShowsTheInstructionAndTheHint) {
  TaskOptions options = jsonl_options();
  options.instruction = "End with #### and the number.";
  const auto task = make(options);
  const Problem problem = task->held_out_problem(0);
  EXPECT_EQ(problem.prompt, "Twice 9?\nEnd with #### and the number.");
  EXPECT_EQ(problem.reference, "18");
  EXPECT_EQ(problem.source, "test.jsonl:1");
  EXPECT_EQ(problem.split, Split::kHeldOut);
  EXPECT_EQ(task->hinted_prompt(problem), "Twice 9? (The answer is 18.)\nEnd with #### and the number.");
  EXPECT_EQ(plain_text(*task, problem, false), "Q: Twice 9?\nEnd with #### and the number.\nA:");
  EXPECT_EQ(task->plain_completion("It is"), " It is");
  EXPECT_EQ(task->plain_stop(), "\nQ:");
  EXPECT_EQ(task->judge(problem, "9+9 = 18\n#### 18", false).outcome, Outcome::kCorrect);
  EXPECT_EQ(task->judge(problem, "9+9 = 19\n#### 19", true).outcome, Outcome::kWrong);
  EXPECT_FALSE(task->leaks_hint(problem, "Twice 9 is 9 + 9 = 18\n#### 18"));
  EXPECT_TRUE(task->leaks_hint(problem, "#### 18"));
  EXPECT_TRUE(task->leaks_hint(problem, "Nine and nine make eighteen (The answer is 18.)\n#### 18"));
  EXPECT_TRUE(task->leaks_hint(problem, "Nine and nine make eighteen, as given.\n#### 18"));
  EXPECT_TRUE(task->leaks_hint(problem, "Nine and then nine, 9 + 9 = 81, in all\n#### 18")) << "copied, not reached";
}

TEST(JsonlTask, ShowsWorkedExamplesFromAFile) {
  TaskOptions options = jsonl_options();
  options.few_shot_file = file("few.txt", "Q: One\nline two\nA: One.\nSo 1.\n\n\nQ: Two\nA: 2.\n");
  options.few_shot_hinted_file = file("few.jsonl", "{\"question\": \"One (1)\", \"completion\": \"One.\"}\n");
  const auto task = make(options);
  const Problem problem = task->held_out_problem(0);
  EXPECT_EQ(plain_text(*task, problem, false), "Q: One\nline two\nA: One.\nSo 1.\n\nQ: Two\nA: 2.\n\nQ: Twice 9?\nA:");
  EXPECT_EQ(plain_text(*task, problem, true), "Q: One (1)\nA: One.\n\nQ: Twice 9? (The answer is 18.)\nA:");
  options.few_shot_hinted_file.clear();
  EXPECT_THAT(make(options)->few_shot(true), SizeIs(2)) << "the plain ones stand in";
  EXPECT_THAT(task->seeds(), IsEmpty()) << "shown, never trained on";
}

TEST(JsonlTask, TheExamplesOfThePresetAreRightAndHintedAlike) {
  const std::string folder = std::string(std::getenv("AD_SOURCE_DIR")) + "/config/examples/";
  TaskOptions options = jsonl_options();
  options.instruction = "End with #### and the number.";
  options.few_shot_file = options.seed_file = folder + "gsm8k.jsonl";
  options.few_shot_hinted_file = folder + "gsm8k-hinted.jsonl";
  const auto task = make(options);
  ASSERT_NE(task, nullptr);
  const auto examples = task->seeds(), hinted = task->few_shot(true);
  ASSERT_THAT(examples, SizeIs(5));
  ASSERT_EQ(hinted.size(), examples.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    EXPECT_EQ(task->judge(examples[i].problem, examples[i].completion, true).outcome, Outcome::kCorrect) << i;
    EXPECT_EQ(hinted[i].problem.prompt, task->hinted_prompt(examples[i].problem));
    EXPECT_EQ(hinted[i].completion, examples[i].completion);
    EXPECT_FALSE(task->leaks_hint(examples[i].problem, hinted[i].completion));
  }
}

TEST(JsonlTask, TakesSeedsFromAFileAndFromTheFirstRationales) {
  TaskOptions options = jsonl_options();
  options.seed_file = file("seeds.jsonl", R"({"question": "Thrice 2?", "completion": "2+2+2 = 6\n#### 6"})");
  options.seeds_from_train = 2;
  const auto task = make(options);
  const auto seeds = task->seeds();
  ASSERT_THAT(seeds, SizeIs(3));
  EXPECT_EQ(seeds[0].problem.prompt, "Thrice 2?");
  EXPECT_EQ(seeds[1].completion, "1+1 = 2\n#### 2") << "without the calculator's marks";
  EXPECT_EQ(seeds[2].problem.prompt, "Twice 2?");
  for (const WorkedExample& seed : seeds) {
    EXPECT_EQ(task->judge(seed.problem, seed.completion, true).outcome, Outcome::kCorrect) << seed.completion;
  }
  options.seeds_from_train = 5;
  EXPECT_THAT(make_task(options, 1).status().message(), HasSubstr("task.seeds_from_train: 4 problems of task.train_file have"));
}

TEST(JsonlTask, ReportsByGroup) {
  TaskOptions options = jsonl_options();
  options.train_file = file("math.jsonl", R"({"problem": "p", "answer": "1", "level": 5})"
                                          "\n"
                                          R"({"problem": "q", "answer": "1", "level": 1})");
  options.held_out_file = file("math_test.jsonl", R"({"problem": "r", "answer": "1", "level": 5})");
  const auto task = make(options);
  EXPECT_THAT(task->group_names(), ElementsAre("level 1", "level 5"));
  EXPECT_EQ(task->group_of(task->held_out_problem(0)), 1u);
  EXPECT_EQ(task->held_out_problem(0).difficulty, 5);
  EXPECT_LT(task->group_of(Problem{}), 2u);
  EXPECT_THAT(make(jsonl_options())->group_names(), ElementsAre("all"));
}

TEST(JsonlTask, KeepsTheNumberOfGroupsReadable) {
  TaskOptions options = jsonl_options();
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    text += R"({"problem": "p)" + n + R"(", "answer": "1", "subject": "s)" + n + "\"}\n";
  }
  options.train_file = file("subjects.jsonl", text);
  options.held_out_file.clear();
  const auto task = make(options);
  EXPECT_THAT(task->group_names(), SizeIs(64));
  EXPECT_EQ(task->group_names().back(), "other");
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_LT(task->group_of(task->training_problem(i)), 64u);
}

TEST(JsonlTask, NamesTheSettingOfAFileThatIsOff) {
  const std::string gone = "no/such.jsonl";
  const auto message = [&](auto set) {
    TaskOptions options = jsonl_options();
    set(options);
    return make_task(options, 1).status().message();
  };
  EXPECT_THAT(message([&](TaskOptions& o) { o.train_file = gone; }),
              AllOf(StartsWith("task.train_file: cannot open no/such.jsonl: No such file"), HasSubstr("the preset")));
  EXPECT_THAT(message([&](TaskOptions& o) { o.held_out_file = gone; }), StartsWith("task.held_out_file: cannot open"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.few_shot_file = gone; }), StartsWith("task.few_shot_file: cannot open"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.seed_file = gone; }), StartsWith("task.seed_file: cannot open"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.train_file = file("empty.jsonl", "\n"); }), HasSubstr("holds no problem"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.train_file = file("cut.jsonl", "{\"question\": \"q\", \"ans"); }),
              StartsWith("task.train_file: cut.jsonl:1:"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.few_shot_file = file("bad.txt", "Q: a\nA: b\n\nhello\n"); }),
              HasSubstr("bad.txt:4: the block that ends here must begin with \"Q:\""));
  EXPECT_THAT(message([&](TaskOptions& o) { o.few_shot_file = file("bare.txt", "Q: a\nA:\n"); }),
              HasSubstr("without question or completion"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.few_shot_file = file("empty.txt", ""); }), HasSubstr("holds no example"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.few_shot_file = file("leak.txt", "Q: twice  9?\nA: 18\n"); }),
              HasSubstr("task.few_shot_file: \"twice 9?\" is a held-out question"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.prompt = "Q:"; }), HasSubstr("task.prompt"));
  EXPECT_THAT(message([&](TaskOptions& o) { o.answer = "guess"; }), HasSubstr("task.answer"));
}

TEST(JsonlTask, TakesAQuestionOfTheUsers) {
  const auto task = make(jsonl_options());
  const Problem problem = task->parse_question("  Why? ").value();
  EXPECT_EQ(problem.prompt, "Why?");
  EXPECT_FALSE(problem.has_reference);
  EXPECT_EQ(task->hinted_prompt(problem), "Why?") << "there is nothing to hint";
  EXPECT_EQ(task->judge(problem, "#### 7", false).outcome, Outcome::kCannotJudge);
  for (const std::string& bad : {std::string(" "), std::string(1 << 20, 'x'), std::string("a\0b", 3)}) {
    EXPECT_EQ(task->parse_question(bad).status().code(), Errc::kUsage);
  }
}

TaskOptions choice_options() {
  TaskOptions options;
  options.name = "multiple_choice";
  const auto line = [](const std::string& stem) {
    return R"({"answerKey": "B", "question": {"stem": ")" + stem +
           R"(", "choices": [{"label": "A", "text": "radio"}, {"label": "B", "text": "television"}]}})" + "\n";
  };
  options.train_file = file("choices.jsonl", line("What needs cable?") + line("What glows?"));
  options.held_out_file = file("choices_test.jsonl", line("What flickers?"));
  return options;
}

TEST(MultipleChoiceTask, AsksAndHintsAsTheStarPaperDoes) {
  const auto task = make(choice_options());
  const Problem problem = task->held_out_problem(0);
  EXPECT_EQ(plain_text(*task, problem, false), "Q: What flickers?\nAnswer Choices:\n(a) radio\n(b) television\nA:");
  EXPECT_EQ(plain_text(*task, problem, true), "Q: What flickers?\nAnswer Choices:\n(a) radio\n(b) television (CORRECT)\nA:");
  EXPECT_EQ(problem.reference, "b");
  const std::string right = "It must flicker. Televisions do so. Therefore, the answer is television (b).";
  EXPECT_EQ(task->judge(problem, right, false).outcome, Outcome::kCorrect);
  EXPECT_EQ(task->judge(problem, "Therefore, the answer is radio (a).", false).outcome, Outcome::kWrong);
  EXPECT_EQ(task->judge(problem, "Therefore, the answer is (a) or (b).", false).outcome, Outcome::kWrong);
  EXPECT_FALSE(task->leaks_hint(problem, right));
  EXPECT_TRUE(task->leaks_hint(problem, "Television is marked (CORRECT). Therefore, the answer is television (b)."));
  EXPECT_TRUE(task->leaks_hint(problem, "Therefore, the answer is television (b)."));
}

TEST(MultipleChoiceTask, PutsTheHintAboveTheInstruction) {
  TaskOptions options = choice_options();
  options.instruction = "Reason, then answer.";
  const auto task = make(options);
  EXPECT_THAT(task->hinted_prompt(task->held_out_problem(0)), EndsWith("(b) television (CORRECT)\nReason, then answer."));
}

// The real sets, where this clone has them beside it.
class RealSets : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const {
    const std::string data = std::string(std::getenv("AD_SOURCE_DIR")) + "/../shared/data/" + name;
    return std::filesystem::exists(data) ? data : "";
  }
  // No question on both sides, each with an answer.
  void check(const Task& task, std::uint64_t training, std::uint64_t held_out) const {
    std::set<std::string> asked, kept;
    for (std::uint64_t i = 0; i < training; ++i) {
      const Problem problem = task.training_problem(i);
      EXPECT_FALSE(problem.reference.empty()) << problem.source;
      asked.insert(normalised(problem.prompt));
    }
    ASSERT_EQ(task.held_out_size(), held_out);
    for (std::uint64_t i = 0; i < held_out; ++i) {
      const Problem problem = task.held_out_problem(i);
      EXPECT_FALSE(problem.reference.empty()) << problem.source;
      kept.insert(normalised(problem.prompt));
    }
    EXPECT_THAT(asked, SizeIs(training)) << "each once in a pass";
    EXPECT_THAT(kept, SizeIs(held_out));
    for (const std::string& question : kept) EXPECT_FALSE(asked.contains(question)) << question;
  }
};

TEST_F(RealSets, Gsm8k) {
  TaskOptions options;
  options.name = "jsonl";
  options.train_file = path("gsm8k/train.jsonl");
  options.held_out_file = path("gsm8k/test.jsonl");
  if (options.train_file.empty()) GTEST_SKIP() << "no ../shared/data/gsm8k beside this clone";
  options.seeds_from_train = 7473;
  const auto task = make(options);
  ASSERT_NE(task, nullptr);
  check(*task, 7473, 1319);
  const Problem first = task->held_out_problem(0);
  EXPECT_THAT(first.prompt, StartsWith("Janet\xE2\x80\x99s ducks lay 16 eggs per day."));
  EXPECT_EQ(first.reference, "18");
  const auto seeds = task->seeds();
  ASSERT_THAT(seeds, SizeIs(7473)) << "every line has a rationale";
  EXPECT_EQ(seeds[0].completion,
            "Natalia sold 48/2 = 24 clips in May.\nNatalia sold 48+24 = 72 clips altogether in April and May.\n#### 72");
  for (const WorkedExample& seed : seeds) {
    EXPECT_EQ(task->judge(seed.problem, seed.completion, false).outcome, Outcome::kCorrect) << seed.problem.source;
  }
}

// The presets as they are, but for where the data lies.
TEST_F(RealSets, ThePresetsReadThem) {
  if (path("gsm8k").empty()) GTEST_SKIP() << "no ../shared/data/gsm8k beside this clone";
  const std::string source = std::string(std::getenv("AD_SOURCE_DIR")) + "/";
  for (const char* preset : {"gsm8k-smollm2.toml", "gsm8k-gpu.toml", "commonsenseqa.toml"}) {
    SCOPED_TRACE(preset);
    LoadedConfig loaded = load_config(source + "config/presets/" + preset);
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    TaskOptions& options = loaded.options.task;
    for (std::string* file :
         {&options.train_file, &options.held_out_file, &options.few_shot_file, &options.few_shot_hinted_file}) {
      if (!file->empty()) *file = file->starts_with("data/") ? path(file->substr(5)) : source + *file;
    }
    const auto task = make(options);
    ASSERT_NE(task, nullptr);
    EXPECT_GE(task->held_out_size(), 100u);
    const auto asked = static_cast<std::uint64_t>(loaded.options.loop.problems_per_round);
    std::set<ProblemId> different;
    for (std::uint64_t i = 0; i < asked; ++i) different.insert(task->training_problem(i).id);
    EXPECT_THAT(different, SizeIs(asked)) << "a round asks no problem twice";
  }
}

TEST_F(RealSets, Gsm8kSplitWithoutASecondFile) {
  TaskOptions options;
  options.name = "jsonl";
  options.train_file = path("gsm8k/train.jsonl");
  if (options.train_file.empty()) GTEST_SKIP() << "no ../shared/data/gsm8k beside this clone";
  options.held_out_size = 500;
  const auto task = make(options);
  ASSERT_NE(task, nullptr);
  check(*task, 6973, 500);
}

TEST_F(RealSets, CommonsenseQa) {
  TaskOptions options;
  options.name = "multiple_choice";
  options.train_file = path("commonsenseqa/train.jsonl");
  options.held_out_file = path("commonsenseqa/dev.jsonl");
  options.few_shot_file = path("commonsenseqa/prompts.txt");
  options.few_shot_hinted_file = path("commonsenseqa/prompts_answer_key.txt");
  if (options.train_file.empty()) GTEST_SKIP() << "no ../shared/data/commonsenseqa beside this clone";
  const auto task = make(options);
  ASSERT_NE(task, nullptr);
  check(*task, 9741, 1221);
  const Problem first = task->held_out_problem(0);
  EXPECT_THAT(first.prompt, EndsWith("\nAnswer Choices:\n(a) bank\n(b) library\n(c) department store\n(d) mall\n(e) new york"));
  EXPECT_EQ(first.reference, "a");
  for (const bool hinted : {false, true}) {
    const auto few_shot = task->few_shot(hinted);
    ASSERT_THAT(few_shot, SizeIs(7));
    EXPECT_THAT(few_shot[0].problem.prompt, EndsWith(hinted ? "(e) blotter (CORRECT)" : "(e) blotter"));
    EXPECT_THAT(few_shot[0].completion, EndsWith("Therefore, the answer is blotter (e)."));
    // STaR's own examples are judged right, and give no hint away.
    for (const WorkedExample& example : few_shot) {
      Problem problem = example.problem;
      problem.has_reference = true;
      problem.reference = std::string(1, example.completion[example.completion.size() - 3]);
      EXPECT_EQ(task->judge(problem, example.completion, false).outcome, Outcome::kCorrect) << example.completion;
      EXPECT_FALSE(task->leaks_hint(problem, example.completion)) << example.completion;
    }
  }
  const std::string text = plain_text(*task, first, false);
  EXPECT_THAT(text, AllOf(StartsWith("Q: What do people use to absorb"), EndsWith("(e) new york\nA:")));
}

}  // namespace
}  // namespace autodidact
