// How a model without a chat template is asked, and where what it says ends.

#include "actors/prompts.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "model/tokenizer.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

class PlainPromptsTest : public ::testing::Test {
 protected:
  PlainPromptsTest() {
    const std::string file = directory_.path() + "/train.jsonl";
    std::ofstream lines(file);
    for (int i = 1; i < 9; ++i)
      lines << R"({"question": "What is )" << i << R"( + 1?", "answer": "One more. #### )" << i + 1 << "\"}\n";
    lines.close();
    TaskOptions options;
    options.name = "jsonl";
    options.train_file = file;
    options.held_out_size = 2;
    task_ = make_task(options, 1).value();
    std::string alphabet = "\n";
    for (char c = ' '; c <= '~'; ++c) alphabet += c;
    tokenizer_ = make_char_tokenizer(alphabet).value();
    prompts_ = Prompts::make(task_, tokenizer_, nullptr, 0).value();
  }
  std::vector<TokenId> tokens(const std::string& text) const { return tokenizer_->encode(text).value(); }
  // As a decoder asks, after each token; how many are drawn.
  std::size_t drawn(const std::string& text) const {
    const auto all = tokens(text);
    for (std::size_t n = 1; n <= all.size(); ++n)
      if ((*prompts_->ends())(std::span(all).first(n))) return n;
    return all.size();
  }

  TempDirectory directory_;
  std::shared_ptr<const Task> task_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const Prompts> prompts_;
};

TEST_F(PlainPromptsTest, AnAttemptEndsWhereAQuestionOfItsOwnBegins) {
  ASSERT_NE(prompts_->ends(), nullptr);
  const std::string answer = " One more.\n#### 5", next = "\nQ: What is 7 + 1?\nA: 8";
  EXPECT_EQ(drawn(answer + next), answer.size() + 3) << "the three letters that begin it belong to it";
  EXPECT_EQ(drawn(answer), answer.size());
  EXPECT_EQ(drawn("Q: in its first line is no end"), 30u);
}

TEST_F(PlainPromptsTest, WhatEndedItIsNotPartOfWhatItSays) {
  EXPECT_EQ(prompts_->text(tokens(" One more.\n#### 5\nQ:")), " One more.\n#### 5");
  auto stopped = tokens(" One more.\n#### 5");
  stopped.push_back(tokenizer_->eos());
  EXPECT_EQ(prompts_->text(stopped), " One more.\n#### 5");
}

TEST_F(PlainPromptsTest, AQuestionIsAskedAsPlainText) {
  const Problem problem = task_->training_problem(0);
  EXPECT_EQ(tokenizer_->decode(prompts_->asked(problem, false).value()), "Q: " + problem.prompt + "\nA:");
  EXPECT_EQ(prompts_->asked(problem, false).value(), prompts_->stored(problem).value());
}

TEST_F(PlainPromptsTest, WithoutATextThatBeginsAQuestionOnlyTheStopTokenEnds) {
  TaskOptions options;
  options.name = "addition";
  const auto prompts = Prompts::make(make_task(options, 1).value(), tokenizer_, nullptr, 0).value();
  EXPECT_EQ(prompts->ends(), nullptr);
}

}  // namespace
}  // namespace autodidact
