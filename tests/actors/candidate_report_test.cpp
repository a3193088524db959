// From candidates to numbers: what is counted, and on whom a confidence is judged.
#include "actors/candidate_report.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

class CandidateReport : public ::testing::Test {
 protected:
  Candidate candidate(const std::string& answer, bool whole = true) const {
    Candidate candidate;
    candidate.text = "75021,48131," + answer;
    candidate.answer = answer;
    candidate.whole = whole;
    candidate.tokens.assign(candidate.text.size(), 2);
    return candidate;
  }
  const std::shared_ptr<const Task> task_ = make_task({}, 1).value();
  const Problem problem_ = task_->parse_question("47+85").value();
};

TEST_F(CandidateReport, AnUnfinishedCandidateIsWrong) {
  EXPECT_TRUE(is_right(*task_, problem_, candidate("132")));
  EXPECT_FALSE(is_right(*task_, problem_, candidate("131")));
  EXPECT_FALSE(is_right(*task_, problem_, candidate("132", /*whole=*/false)));
}

TEST_F(CandidateReport, WhatBudgetOrDeadlineTookCountsAsWrong) {
  SearchOutcome outcome;
  outcome.result.candidates = {candidate("132"), candidate("9")};
  outcome.result.candidates[1].score = VerifierScore{-2, {}};
  const auto judged = judged_candidates(*task_, problem_, outcome, 4);
  ASSERT_EQ(judged.size(), 4u);
  EXPECT_TRUE(judged[0].correct);
  EXPECT_TRUE(std::isnan(judged[0].score));
  EXPECT_EQ(judged[1].score, -2);
  EXPECT_EQ(judged[1].tokens, outcome.result.candidates[1].tokens.size());
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(judged[i].correct);
  EXPECT_EQ(judged[3].answer, "");
  EXPECT_EQ(judged_candidates(*task_, problem_, outcome, 1).size(), 2u) << "nothing is dropped";
}

JudgedCandidate judged(const std::string& answer, bool correct, double score = std::nan("")) {
  return {correct, score, answer, 5};
}

TEST(JudgedVotes, AreAmongTheFirstOneTwoFour) {
  const std::vector<std::vector<JudgedCandidate>> problems = {
      {judged("1", true), judged("2", false), judged("2", false), judged("2", false)},
      {judged("", false), judged("3", true), judged("4", false), judged("3", true), judged("4", false)}};
  const auto answers = judged_votes(problems);
  std::vector<bool> correct;
  for (const JudgedAnswer& answer : answers) correct.push_back(answer.correct);
  EXPECT_EQ(correct, (std::vector<bool>{true, true, false, false, true, true}))
      << "k = 1, 2, 4 of each problem, ties to the first";
}

TEST(JudgedVotes, AreWeightedByScoresWhereThereAreAny) {
  const std::vector<std::vector<JudgedCandidate>> problems = {{judged("1", false, -3), judged("2", true, -1)}};
  EXPECT_TRUE(judged_votes(problems).at(1).correct);
  EXPECT_TRUE(judged_votes({}).empty());
}

std::vector<JudgedAnswer> answers_of(std::size_t problems, std::uint64_t flip_half) {
  std::vector<JudgedAnswer> answers;
  for (std::size_t i = 0; i < problems; ++i) {
    JudgedAnswer answer;
    answer.evidence = {double(i % 7) / 7, -double(i % 5), 1, 1, 1};
    answer.correct = (i % 7 > 3) != (i % 2 == flip_half);
    answers.push_back(answer);
  }
  return answers;
}

TEST(CrossFitted, NoAnswersConfidenceComesFromItsOwnHalf) {
  const auto before = cross_fitted(answers_of(40, 9), 1), after = cross_fitted(answers_of(40, 0), 1);
  ASSERT_EQ(before.size(), 40u);
  // The even problems come first, with the confidence that the odd ones gave: only the even ones' outcomes have changed.
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(before[i].confidence, after[i].confidence) << i;
  bool changed = false;
  for (std::size_t i = 20; i < 40; ++i) changed = changed || before[i].confidence != after[i].confidence;
  EXPECT_TRUE(changed);
}

TEST(CrossFitted, WantsTwoProblemsInEachHalf) {
  EXPECT_TRUE(cross_fitted(answers_of(3, 9), 1).empty());
  EXPECT_EQ(cross_fitted(answers_of(4, 9), 1).size(), 4u);
  EXPECT_EQ(cross_fitted(answers_of(8, 9), 2).size(), 8u);
}

TEST(CurveJson, LeavesOutWhatAVerifierWouldSay) {
  SelectionOptions options;
  options.resamples = 0;
  std::vector<std::vector<JudgedCandidate>> problems(3, {judged("1", true), judged("2", false)});
  const auto without = curve_json(selection_curve(problems, options));
  for (auto& candidates : problems)
    for (JudgedCandidate& candidate : candidates) candidate.score = candidate.correct ? -1 : -2;
  const auto with = curve_json(selection_curve(problems, options));
  ASSERT_EQ(without.size(), 2u);
  EXPECT_FALSE(without[1].contains("best") || without[1].contains("weighted"));
  EXPECT_EQ(with[1].at("best").at("value"), 1.0);
  EXPECT_EQ(with[1].at("pass").at("value"), 1.0);
  EXPECT_EQ(with[0].at("majority").at("value"), 0.5);
}

}  // namespace
}  // namespace autodidact
