#include "tasks/jsonl/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tasks/jsonl/problem_file.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Result<std::vector<ProblemRow>> rows(const std::string& text, const RowFormat& format = {}) {
  LineReader lines(
      [text, at = std::size_t{0}](std::span<char> to) mutable -> Result<std::size_t> {
        const std::size_t n = std::min(to.size(), text.size() - at);
        std::copy_n(text.data() + at, n, to.data());
        at += n;
        return n;
      },
      "set.jsonl");
  return read_rows(lines, format);
}

ProblemRow row(const std::string& text, const RowFormat& format = {}) {
  auto read = rows(text, format);
  EXPECT_TRUE(read.ok()) << read.status().message();
  return read.ok() && !read->empty() ? read->front() : ProblemRow{};
}

struct Known {
  const char* layout;
  const char* line;
  const char* question;
  const char* reference;
  const char* rationale;
  const char* group;
};

class KnownLayouts : public ::testing::TestWithParam<Known> {};

TEST_P(KnownLayouts, AreReadWithoutBeingNamed) {
  const Known& known = GetParam();
  const ProblemRow read = row(known.line);
  EXPECT_EQ(read.question, known.question);
  EXPECT_EQ(read.reference, known.reference);
  EXPECT_EQ(read.rationale, known.rationale);
  EXPECT_EQ(read.group, known.group);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, KnownLayouts,
    ::testing::Values(
        Known{"gsm8k", R"({"question": "Half of 48?", "answer": "It is 48/2 = <<48/2=24>>24.\n#### 24"})", "Half of 48?", "24",
              "It is 48/2 = 24.\n#### 24", ""},
        Known{"question_answer", R"({"question": " Who? ", "answer": "Ada "})", "Who?", "Ada", "", ""},
        Known{"math", R"({"problem": "1+1?", "solution": "So \\boxed{2}.", "answer": "2", "subject": "Algebra", "level": 3})",
              "1+1?", "2", "So \\boxed{2}.", "level 3"},
        Known{"math_solution", R"({"problem": "p", "solution": "\\boxed{1} or \\boxed{\\frac{1}{2}}", "type": "Algebra"})", "p",
              "\\frac{1}{2}", "\\boxed{1} or \\boxed{\\frac{1}{2}}", "Algebra"},
        Known{
            "messages",
            R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "old"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "42"}]})",
            "q", "42", "", ""},
        Known{"ground_truth", R"({"prompt": "q", "ground_truth": 7})", "q", "7", "", ""},
        Known{"ground_truth_chat", R"({"prompt": [{"role": "user", "content": "q"}], "ground_truth": "7"})", "q", "7", "", ""},
        Known{
            "verl",
            R"({"data_source": "openai/gsm8k", "prompt": [{"role": "user", "content": "q"}], "ability": "math", "reward_model": {"style": "rule", "ground_truth": "72"}, "extra_info": {"index": 0, "answer": "x"}})",
            "q", "72", "", "openai/gsm8k"},
        Known{"completion", R"({"prompt": "q", "completion": "Well.\n#### 5"})", "q", "5", "Well.\n#### 5", ""},
        Known{"completion_chat",
              R"({"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "5"}]})", "q",
              "5", "", ""}),
    [](const auto& info) { return std::string(info.param.layout); });

TEST(Layout, NamedFieldsGoBeforeKnownOnes) {
  const std::string line = R"({"question": "no", "answer": "no", "my": {"q": "yes", "a": 1}, "x.y": "dotted"})";
  EXPECT_EQ(row(line, {false, "my.q", "my.a"}).question, "yes");
  EXPECT_EQ(row(line, {false, "my.q", ""}).reference, "no");
  EXPECT_EQ(row(line, {false, "x.y", "answer"}).question, "dotted");
}

TEST(Layout, TakesALevelForTheDifficulty) {
  EXPECT_EQ(row(R"({"problem": "p", "answer": "1", "level": "Level 5"})").difficulty, 5);
  EXPECT_EQ(row(R"({"problem": "p", "answer": "1", "level": "hard"})").difficulty, 0);
}

struct Refused {
  const char* text;
  const char* message;
};

TEST(Layout, SaysWhatIsWrongWithWhichLine) {
  const std::string good = R"({"question": "q", "answer": "a"})"
                           "\n";
  for (const auto& [text, message] : std::initializer_list<Refused>{
           {R"({"answer": "a"})", "set.jsonl:2: field \"question\" is missing"},
           {R"({"question": "q"})", "field \"answer\" is missing"},
           {R"({"question": null, "answer": "a"})", "field \"question\" must hold a string, a number or a chat, not null"},
           {R"({"question": {"a": 1}, "answer": "a"})", "not object"},
           {R"({"question": [1, 2], "answer": "a"})", "field \"question\" is no chat with a turn {\"role\": \"user\""},
           {R"({"question": [{"role": "assistant", "content": "x"}], "answer": "a"})", "is no chat"},
           {R"({"question": [{"role": "user", "content": [{"type": "text"}]}], "answer": "a"})", "is no chat"},
           {R"({"question": " \n", "answer": "a"})", "field \"question\" holds no question"},
           {R"({"question": "q", "answer": "so ####  "})", "field \"answer\" holds no answer"},
           {R"({"question": "q\u0000", "answer": "a"})", "field \"question\" holds a NUL character"},
           {R"({"question": "q", "answer": true})", "not boolean"}}) {
    const auto read = rows(good + text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().code(), Errc::kBadInput);
    EXPECT_THAT(read.status().message(), HasSubstr(message));
    EXPECT_THAT(read.status().message(), HasSubstr("set.jsonl:2"));
  }
  const auto unknown = rows(R"({"input": "q", "target": "a"})");
  EXPECT_THAT(unknown.status().message(), HasSubstr("set.jsonl:1: the line has the fields input, target, which is none of the "
                                                    "known layouts"));
  EXPECT_THAT(unknown.status().message(), HasSubstr("task.question_field"));
  const std::string longer = R"({"question": ")" + std::string(kMaxLineBytes / 8, 'q') + R"(", "answer": "a"})";
  EXPECT_THAT(rows(longer).status().message(), HasSubstr("field \"question\" is longer than 256 KiB"));
}

TEST(Layout, SkipsBlankLinesAndCountsThem) {
  const auto read = rows("\n  \r\n{\"question\": \"q\", \"answer\": \"a\"}\r\n\n{\"question\": \"r\", \"answer\": \"b\"}");
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_THAT(*read, SizeIs(2));
  EXPECT_EQ((*read)[0].line, 3u);
  EXPECT_EQ((*read)[1].line, 5u);
}

const RowFormat kChoices{true, "", ""};

TEST(MultipleChoiceRow, ReadsTheThreeForms) {
  for (
      const char* line :
      {R"({"answerKey": "B", "question": {"stem": "Which?", "choices": [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]}})",
       R"({"question": "Which?", "choices": {"label": ["A", "B"], "text": ["x", "y"]}, "answerKey": "B"})",
       R"({"question": "Which?", "choices": {"label": ["1", "2"], "text": ["x", "y"]}, "answerKey": "2"})",
       R"({"question": "Which?", "choices": [" x", "y\n"], "answer": 1, "subject": "law"})",
       R"({"question": "Which?", "choices": ["x", "y"], "answer": "b"})"}) {
    const ProblemRow read = row(line, kChoices);
    EXPECT_EQ(read.question, "Which?") << line;
    EXPECT_THAT(read.choices, ElementsAre("x", "y")) << line;
    EXPECT_EQ(read.reference, "b") << line;
  }
}

TEST(MultipleChoiceRow, SaysWhatIsWrong) {
  for (const auto& [text, message] : std::initializer_list<Refused>{
           {R"({"question": "q", "answer": "a"})", "expected CommonsenseQA's"},
           {R"({"question": "q", "choices": ["x", "y"]})", "field \"answer\" is missing"},
           {R"({"question": "q", "choices": ["x", "y"], "answer": "c"})", "\"c\", which names none of the 2 choices"},
           {R"({"question": "q", "choices": ["x", "y"], "answer": -1})", "\"-1\", which names none"},
           {R"({"question": "q", "choices": ["x", "y"], "answer": 99})", "\"99\", which names none"},
           {R"({"question": "q", "choices": ["x"], "answer": 0})", "must hold 2 to 26 choices, not 1"},
           {R"({"question": "q", "choices": ["x", " "], "answer": 0})", "holds an empty choice"},
           {R"({"question": "q", "choices": 5, "answer": 0})", "expected CommonsenseQA's"},
           {R"({"question": "q", "choices": [{"label": "A"}, 5], "answer": 0})", "a choice without label or text"},
           {R"({"question": "q", "choices": {"label": ["A", "B", "C"], "text": ["x", "y"]}, "answerKey": "A"})",
            "has 3 labels for 2 choices"}}) {
    const auto read = rows(text, kChoices);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.status().message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace autodidact
