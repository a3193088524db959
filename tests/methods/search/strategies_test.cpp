// What each strategy draws, scores and chooses.
#include <gmock/gmock.h>

#include <set>

#include "methods/revision_data.hpp"
#include "model/stop_strings.hpp"
#include "tests/methods/search/search_fixture.hpp"

namespace autodidact {
namespace {

using testing::answer_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Opinion;
using testing::SearchBench;
using ::testing::UnorderedElementsAre;

// Completions in the order they are drawn for a text, the last one again and again; greedy draws have their own.
class Script {
 public:
  Script(std::map<std::string, std::vector<std::string>> sampled, std::map<std::string, std::string> greedy = {})
      : sampled_(std::move(sampled)), greedy_(std::move(greedy)) {}
  Oracle oracle() {
    return [this](const std::string& text, std::uint64_t seed, VersionId) -> std::string {
      if (seed == 0) return greedy_.contains(text) ? greedy_.at(text) : "=greedy";
      const auto& lines = sampled_.contains(text) ? sampled_.at(text) : std::vector<std::string>{"=?"};
      return lines[std::min(drawn_[text]++, lines.size() - 1)];
    };
  }
  std::size_t drawn(const std::string& text) const { return drawn_.contains(text) ? drawn_.at(text) : 0; }

 private:
  const std::map<std::string, std::vector<std::string>> sampled_;
  const std::map<std::string, std::string> greedy_;
  std::map<std::string, std::size_t> drawn_;
};

// The sum of what letters are worth, at the end of a text.
Opinion worth(std::map<char, double> letters) {
  return [letters](const std::string& text) {
    double sum = -5;
    for (const char c : text)
      if (letters.contains(c)) sum += letters.at(c);
    return sum;
  };
}

std::vector<std::string> answers(const SearchOutcome& outcome) {
  std::vector<std::string> all;
  for (const Candidate& candidate : outcome.result.candidates) all.push_back(candidate.answer);
  return all;
}

SearchBench::Settings settings(Oracle oracle, Opinion opinion = {}, const std::string& kind = "prm") {
  SearchBench::Settings settings;
  settings.oracle = std::move(oracle);
  settings.opinion = std::move(opinion);
  settings.verifier.kind = kind;
  return settings;
}

TEST(Greedy, IsOneSampleAtTemperatureZero) {
  Script script({{"?", {"a,=1"}}}, {{"?", "b,=2"}});
  SearchBench bench(settings(script.oracle()));
  const SearchOutcome outcome = bench.run("greedy");
  EXPECT_THAT(answers(outcome), ElementsAre("2"));
  EXPECT_EQ(outcome.tokens_spent, 5u);
  EXPECT_EQ(outcome.result.strategy, "greedy");
}

TEST(Sample, DrawsOneByTheQuestionsSeed) {
  SearchBench bench(settings(testing::random_continuation));
  const auto text = [&](std::uint64_t seed) {
    return bench.run("sample", 99, bench.question("?", 24, seed)).result.candidates.at(0).text;
  };
  EXPECT_EQ(text(1), text(1));
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) texts.insert(text(seed));
  EXPECT_GT(texts.size(), 10u);
}

TEST(Majority, TakesTheMostFrequentAnswerAndItsFirstSample) {
  Script script({{"?", {"a,=1", "b,=2", "c,=2", "nothing", "a,=3", "d,=2"}}});
  SearchBench bench(settings(script.oracle()));
  const SearchOutcome outcome = bench.run("majority:n=6");
  EXPECT_THAT(answers(outcome), ElementsAre("1", "2", "2", "", "3", "2"));
  EXPECT_EQ(outcome.result.chosen, 1u);
  ASSERT_EQ(outcome.result.votes.size(), 3u) << "who has no answer has no vote";
  EXPECT_EQ(outcome.result.votes[0], (std::pair<std::string, double>("2", 0.6)));
}

TEST(Majority, OfEqualsTakesTheOneDrawnFirst) {
  Script script({{"?", {"a,=3", "b,=2", "c,=2", "a,=3"}}});
  SearchBench bench(settings(script.oracle()));
  EXPECT_EQ(answer_of(bench.run("majority:n=4")), "3");
}

TEST(Majority, CountsNoUnfinishedSample) {
  Script script({{"?", {"aaaaaaaaaaaaaaaaaaaaaaaaa=1", "aaaaaaaaaaaaaaaaaaaaaaaaa=1", "b,=2"}}});
  SearchBench bench(settings(script.oracle()));
  EXPECT_EQ(answer_of(bench.run("majority:n=3")), "2");
}

TEST(BestOfN, TakesTheHighestScoreOfWhatCameToItsEnd) {
  Script script({{"?", {"a,=1", "b,=2", "a,=1", "cccccccccccccccccccccccccc"}}});
  SearchBench bench(settings(script.oracle(), worth({{'a', 1}, {'b', 2}, {'c', 3}}), "orm"));
  const SearchOutcome outcome = bench.run("best_of_n:n=4");
  EXPECT_EQ(answer_of(outcome), "2");
  EXPECT_NEAR(std::exp(outcome.result.candidates[1].score->score), 1 / (1 + std::exp(3.0)), 1e-6);
}

TEST(BestOfN, OfEqualScoresTakesTheFirst) {
  Script script({{"?", {"a,=1", "b,=2"}}});
  SearchBench bench(settings(script.oracle(), worth({}), "dpo"));
  EXPECT_EQ(answer_of(bench.run("best_of_n:n=2")), "1");
}

TEST(Weighted, SumsTheScoresBehindEachAnswer) {
  Script script({{"?", {"b,=2", "a,=1", "a,=1", "c,=3"}}});
  // Likelihoods: b has exp(-2), a exp(-2.5) twice, c exp(-4).
  SearchBench bench(settings(script.oracle(), worth({{'b', 3}, {'a', 2.5}, {'c', 1}}), "dpo"));
  const SearchOutcome outcome = bench.run("weighted:n=4");
  EXPECT_EQ(answer_of(outcome), "1");
  const double a = 2 * std::exp(-2.5), b = std::exp(-2.0), c = std::exp(-4.0);
  EXPECT_NEAR(outcome.result.votes[0].second, a / (a + b + c), 1e-6);
}

class EarlyStop : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(EarlyStop, GivesTheSameAnswerForFewerTokens) {
  const auto [strategy, kind] = GetParam();
  const Opinion likes_no_b = [](const std::string& text) { return -0.3 * double(std::count(text.begin(), text.end(), 'b')); };
  SearchBench bench(settings(testing::random_continuation, likes_no_b, kind));
  std::uint64_t all = 0, early = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const auto question = bench.question("?", 24, seed);
    const std::string n = seed % 3 == 0 ? ":n=5" : ":n=16";
    const SearchOutcome full = bench.run(strategy + n, 4096, question),
                        stopped = bench.run(strategy + n + ",early_stop", 4096, question);
    ASSERT_EQ(answer_of(stopped), answer_of(full)) << seed;
    ASSERT_LE(stopped.result.candidates.size(), full.result.candidates.size());
    for (std::size_t i = 0; i < stopped.result.candidates.size(); ++i)
      ASSERT_EQ(stopped.result.candidates[i].text, full.result.candidates[i].text) << "the same draws";
    all += full.tokens_spent;
    early += stopped.tokens_spent;
  }
  EXPECT_LT(early, all);
}
INSTANTIATE_TEST_SUITE_P(Votes, EarlyStop,
                         ::testing::Values(std::pair("majority", "prm"), std::pair("weighted", "orm"),
                                           std::pair("weighted", "dpo")),
                         [](const auto& info) { return std::string(info.param.first) + "_" + info.param.second; });

// Likelihoods sum to one over all texts: once the best has more than is left, no other text can score higher.
TEST(EarlyStopOfBestOfN, HappensWhenNoOtherTextCanHaveAHigherLikelihood) {
  const auto run = [](std::map<char, double> likelihoods, const std::string& kind, const std::string& score = "likelihood") {
    Script script({{"?", {"b,=2", "a,=1", "c,=3", "b,=2", "a,=1"}}});
    const Opinion opinion = [likelihoods](const std::string& text) { return std::log(likelihoods.at(text[0])); };
    SearchBench::Settings s = settings(script.oracle(), opinion, kind);
    s.verifier.score = score;
    SearchBench bench(s);
    return bench.run("best_of_n:n=8,early_stop");
  };
  const SearchOutcome sure = run({{'a', 0.45}, {'b', 0.2}, {'c', 0.1}}, "dpo");  // 0.35 are left after two
  EXPECT_EQ(sure.result.candidates.size(), 2u);
  EXPECT_EQ(answer_of(sure), "1");
  EXPECT_EQ(run({{'a', 0.4}, {'b', 0.15}, {'c', 0.1}}, "dpo").result.candidates.size(), 4u) << "0.45, then 0.35";
  EXPECT_EQ(run({{'a', 0.3}, {'b', 0.2}, {'c', 0.1}}, "dpo").result.candidates.size(), 8u)
      << "0.4 are left of what was never drawn";
  EXPECT_EQ(run({{'a', 0.45}, {'b', 0.2}, {'c', 0.1}}, "orm").result.candidates.size(), 8u) << "values have no such sum";
  EXPECT_EQ(run({{'a', 0.45}, {'b', 0.2}, {'c', 0.1}}, "dpo", "mean_likelihood").result.candidates.size(), 8u);
}

// An implicit reward has no highest value: a later sample may outweigh all others.
TEST(EarlyStopOfImplicitRewards, NeverHappens) {
  Script script({{"?", {"a,=1", "a,=1", "a,=1", "a,=1", "a,=1", "a,=1", "a,=1", "b,=2"}}});
  SearchBench::Settings s = settings(script.oracle(), {}, "dpo");
  s.verifier.score = "implicit_reward";
  s.verifier.beta = 1;
  int pass = 0;  // the verifier's, then the reference's
  s.opinion = [&pass](const std::string& text) { return text[0] == 'b' && ++pass % 2 == 1 ? 10.0 : 0.0; };
  SearchBench bench(s);
  const SearchOutcome outcome = bench.run("weighted:n=8,early_stop");
  EXPECT_EQ(outcome.result.candidates.size(), 8u);
  EXPECT_EQ(answer_of(outcome), "2");
}

TEST(Beam, GoesOnFromTheBestDistinctSteps) {
  Script script({{"?", {"a,", "b,", "c,", "c,", "d,", "a,"}}, {"?c,", {"=1", "=2", "=1"}}, {"?b,", {"=3"}}});
  SearchBench bench(settings(script.oracle(), worth({{'c', 3}, {'b', 2}, {'a', 1}})));
  const SearchOutcome outcome = bench.run("beam:n=6,width=3");
  EXPECT_THAT(bench.asked(), ElementsAre("?", "?", "?", "?", "?", "?", "?c,", "?b,", "?c,", "?b,", "?c,", "?b,"))
      << "c is there twice and kept once";
  EXPECT_EQ(outcome.result.candidates.size(), 6u);
  EXPECT_EQ(answer_of(outcome), "1") << "two of exp(c) against three of exp(b) and one of exp(c)";
}

TEST(Beam, KeepsWhatCameToItsEndAndSharesOutTheRest) {
  Script script({{"?", {"=9", "b,", "a,", "a,"}}, {"?b,", {"=1"}}});
  SearchBench bench(settings(script.oracle(), worth({{'b', 2}, {'a', 1}})));
  const SearchOutcome outcome = bench.run("beam:n=4,width=2");
  EXPECT_THAT(answers(outcome), ElementsAre("9", "1", "1", "1"));
  EXPECT_EQ(script.drawn("?b,"), 3u) << "four in all";
}

TEST(Beam, EndsAfterFortyRounds) {
  SearchBench::Settings s =
      settings([](const std::string&, std::uint64_t, VersionId) { return std::string("a,"); }, worth({{'a', 1}}));
  s.max_positions = 512;
  SearchBench bench(s);
  const SearchOutcome outcome = bench.run("beam:n=2,width=2", 100000, bench.question("?", 500));
  EXPECT_EQ(outcome.tokens_spent, 40u * 2 * 2);
  EXPECT_EQ(outcome.result.candidates.at(0).text.size(), 80u) << "what it has, though it came to no end";
}

// "a" looks best; what follows it greedily is bad. Steps to look ahead: 2.
const std::map<std::string, std::vector<std::string>> kAhead = {
    {"?", {"a,", "b,", "a,", "b,"}}, {"?a,", {"=1"}}, {"?b,", {"=2"}}};
const std::map<std::string, std::string> kGreedyAhead = {{"?a,", "y,y,y,"}, {"?b,", "z,z,z,"}};

TEST(Lookahead, ScoresStepsByWhatFollowsThemGreedily) {
  const Opinion opinion = worth({{'a', 2}, {'b', 1}, {'z', 1}, {'y', -1}});
  Script beam_script(kAhead, kGreedyAhead), ahead_script(kAhead, kGreedyAhead);
  SearchBench beam(settings(beam_script.oracle(), opinion)), ahead(settings(ahead_script.oracle(), opinion));
  EXPECT_EQ(answer_of(beam.run("beam:n=4,width=4")), "1");
  EXPECT_EQ(answer_of(ahead.run("lookahead:n=4,width=4,k=2")), "2");
}

TEST(Lookahead, CostsNTimesKPlusOneSteps) {
  for (const std::uint32_t k : {1u, 2u, 3u}) {
    Script script({{"?", {"a,"}}, {"?a,", {"b=1"}}}, {{"?a,", "c,c,c,c,"}});
    SearchBench bench(settings(script.oracle(), worth({})));
    const SearchOutcome outcome = bench.run("lookahead:n=4,width=4,k=" + std::to_string(k));
    EXPECT_EQ(outcome.tokens_spent, 4u * 2 * (k + 1) + 4u * 4) << "steps of two tokens, then whole answers of four";
    EXPECT_EQ(outcome.result.candidates.at(0).text, "a,b=1") << "what was seen ahead is no part of an answer";
  }
}

TEST(DiverseTrees, NeverCompete) {
  Script script({{"?", {"d,", "c,", "b,", "a,"}}, {"?d,", {"=1"}}, {"?b,", {"=2"}}});
  SearchBench bench(settings(script.oracle(), worth({{'d', 4}, {'c', 3}, {'b', 2}, {'a', 1}})));
  const SearchOutcome outcome = bench.run("dvts:n=4,width=2");
  EXPECT_THAT(bench.asked(), ElementsAre("?", "?", "?", "?", "?d,", "?d,", "?b,", "?b,")) << "beam search would drop b for c";
  EXPECT_THAT(answers(outcome), ElementsAre("1", "2"));
  EXPECT_EQ(answer_of(outcome), "1");
}

TEST(DiverseTrees, WithoutAnEndWithinTheBudgetStillAnswer) {
  SearchBench bench(settings([](const std::string&, std::uint64_t, VersionId) { return std::string("a,"); }, worth({})));
  const SearchOutcome outcome = bench.run("dvts:n=4,width=2", 8);
  ASSERT_EQ(outcome.result.candidates.size(), 2u);
  EXPECT_EQ(outcome.result.candidates[0].text, "a,");
}

TEST(Steps, OfSeveralSeparatorsInARowAreOne) {
  Script script({{"?", {"a,,,b,"}}, {"?a,", {",,b,c"}}, {"?a,,,b,", {"=1"}}});
  SearchBench bench(settings(script.oracle(), worth({})));
  EXPECT_EQ(bench.run("beam:n=1,width=1").result.candidates.at(0).text, "a,,,b,=1");
  EXPECT_THAT(bench.asked(), ElementsAre("?", "?a,", "?a,,,b,"));
}

// A base model's stop string may begin with what ends a step.
TEST(Steps, DoNotHideTheEndOfAText) {
  Script script({{"?", {"a,=1,?b"}}, {"?a,", {"=1,?b,=2"}}, {"?a,=1,", {"?b,=2"}}, {"?a,=1,?", {"b,=2"}}});
  for (const char* strategy : {"sample", "beam:n=1,width=1", "lookahead:n=1,width=1,k=4"}) {
    SearchBench bench(settings(script.oracle(), worth({})));
    const auto question = bench.question();
    question->ends = make_stop_strings({",?"}, bench.tokenizer()).value();
    const SearchOutcome outcome = bench.run(strategy, 4096, question);
    ASSERT_EQ(outcome.result.candidates.size(), 1u);
    EXPECT_EQ(outcome.result.candidates[0].text, "a,=1,?") << strategy;
    EXPECT_TRUE(outcome.result.candidates[0].whole) << strategy;
  }
}

TEST(Revise, ShowsAnAttemptTheLastFourBeforeIt) {
  int turn = 0;
  SearchBench::Settings s =
      settings([&](const std::string&, std::uint64_t, VersionId) { return "=" + std::string(1, char('a' + turn++)); });
  s.max_positions = 200;
  SearchBench bench(s);
  const SearchOutcome outcome = bench.run("revise:n=6,length=6", 4096, bench.question("q?"));
  EXPECT_THAT(bench.asked(),
              ElementsAre("q?", "q?=aq?", "q?=aq?=bq?", "q?=aq?=bq?=cq?", "q?=aq?=bq?=cq?=dq?", "q?=bq?=cq?=dq?=eq?"));
  EXPECT_THAT(answers(outcome), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(outcome.tokens_spent, 18u) << "what is shown is not generated";
}

TEST(Revise, ShowsFewerWhereTheModelHasNoRoom) {
  int turn = 0;
  SearchBench::Settings s =
      settings([&](const std::string&, std::uint64_t, VersionId) { return "=" + std::string(1, char('a' + turn++)); });
  s.max_positions = 2 + 10 + 2 * (3 + 2);  // a prompt, an attempt to come, two before it
  SearchBench bench(s);
  bench.run("revise:n=4,length=4", 4096, bench.question("q?", 10));
  EXPECT_THAT(bench.asked(), ElementsAre("q?", "q?=aq?", "q?=aq?=bq?", "q?=bq?=cq?"));
}

TEST(Revise, ShowsAttemptsAsTrainingDoes) {
  Script script(std::map<std::string, std::vector<std::string>>{{"q?", {"a=1"}}, {"q?a=1q?", {"b=2"}}});
  SearchBench bench(settings(script.oracle()));
  const SearchOutcome outcome = bench.run("revise:n=2,length=2", 4096, bench.question("q?"));
  ASSERT_EQ(outcome.result.candidates.size(), 2u);
  JudgedAttempt right;
  right.attempt.prompt_tokens = bench.question("q?")->prompt;
  right.attempt.tokens = outcome.result.candidates[1].tokens;
  const std::span<const TokenId> shown[] = {outcome.result.candidates[0].tokens};
  const TrainExample example = revision_example(right, shown, 64);
  EXPECT_EQ(bench.tokenizer()->decode(std::span(example.tokens).first(example.prompt_length)), bench.asked().at(1));
}

TEST(Revise, RunsItsChainsSideBySide) {
  Script script({{"?", {"=1", "=2"}}, {"?=1?", {"=3"}}, {"?=2?", {"=4"}}});
  SearchBench bench(settings(script.oracle()));
  bench.run("revise:n=4,length=2");
  EXPECT_THAT(bench.asked(), ElementsAre("?", "?", "?=1?", "?=2?"));
}

// Chain 1: 1, 1, 2. Chain 2: 2, 3, 3 with the best single score on 3.
const std::map<std::string, std::vector<std::string>> kChains = {
    {"?", {"a=1", "b=2"}}, {"?a=1?", {"a=1"}}, {"?b=2?", {"c=3"}}, {"?a=1?a=1?", {"b=2"}}, {"?b=2?c=3?", {"c=3"}}};

TEST(Revise, WithoutAVerifierPoolsAllAttempts) {
  Script script(kChains);
  SearchBench bench(settings(script.oracle()));
  const SearchOutcome outcome = bench.run("revise:n=6,length=3");
  EXPECT_EQ(outcome.result.candidates.size(), 6u);
  EXPECT_EQ(answer_of(outcome), "1") << "two each, and drawn first";
}

TEST(Revise, WithOneChoosesWithinChainsThenAcrossThem) {
  Script script(kChains);
  // Pooled, 2 would win by the sum of its two.
  SearchBench bench(settings(script.oracle(), worth({{'a', 1.3}, {'b', 1.5}, {'c', 1.4}}), "dpo"));
  const SearchOutcome outcome = bench.run("revise:n=6,length=3");
  EXPECT_THAT(answers(outcome), ElementsAre("1", "3")) << "a twice outweighs b, so does c";
  EXPECT_EQ(answer_of(outcome), "3");
}

TEST(Votes, WithoutAScoreHaveNoWeight) {
  std::vector<Candidate> candidates(2);
  EXPECT_EQ(score_weights(candidates)(candidates[0]), 0);
  candidates[0].score = VerifierScore{-std::numeric_limits<float>::infinity(), {}};
  EXPECT_EQ(score_weights(candidates)(candidates[0]), 0) << "not a NaN";
  candidates[1].score = VerifierScore{-1000, {}};
  EXPECT_EQ(score_weights(candidates)(candidates[1]), 1);
}

}  // namespace
}  // namespace autodidact
