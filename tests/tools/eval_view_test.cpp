// What `eval` and `ask` print and draw, from JSON as the daemon answers it.

#include "tools/eval_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/eval_chart.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Style kPlain{false, 1000};

Json confidence() {
  return Json::parse(R"({"answers":400,"ece":0.031,"adaptive_ece":0.042,"brier":0.11,"aurc":0.09,"error":0.25,
    "error_after_abstaining_20":0.1,"risk_coverage":[[0.95,0.3,0.0],[0.8,0.62,0.05],[0.5,0.8,0.1],[0.2,1.0,0.25]]})");
}

Json strategies() {
  Json evaluation = Json::parse(R"({"version":7,"verifier":3,"temperature":0.8,"strategies":[
    {"strategy":"weighted:n=16,early_stop","budget_tokens":2048,"n":400,"correct":300,"accuracy":0.75,"low":0.705,"high":0.79,
     "tokens":500.4,"tokens_scored":1520},
    {"strategy":"weighted:n=4,early_stop","budget_tokens":2048,"n":400,"correct":260,"accuracy":0.65,"low":0.602,"high":0.695,
     "tokens":120,"tokens_scored":400},
    {"strategy":"greedy","budget_tokens":2048,"n":400,"correct":200,"accuracy":0.5,"low":0.451,"high":0.549,"tokens":31.2,
     "tokens_scored":0}]})");
  evaluation["strategies"][0]["confidence"] = confidence();
  return evaluation;
}

Json plain() {
  Json evaluation = Json::parse(R"({"accuracy":0.55,"process_accuracy":0.5,"n":400,"correct":220,"logprob_gap":0.0,
    "groups":[{"name":"3 digits","accuracy":0.4,"process_accuracy":0.3,"n":200,"correct":80}],
    "candidates":{"problems":100,"samples":4,"temperature":0.8,"verifier":0,"curve":[
      {"k":1,"tokens":30,"pass":{"value":0.5,"low":0.4,"high":0.6},"majority":{"value":0.5,"low":0.4,"high":0.6}},
      {"k":4,"tokens":120,"pass":{"value":0.9,"low":0.8,"high":0.95},"majority":{"value":0.6,"low":0.5,"high":0.7},
       "best":{"value":0.8,"low":0.7,"high":0.9}}]}})");
  evaluation["candidates"]["confidence"] = confidence();
  return evaluation;
}

std::string row_with(const std::string& text, const std::string& part) {
  const std::size_t at = text.find(part);
  if (at == std::string::npos) return "";
  const std::size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

TEST(EvalView, AStrategyStandsBesideItsPriceAndItsConfidence) {
  const std::string text = eval_text(strategies(), kPlain);
  EXPECT_THAT(text, HasSubstr("version 7, verifier v3, temperature 0.8"));
  const std::string row = row_with(text, "weighted:n=16,early_stop");
  for (const char* part : {"2,048", "400", "75.0 % (70.5-79.0)", "500", "1,520", "0.031", "25.0 %", "10.0 %"})
    EXPECT_THAT(row, HasSubstr(part));
  EXPECT_THAT(row_with(text, "greedy"), HasSubstr("-  ")) << "no confidence was measured";
}

TEST(EvalView, GroupsAndCandidatesHaveIntervals) {
  const std::string text = eval_text(plain(), kPlain);
  EXPECT_THAT(row_with(text, "3 digits"), HasSubstr("40.0 % (33.5-46.9)"));
  EXPECT_THAT(row_with(text, "all "), HasSubstr("55.0 % (50.1-59.8)"));
  EXPECT_THAT(text, HasSubstr("4 for each of 100 problems, no verifier"));
  const std::string four = row_with(text, "90.0 % (80.0-95.0)");
  EXPECT_THAT(four, HasSubstr("60.0 % (50.0-70.0)"));
  EXPECT_THAT(four, HasSubstr("80.0 % (70.0-90.0)"));
  EXPECT_THAT(row_with(text, "50.0 % (40.0-60.0)"), HasSubstr(" - ")) << "nobody chose the best of one";
}

TEST(EvalView, ConfidenceSaysWhatToSetForAnsweringSoMuch) {
  const std::string text = eval_text(plain(), kPlain);
  EXPECT_THAT(text, HasSubstr("ECE 0.031 (adaptive 0.042), Brier 0.110, AURC 0.090"));
  EXPECT_THAT(text, HasSubstr("25.0 % wrong; without the least sure 20 %: 10.0 %"));
  const std::string eighty = row_with(text, "80.0 %  ");
  EXPECT_THAT(eighty, HasSubstr("at least 0.5"));
  EXPECT_THAT(eighty, HasSubstr("10.0 %"));
  EXPECT_THAT(row_with(text, "62.0 %"), HasSubstr("at least 0.8")) << "ties: the least share that answers 60 % or more";
}

TEST(EvalView, JsonOfAnotherFormIsShownAsItIs) {
  EXPECT_EQ(eval_text({{"novel", 3}}, kPlain), "novel  3\n");
  EXPECT_EQ(eval_text(Json(), kPlain), "-\n");
}

TEST(EvalView, TextsOfTheDaemonReachNoTerminal) {
  Json evaluation = strategies();
  evaluation["strategies"][0]["strategy"] = "\x1b[31mred";
  EXPECT_THAT(eval_text(evaluation, kPlain), Not(HasSubstr("\x1b")));
  EXPECT_THAT(answer_text({{"answer", "\x1b[2J"}, {"rationale", "a\x1b]0;owned\x07"}}, kPlain), Not(HasSubstr("\x1b")));
}

TEST(EvalChart, AFamilyIsAStrategyWithoutItsNumberOfSamples) {
  EXPECT_EQ(strategy_family("greedy"), "greedy");
  EXPECT_EQ(strategy_family("majority:n=16"), "majority");
  EXPECT_EQ(strategy_family("weighted:n=16,early_stop"), "weighted:early_stop");
  EXPECT_EQ(strategy_family("beam:n=16,width=4"), "beam:width=4");
  EXPECT_EQ(strategy_family("beam:width=4,n=16"), "beam:width=4");
  EXPECT_EQ(strategy_family("x:"), "x");
}

TEST(EvalChart, ALineForEachFamilyByTokensWithErrorBars) {
  const auto lines = token_curves(strategies());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].name, "weighted:early_stop");
  ASSERT_EQ(lines[0].points.size(), 2u);
  EXPECT_EQ(lines[0].points[0].x, 120);
  EXPECT_EQ(lines[0].points[1].low, 0.705);
  const std::string svg = render_token_chart(lines, "curve");
  EXPECT_THAT(svg, HasSubstr("weighted:n=16,early_stop, budget 2048: 75.0% (70.5% to 79.0%) with 500 tokens"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(svg, HasSubstr("greedy"));
}

TEST(EvalChart, CandidatesDrawAsAChoiceEach) {
  const auto lines = token_curves(plain());
  std::vector<std::string> names;
  for (const ChartSeries& line : lines) names.push_back(line.name);
  EXPECT_THAT(names, ElementsAre("Pass@k", "majority@k", "Best-of-k"));
}

TEST(EvalChart, RiskFallsAsLessIsAnswered) {
  const auto lines = risk_curves(strategies());
  ASSERT_EQ(lines.size(), 1u) << "of those with a confidence";
  EXPECT_EQ(lines[0].name, "weighted:n=16,early_stop");
  ASSERT_EQ(lines[0].points.size(), 4u);
  EXPECT_EQ(lines[0].points.back().x, 1.0);
  EXPECT_EQ(lines[0].points.back().y, 0.25);
  EXPECT_THAT(render_risk_chart(lines, "risk"), HasSubstr(">50%<")) << "the axis ends above the worst error, not at 100 %";
  EXPECT_EQ(risk_curves(plain())[0].name, "votes");
}

TEST(EvalChart, NothingMeasuredDrawsNoLine) {
  EXPECT_TRUE(token_curves({{"accuracy", 0.5}}).empty());
  EXPECT_TRUE(risk_curves({{"accuracy", 0.5}}).empty());
  EXPECT_THAT(render_token_chart({}, "empty"), Not(HasSubstr("nan")));
}

TEST(Chart, LogarithmicTicksAreFewAndRound) {
  std::vector<std::string> labels;
  for (const ChartTick& tick : log_ticks(30, 1200)) labels.push_back(tick.label);
  EXPECT_THAT(labels, ElementsAre("50", "100", "200", "500", "1k"));
  EXPECT_EQ(log_ticks(1, 1e9).size(), 10u);
  EXPECT_TRUE(log_ticks(0, 5).empty());
}

TEST(AnswerView, AnAnswerComesWithItsConfidenceAndItsPrice) {
  const Json answer =
      Json::parse(R"({"answer":"132","rationale":"47+85\n132","confidence":0.934,"votes":[["132",0.875],["122",0.125]],
    "verifier_score":-0.125,"strategy":"weighted:n=16","tokens_spent":512,"tokens_scored":1024,"version":12,"verifier":9,
    "outcome":"correct","id":"chatcmpl-7"})");
  const std::string text = answer_text(answer, kPlain);
  EXPECT_EQ(text.substr(0, 5), "132\n\n");
  for (const char* line :
       {"confidence  93.4 %\n", "votes       132 87.5 %, 122 12.5 %\n", "verifier    -0.125\n",
        "tokens      512 generated, 1,024 scored\n", "strategy    weighted:n=16\n", "version     v12, verifier v9\n",
        "outcome     correct\n", "id          chatcmpl-7\n", "  47+85\n  132\n"})
    EXPECT_THAT(text, HasSubstr(line));
  Json nested = {{"answer", "132"}, {"reasoning", {{"confidence", 0.5}}}};
  EXPECT_THAT(answer_text(nested, kPlain), HasSubstr("confidence  50.0 %\n"));
}

TEST(AnswerView, AbstainingIsSaidPlainlyAndHidesTheGuess) {
  const Json answer = {
      {"answer", "122"}, {"abstained", true}, {"confidence", 0.3}, {"rationale", "a guess"}, {"outcome", "cannot_judge"}};
  const std::string text = answer_text(answer, kPlain);
  EXPECT_EQ(text, "I don't know\n\nconfidence  30.0 %\n");
}

TEST(AnswerView, ManyVotesAreCutShort) {
  Json answer = {{"answer", "1"}, {"votes", Json::array()}};
  for (int i = 0; i < 8; ++i) answer["votes"].push_back({{"answer", std::to_string(i)}, {"share", 0.125}});
  EXPECT_THAT(answer_text(answer, kPlain), HasSubstr("4 12.5 %, 3 more\n"));
}

}  // namespace
}  // namespace autodidact
