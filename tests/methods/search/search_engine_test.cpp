// What holds for all strategies: budgets, failures, deadlines, company.
#include "methods/search/search_engine.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/methods/search/search_fixture.hpp"

namespace autodidact {
namespace {

using testing::answer_of;
using ::testing::HasSubstr;
using testing::SearchBench;

double letters_a(const std::string& text) { return 0.7 * static_cast<double>(std::count(text.begin(), text.end(), 'a')) - 1; }

const char* const kStrategies[] = {"greedy",
                                   "sample",
                                   "majority:n=6",
                                   "majority:n=8,early_stop",
                                   "best_of_n:n=5",
                                   "weighted:n=6",
                                   "weighted:n=8,early_stop",
                                   "beam:n=6,width=3",
                                   "beam:n=4,width=4",
                                   "lookahead:n=4,width=2,k=2",
                                   "dvts:n=6,width=2",
                                   "revise:n=6,length=3",
                                   "revise:n=4,length=1"};

SearchBench::Settings random_settings() {
  SearchBench::Settings settings;
  settings.oracle = testing::random_continuation;
  settings.opinion = letters_a;
  return settings;
}

TEST(SearchBudget, IsNeverExceededAndCountsEveryGeneratedToken) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 60; ++trial) {
    SearchBench::Settings settings = random_settings();
    settings.batch = 1 + random() % 9;
    settings.tokens_per_step = 1 + static_cast<std::int32_t>(random() % 5);
    SearchBench bench(settings);
    std::map<std::uint64_t, std::uint64_t> budgets;
    for (std::uint64_t tag = 1; tag <= 1 + random() % 4; ++tag) {
      budgets[tag] = 1 + random() % 200;
      const auto question = bench.question("?", 3 + static_cast<std::int32_t>(random() % 20), random());
      ASSERT_TRUE(bench.start(kStrategies[random() % std::size(kStrategies)], budgets[tag], question, tag).ok());
    }
    std::uint64_t spent = 0;
    for (const auto& [tag, outcome] : bench.finish()) {
      EXPECT_TRUE(outcome.status.ok()) << outcome.status.message();
      EXPECT_LE(outcome.tokens_spent, budgets[tag]) << outcome.result.strategy;
      EXPECT_GT(outcome.tokens_spent, 0u);
      spent += outcome.tokens_spent;
      budgets.erase(tag);
    }
    EXPECT_TRUE(budgets.empty()) << "every search has an outcome";
    EXPECT_EQ(spent, bench.decoder().stats().tokens);
    EXPECT_EQ(bench.engine().open(), 0u);
  }
}

TEST(SearchBudget, HoweverTightLeavesAnOutcomeWithWhatThereIs) {
  for (const char* strategy : kStrategies) {
    for (std::uint64_t budget = 1; budget <= 40; ++budget) {
      SearchBench bench(random_settings());
      const SearchOutcome outcome = bench.run(strategy, budget);
      ASSERT_TRUE(outcome.status.ok()) << strategy << ", " << budget;
      EXPECT_LE(outcome.tokens_spent, budget);
      ASSERT_FALSE(outcome.result.candidates.empty()) << strategy << ", " << budget;
      ASSERT_LT(outcome.result.chosen, outcome.result.candidates.size());
      EXPECT_FALSE(outcome.result.candidates[outcome.result.chosen].tokens.empty()) << strategy << ", " << budget;
    }
  }
}

TEST(SearchBudget, OfExactlyOneSampleGivesThatSample) {
  SearchBench alone(random_settings()), tight(random_settings());
  const SearchOutcome sample = alone.run("sample");
  const SearchOutcome outcome = tight.run("majority:n=4", sample.tokens_spent);
  EXPECT_EQ(outcome.tokens_spent, sample.tokens_spent);
  EXPECT_EQ(answer_of(outcome), answer_of(sample));
  EXPECT_EQ(outcome.result.candidates.size(), 1u);
}

TEST(SearchBudget, HugeOnesDoNotOverflow) {
  SearchBench bench(random_settings());
  for (const std::uint64_t budget : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const SearchOutcome outcome = bench.run("majority:n=4", budget);
    EXPECT_EQ(outcome.result.candidates.size(), 4u);
  }
}

// What a candidate is and was worth, for comparison.
std::vector<std::string> described(const SearchOutcome& outcome) {
  std::vector<std::string> lines{std::to_string(outcome.tokens_spent) + " " + std::to_string(outcome.tokens_scored) + " " +
                                 std::to_string(outcome.result.chosen)};
  for (const Candidate& c : outcome.result.candidates)
    lines.push_back(c.text + " " + c.answer + " " + std::to_string(c.score ? c.score->score : 1));
  return lines;
}

TEST(SearchCompany, ChangesNoResult) {
  std::map<std::uint64_t, std::vector<std::string>> alone;
  for (std::uint64_t tag = 1; tag <= std::size(kStrategies); ++tag) {
    SearchBench bench(random_settings());
    alone[tag] = described(bench.run(kStrategies[tag - 1], 90, bench.question("?", 20, tag)));
  }
  SearchBench::Settings settings = random_settings();
  settings.batch = 3;
  SearchBench bench(settings);
  for (std::uint64_t tag = 1; tag <= std::size(kStrategies); ++tag)
    ASSERT_TRUE(bench.start(kStrategies[tag - 1], 90, bench.question("?", 20, tag), tag).ok());
  for (const auto& [tag, outcome] : bench.finish()) EXPECT_EQ(described(outcome), alone[tag]) << kStrategies[tag - 1];
}

TEST(SearchCompany, SharesTheVerifiersCalls) {
  SearchBench::Settings settings = random_settings();
  settings.batch = 64;
  SearchBench bench(settings);
  for (std::uint64_t tag = 1; tag <= 8; ++tag) ASSERT_TRUE(bench.start("best_of_n:n=4", 4096, bench.question("?"), tag).ok());
  EXPECT_EQ(bench.finish().size(), 8u);
  EXPECT_EQ(bench.verifier_calls(), 1) << "they draw the same samples and so end at once";
}

TEST(CancelledSearch, LeavesNothingBehindAndTheOthersAlone) {
  SearchBench bench(random_settings()), undisturbed(random_settings());
  const auto wanted = described(undisturbed.run("beam:n=6,width=3", 4096, undisturbed.question("?", 24, 2)));
  std::vector<SearchOutcome> ended;
  ASSERT_TRUE(bench.start("majority:n=8", 4096, {}, 1).ok());
  ASSERT_TRUE(bench.start("beam:n=6,width=3", 4096, bench.question("?", 24, 2), 2).ok());
  bench.engine().step(ended);
  bench.engine().cancel(1);
  bench.engine().cancel(1);
  bench.engine().cancel(77);
  EXPECT_EQ(bench.engine().open(), 1u);
  const auto outcomes = bench.finish();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(described(outcomes.at(2)), wanted);
  std::vector<DecodeResult> finished;
  EXPECT_EQ(bench.decoder().step(finished), 0u);
  EXPECT_EQ(bench.decoder().free_slots(), 8u);
}

TEST(CancelledSearch, MayBeStartedAgainUnderItsTag) {
  SearchBench bench(random_settings());
  ASSERT_TRUE(bench.start("majority:n=8").ok());
  bench.engine().cancel(1);
  EXPECT_EQ(bench.run("majority:n=3").result.candidates.size(), 3u);
}

TEST(EndOfAnEngine, CancelsItsDraws) {
  SearchBench bench(random_settings());
  {
    SearchEngine short_lived(bench.decoder(), nullptr);
    ASSERT_TRUE(short_lived.start({1, bench.question(), *parse_strategy("majority:n=6"), 4096}).ok());
  }
  std::vector<DecodeResult> finished;
  EXPECT_EQ(bench.decoder().step(finished), 0u);
  EXPECT_TRUE(finished.empty());
}

TEST(FailedDraw, FailsItsSearchAlone) {
  SearchBench::Settings settings = random_settings();
  settings.oracle = [](const std::string& text, std::uint64_t seed, VersionId) {
    return text[0] == 'z' && seed % 3 == 0 ? std::string("\n") : testing::random_continuation(text, seed, 1);
  };
  SearchBench bench(settings);
  ASSERT_TRUE(bench.start("majority:n=32", 4096, bench.question("z"), 1).ok());
  ASSERT_TRUE(bench.start("majority:n=32", 4096, bench.question("?"), 2).ok());
  const auto outcomes = bench.finish();
  EXPECT_FALSE(outcomes.at(1).status.ok());
  EXPECT_THAT(outcomes.at(1).status.message(), HasSubstr("no token for the character"));
  EXPECT_TRUE(outcomes.at(2).status.ok());
  EXPECT_EQ(outcomes.at(2).result.candidates.size(), 32u);
  std::vector<DecodeResult> finished;
  EXPECT_EQ(bench.decoder().step(finished), 0u) << "what the failed search had out is cancelled";
}

TEST(FailedVerifier, FailsWhoWaitsForItAndNobodyElse) {
  SearchBench::Settings settings = random_settings();
  settings.oracle = [](const std::string& text, std::uint64_t, VersionId) { return text[0] == 'z' ? "!,=u" : "a,=u"; };
  SearchBench bench(settings);
  ASSERT_TRUE(bench.start("best_of_n:n=4", 4096, bench.question("z"), 1).ok());
  ASSERT_TRUE(bench.start("majority:n=4", 4096, bench.question("z"), 2).ok());
  const auto outcomes = bench.finish();
  EXPECT_THAT(outcomes.at(1).status.message(), HasSubstr("scripted verifier fails"));
  EXPECT_EQ(answer_of(outcomes.at(2)), "u");
}

TEST(LateSearch, AnswersWithWhatItHasAndDrawsNoMore) {
  for (const char* strategy : kStrategies) {
    SearchBench bench(random_settings());
    ASSERT_TRUE(bench.engine()
                    .start({1, bench.question(), *parse_strategy(strategy), 4096,
                            std::chrono::steady_clock::now() - std::chrono::seconds(1)})
                    .ok());
    const SearchOutcome outcome = bench.finish().at(1);
    EXPECT_TRUE(outcome.status.ok()) << strategy;
    EXPECT_EQ(outcome.tokens_spent, 0u) << strategy;
    EXPECT_EQ(bench.asked().size(), 0u) << strategy;
    EXPECT_EQ(answer_of(outcome), "") << strategy;
  }
}

TEST(Verifiers, AreWantedByTheStrategiesThatScore) {
  SearchBench::Settings settings = random_settings();
  settings.opinion = {};
  SearchBench without(settings);
  for (const char* strategy :
       {"best_of_n:n=2", "weighted:n=2", "beam:n=4,width=2", "lookahead:n=4,width=2,k=1", "dvts:n=4,width=2"}) {
    const Status status = without.start(strategy);
    EXPECT_EQ(status.code(), Errc::kUsage) << strategy;
    EXPECT_THAT(status.message(), HasSubstr("needs a learned verifier"));
  }
  for (const char* strategy : {"greedy", "majority:n=2", "revise:n=4,length=2"}) EXPECT_TRUE(without.run(strategy).status.ok());
  EXPECT_EQ(without.engine().open(), 0u) << "what is refused does not stay";
}

TEST(Verifiers, OfOutcomesGuideNoSearchByStep) {
  SearchBench::Settings settings = random_settings();
  settings.verifier.kind = "orm";
  SearchBench bench(settings);
  for (const char* strategy : {"beam:n=4,width=2", "lookahead:n=4,width=2,k=1", "dvts:n=4,width=2"}) {
    const Status status = bench.start(strategy);
    EXPECT_EQ(status.code(), Errc::kUsage) << strategy;
    EXPECT_THAT(status.message(), HasSubstr("verifier.kind = \"prm\""));
  }
  EXPECT_TRUE(bench.run("weighted:n=4").status.ok());
}

TEST(Verifiers, ThatServeNoMoreFailTheSearchThatWaits) {
  SearchBench bench(random_settings());
  ASSERT_TRUE(bench.start("best_of_n:n=4").ok());
  ASSERT_TRUE(bench.engine().set_weights(bench.weights(), {}).ok());
  EXPECT_THAT(bench.finish().at(1).status.message(), HasSubstr("no verifier serves"));
}

TEST(ScoredTokens, ArePromptsAndCompletionsOncePerPass) {
  for (const char* score : {"likelihood", "implicit_reward"}) {
    SearchBench::Settings settings = random_settings();
    settings.verifier.kind = "dpo";
    settings.verifier.score = score;
    SearchBench bench(settings);
    const SearchOutcome outcome = bench.run("best_of_n:n=4", 4096, bench.question("??", 24));
    EXPECT_EQ(outcome.tokens_scored, (outcome.tokens_spent + 4 * 2) * (score[0] == 'i' ? 2 : 1));
    EXPECT_EQ(outcome.tokens_scored, bench.verifier().tokens_scored());
  }
}

TEST(Questions, ThatCannotBeAnsweredAreRefused) {
  SearchBench bench(random_settings());
  EXPECT_EQ(bench.start("greedy", 0).code(), Errc::kUsage);
  EXPECT_THAT(bench.start("greedy", 9, bench.question(std::string(64, '?'))).message(), HasSubstr("has room for 63"));
  EXPECT_THAT(bench.start("auto").message(), HasSubstr("autodidact eval"));
  EXPECT_EQ(bench.engine().open(), 0u);
}

TEST(Questions, AtTheModelsEndAreCutThere) {
  SearchBench bench(random_settings());
  const SearchOutcome outcome = bench.run("majority:n=3", 4096, bench.question(std::string(62, '?'), 24));
  ASSERT_EQ(outcome.result.candidates.size(), 3u);
  for (const Candidate& candidate : outcome.result.candidates) {
    EXPECT_EQ(candidate.tokens.size(), 2u);
    EXPECT_EQ(candidate.finish, Finish::kLength);
    EXPECT_FALSE(candidate.whole);
    EXPECT_EQ(candidate.answer, "");
  }
}

TEST(Candidates, RecordTheTokensLogProbabilitiesAndVersionsOfAllTheirDraws) {
  SearchBench bench(random_settings());
  for (const char* strategy : {"majority:n=4", "beam:n=6,width=3"}) {
    for (const Candidate& candidate : bench.run(strategy).result.candidates) {
      EXPECT_TRUE(candidate.whole);
      EXPECT_EQ(candidate.tokens.back(), bench.tokenizer()->eos());
      EXPECT_EQ(candidate.logprobs.size(), candidate.tokens.size());
      EXPECT_EQ(candidate.versions.size(), candidate.tokens.size());
      EXPECT_EQ(candidate.text, bench.tokenizer()->decode(candidate.tokens));
    }
  }
}

}  // namespace
}  // namespace autodidact
