// Strategy `auto` on a scripted decoder and verifier: "1?" is always answered 7, which is right; "2?" is answered 7 one time in
// four, else 3. The verifier believes in sevens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "methods/search/search_engine.hpp"
#include "tests/fakes/fake_decoder.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAlphabet = "0123456789?\n ";

std::string scripted(const std::string& prompt, std::uint64_t seed, VersionId) {
  const bool right = prompt == "1?" || seed / 7 % 4 == 1;
  return std::string(prompt == "1?" ? 3 : 5, ' ') + (right ? "7" : "3");
}

// Log-odds 3 for an attempt that ends in 7 and the stop token, -3 for others.
class SevenScorer : public Scorer {
 public:
  explicit SevenScorer(TokenId seven) : seven_(seven) {}
  Result<std::vector<std::vector<float>>> logprobs(const Weights&, std::span<const TrainExample>) override {
    return Status(Errc::kInternal, "not asked for");
  }
  Result<std::vector<std::vector<RankedToken>>> ranked(const Weights&, std::span<const TrainExample>) override {
    return Status(Errc::kInternal, "no search asks for ranks");
  }
  Result<std::vector<std::vector<float>>> values(const Weights&, std::span<const TrainExample> batch) override {
    std::vector<std::vector<float>> out;
    for (const TrainExample& example : batch)
      out.emplace_back(example.labels.size(), example.tokens[example.tokens.size() - 2] == seven_ ? 3.0f : -3.0f);
    return out;
  }

 private:
  const TokenId seven_;
};

class AutoSearch : public ::testing::Test {
 protected:
  AutoSearch() {
    tokenizer_ = make_char_tokenizer(kAlphabet).value();
    FakeOptions fake;
    fake.tokenizer = tokenizer_;
    fake.oracle = scripted;
    fake.tokens_per_step = 2;
    decoder_ = std::make_unique<FakeDecoder>(fake, 8, std::make_shared<FakeControls>());
    VerifierOptions options;
    options.kind = "orm";
    verifier_ = std::make_unique<LearnedVerifier>(options, std::make_unique<SevenScorer>(tokenizer_->encode("7").value()[0]));
  }

  static WeightsPtr weights(VersionId version) {
    auto made = std::make_shared<Weights>();
    made->version = version;
    made->config.vocab_size = 16;
    made->config.max_position_embeddings = 64;
    return made;
  }

  std::unique_ptr<SearchEngine> engine(bool verifies = true) {
    auto made = std::make_unique<SearchEngine>(*decoder_, verifies ? verifier_.get() : nullptr);
    EXPECT_TRUE(made->set_weights(weights(5), {verifies ? weights(3) : nullptr, nullptr}).ok());
    return made;
  }

  std::shared_ptr<const Question> question(const std::string& prompt, std::uint64_t seed) const {
    auto made = std::make_shared<Question>();
    made->prompt = tokenizer_->encode(prompt).value();
    made->sampler.max_tokens = 10;
    made->seed = seed;
    made->text = [tokenizer = tokenizer_](std::span<const TokenId> tokens) { return tokenizer->decode(tokens); };
    made->answer = [](const std::string& text) { return text.substr(text.find_last_of(' ') + 1); };
    made->eos = tokenizer_->eos();
    made->max_positions = 64;
    return made;
  }

  static StrategyTable table(const std::string& easy, const std::string& hard) {
    StrategyTable made;
    made.generator = 5;
    made.verifier = 3;
    made.measure = DifficultyMeasure::kProbability;
    made.edges = {0.2};
    made.rows = {{1, {parse_strategy(easy).value(), parse_strategy(hard).value()}, 0, 0}};
    return made;
  }

  static SearchRequest request(std::shared_ptr<const Question> question, const std::string& strategy, std::uint64_t budget,
                               std::optional<StrategyTable> table = {}) {
    SearchRequest made;
    made.question = std::move(question);
    made.strategy = parse_strategy(strategy).value();
    made.budget_tokens = budget;
    if (table) made.table = std::make_shared<const StrategyTable>(*std::move(table));
    return made;
  }

  // Alone on the engine.
  static SearchOutcome outcome(SearchEngine& engine, SearchRequest request) {
    const Status started = engine.start(std::move(request));
    EXPECT_TRUE(started.ok()) << started.message();
    std::vector<SearchOutcome> ended;
    for (int step = 0; step < 10000 && ended.empty(); ++step) engine.step(ended);
    EXPECT_EQ(ended.size(), 1u);
    EXPECT_TRUE(ended.at(0).status.ok()) << ended.at(0).status.message();
    return std::move(ended.at(0));
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<FakeDecoder> decoder_;
  std::unique_ptr<LearnedVerifier> verifier_;
};

std::vector<std::string> texts(const SearchOutcome& outcome) {
  std::vector<std::string> all;
  for (const Candidate& candidate : outcome.result.candidates) all.push_back(candidate.text);
  return all;
}

TEST_F(AutoSearch, GivesEasyAndHardQuestionsTheStrategiesOfTheirBins) {
  const auto searches = engine();
  const StrategyTable both = table("majority:n=4", "best_of_n:n=32");
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const SearchOutcome easy = outcome(*searches, request(question("1?", seed), "auto", 1000, both));
    EXPECT_EQ(easy.result.strategy, "auto -> majority:n=4");
    EXPECT_EQ(easy.result.candidates.size(), 4u);
    EXPECT_EQ(easy.tokens_spent, 4u * 5) << "the four probes were all it needed";
    ASSERT_TRUE(easy.result.probing);
    EXPECT_NEAR(easy.result.probing->difficulty, 1 - 1 / (1 + std::exp(-3.0)), 1e-5);
    EXPECT_EQ(easy.result.probing->tokens, 20u);

    const SearchOutcome hard = outcome(*searches, request(question("2?", seed), "auto", 1000, both));
    EXPECT_EQ(hard.result.strategy, "auto -> best_of_n:n=32");
    EXPECT_EQ(hard.result.candidates.size(), 32u);
    EXPECT_EQ(hard.tokens_spent, 32u * 7);
    EXPECT_EQ(hard.result.candidates[hard.result.chosen].answer, "7");
    EXPECT_EQ(hard.result.probing->tokens, 28u);
  }
}

TEST_F(AutoSearch, ThatSamplesIsTheChosenStrategyWithAGreedyFirstSampleAndPaysForNothingTwice) {
  const auto searches = engine();
  const SearchOutcome greedy = outcome(*searches, request(question("2?", 0), "greedy", 1000));
  for (const std::string name : {"majority:n=8", "best_of_n:n=8", "weighted:n=8", "weighted:n=4", "weighted:n=16,early_stop"}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const SearchOutcome plain = outcome(*searches, request(question("2?", seed), name, 1000));
      const SearchOutcome chosen = outcome(*searches, request(question("2?", seed), "auto", 1000, table(name, name)));
      auto drawn = texts(chosen), alone = texts(plain);
      EXPECT_EQ(drawn.at(0), texts(greedy).at(0)) << name;
      if (plain.result.candidates.size() == chosen.result.candidates.size())  // else it stopped early for another first vote
        EXPECT_EQ(std::vector(drawn.begin() + 1, drawn.end()), std::vector(alone.begin() + 1, alone.end())) << name;
      EXPECT_EQ(chosen.tokens_spent, 7 * chosen.result.candidates.size()) << name;
      const std::uint64_t probes_scored = name == "majority:n=8" ? 4 * (2 + 7) : 0;  // by auto alone
      EXPECT_EQ(chosen.tokens_scored, name == "majority:n=8" ? probes_scored : chosen.result.candidates.size() * (2 + 7))
          << name;
    }
  }
}

TEST_F(AutoSearch, RevisesItsProbes) {
  const auto searches = engine();
  const auto chosen =
      outcome(*searches, request(question("2?", 1), "auto", 1000, table("revise:n=8,length=2", "revise:n=8,length=2")));
  EXPECT_EQ(chosen.tokens_spent, 8u * 7) << "four chains of two, and the probes are the first of each";
}

TEST_F(AutoSearch, AnswersEasyQuestionsWithItsFirstProbe) {
  const auto searches = engine();
  StrategyTable one = table("greedy", "best_of_n:n=16");
  one.probes = 1;
  const auto easy = outcome(*searches, request(question("1?", 1), "auto", 1000, one));
  EXPECT_EQ(easy.result.candidates.size(), 1u);
  EXPECT_EQ(easy.tokens_spent, 5u);
  const auto hard = outcome(*searches, request(question("2?", 1), "auto", 1000, one));
  EXPECT_EQ(hard.result.candidates.size(), 16u);
  EXPECT_EQ(hard.tokens_spent, 16u * 7) << "the probe is one of them";
}

TEST_F(AutoSearch, HonoursItsBudgetToTheToken) {
  const auto searches = engine();
  for (const std::string name :
       {"greedy", "majority:n=16", "weighted:n=16,early_stop", "best_of_n:n=16", "revise:n=8,length=4"}) {
    for (std::uint64_t budget = 1; budget < 130; budget += 3) {
      const std::uint64_t before = decoder_->stats().tokens;
      const SearchOutcome spent = outcome(*searches, request(question("2?", budget), "auto", budget, table(name, name)));
      EXPECT_LE(spent.tokens_spent, budget) << name;
      EXPECT_EQ(decoder_->stats().tokens - before, spent.tokens_spent) << name << ": what it reports is what was generated";
      EXPECT_LE(spent.result.probing->tokens, spent.tokens_spent);
    }
  }
}

TEST_F(AutoSearch, AnswersWithItsProbesWhenTheyLeaveNothingForTheStrategy) {
  VerifierOptions options;
  options.kind = "prm";
  LearnedVerifier steps(options, std::make_unique<SevenScorer>(tokenizer_->encode("7").value()[0]));
  SearchEngine searches(*decoder_, &steps);
  ASSERT_TRUE(searches.set_weights(weights(5), {weights(3), nullptr}).ok());
  auto asked = std::make_shared<Question>(*question("1?", 1));
  asked->steps = std::make_shared<const StepBoundaries>(*tokenizer_, "\n");
  const SearchOutcome broke = outcome(searches, request(asked, "auto", 20, table("beam:n=4,width=2", "beam:n=4,width=2")));
  ASSERT_FALSE(broke.result.candidates.empty());
  EXPECT_EQ(broke.result.candidates[broke.result.chosen].answer, "7");
  EXPECT_EQ(broke.result.candidates.size(), 4u);
  EXPECT_EQ(broke.tokens_spent, 20u);
}

TEST_F(AutoSearch, GoesByAgreementWithoutAVerifier) {
  const auto searches = engine(/*verifies=*/false);
  StrategyTable agreement = table("majority:n=4", "majority:n=32");
  agreement.verifier = 0;
  agreement.measure = DifficultyMeasure::kAgreement;
  const SearchOutcome easy = outcome(*searches, request(question("1?", 1), "auto", 1000, agreement));
  EXPECT_EQ(easy.result.probing->difficulty, 0);
  EXPECT_EQ(easy.result.strategy, "auto -> majority:n=4");
  EXPECT_EQ(easy.tokens_scored, 0u);
}

TEST_F(AutoSearch, ManyAtOnceAnswerAsEachAlone) {
  const auto searches = engine();
  const StrategyTable both = table("majority:n=4", "weighted:n=16");
  std::vector<SearchOutcome> alone, together(12);
  for (std::uint64_t i = 0; i < 12; ++i)
    alone.push_back(outcome(*searches, request(question(i % 2 == 0 ? "1?" : "2?", i), "auto", 200, both)));
  for (std::uint64_t i = 0; i < 12; ++i) {
    SearchRequest one = request(question(i % 2 == 0 ? "1?" : "2?", i), "auto", 200, both);
    one.tag = i;
    ASSERT_TRUE(searches->start(std::move(one)).ok());
  }
  std::vector<SearchOutcome> ended;
  for (int step = 0; step < 10000 && searches->open() > 0; ++step) searches->step(ended);
  ASSERT_EQ(ended.size(), 12u);
  for (SearchOutcome& one : ended) together[one.tag] = std::move(one);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(texts(together[i]), texts(alone[i]));
    EXPECT_EQ(together[i].result.strategy, alone[i].result.strategy);
    EXPECT_EQ(together[i].tokens_spent, alone[i].tokens_spent);
  }
}

TEST_F(AutoSearch, WithoutItsTableSaysHowToFitOne) {
  const auto searches = engine();
  const Status none = searches->start(request(question("1?", 1), "auto", 100));
  EXPECT_EQ(none.code(), Errc::kUsage);
  EXPECT_THAT(none.message(), HasSubstr("autodidact eval --fit-auto"));
  EXPECT_EQ(searches->open(), 0u);
}

TEST_F(AutoSearch, RefusesATableThatWasFittedForOtherWeights) {
  const auto searches = engine();
  StrategyTable other = table("greedy", "greedy");
  other.generator = 4;
  Status refused = searches->start(request(question("1?", 1), "auto", 100, other));
  EXPECT_EQ(refused.code(), Errc::kUsage);
  EXPECT_THAT(refused.message(), HasSubstr("version 4 and verifier 3, and 5 and 3 serve"));
  other.generator = 5;
  other.verifier = 2;
  refused = searches->start(request(question("1?", 1), "auto", 100, other));
  EXPECT_THAT(refused.message(), HasSubstr("verifier 2"));
  EXPECT_EQ(engine(/*verifies=*/false)->start(request(question("1?", 1), "auto", 100, table("greedy", "greedy"))).code(),
            Errc::kUsage);
}

TEST_F(AutoSearch, RefusesATableOfStrategiesThatTheVerifierCannotScore) {
  const auto searches = engine();
  const Status refused = searches->start(request(question("1?", 1), "auto", 100, table("greedy", "beam:n=4,width=2")));
  EXPECT_EQ(refused.code(), Errc::kUsage);
  EXPECT_THAT(refused.message(), HasSubstr("process verifier"));
}

}  // namespace
}  // namespace autodidact
