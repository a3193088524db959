#pragma once
// Searches over a scripted generator and a scripted verifier. Texts are letters; "," ends a step and "=" comes before the
// answer: "ab,c,=d". Owned by one test, called from its thread.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "methods/search/search_engine.hpp"
#include "model/tokenizer.hpp"
#include "tests/fakes/fake_decoder.hpp"

namespace autodidact::testing {

// The score of a text, as log-probability or as the log-odds behind a value, whatever the verifier's kind asks for.
using Opinion = std::function<double(const std::string& text)>;

class ScriptedScorer : public Scorer {
 public:
  ScriptedScorer(std::shared_ptr<const Tokenizer> tokenizer, Opinion opinion, std::shared_ptr<int> calls)
      : tokenizer_(std::move(tokenizer)), opinion_(std::move(opinion)), calls_(std::move(calls)) {}
  // All of it on the first token.
  Result<std::vector<std::vector<float>>> logprobs(const Weights&, std::span<const TrainExample> batch) override {
    std::vector<std::vector<float>> out;
    for (const TrainExample& example : batch) {
      out.emplace_back(example.tokens.size() - example.prompt_length, 0.0f);
      AD_ASSIGN_OR_RETURN(out.back().front(), of(example, example.tokens.size()));
    }
    ++*calls_;
    return out;
  }
  Result<std::vector<std::vector<float>>> values(const Weights&, std::span<const TrainExample> batch) override {
    std::vector<std::vector<float>> out;
    for (const TrainExample& example : batch) {
      auto& row = out.emplace_back();
      for (const ValueLabel& label : example.labels) {
        AD_ASSIGN_OR_RETURN(const float value, of(example, label.at + 1));
        row.push_back(value);
      }
    }
    ++*calls_;
    return out;
  }
  Result<std::vector<std::vector<RankedToken>>> ranked(const Weights&, std::span<const TrainExample>) override {
    return Status(Errc::kInternal, "no search asks for ranks");
  }

 private:
  Result<float> of(const TrainExample& example, std::size_t end) const {
    const auto text = tokenizer_->decode(std::span(example.tokens).first(end).subspan(example.prompt_length));
    if (text.find('!') != std::string::npos) return Status(Errc::kInternal, "the scripted verifier fails at \"!\"");
    return static_cast<float>(opinion_(text));
  }
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const Opinion opinion_;
  const std::shared_ptr<int> calls_;
};

class SearchBench {
 public:
  struct Settings {
    Oracle oracle;         // what comes after a text
    Opinion opinion = {};  // none: no verifier
    VerifierOptions verifier = {.kind = "prm"};
    std::int64_t batch = 8;
    std::int32_t tokens_per_step = 1;
    std::int64_t max_positions = 64;
  };
  explicit SearchBench(Settings settings) : settings_(std::move(settings)) {
    ModelConfig config;
    config.vocab_size = tokenizer_->vocab_size();
    config.hidden_size = config.head_dim = config.intermediate_size = 8;
    config.num_hidden_layers = config.num_attention_heads = config.num_key_value_heads = 1;
    config.max_position_embeddings = settings_.max_positions;
    weights_ = init_weights(config, 0.1, 1);
    FakeOptions fake{.tokenizer = tokenizer_};
    fake.oracle = [this](const std::string& text, std::uint64_t seed, VersionId version) {
      asked_.push_back(text);
      return settings_.oracle(text, seed, version);
    };
    fake.tokens_per_step = settings_.tokens_per_step;
    decoder_ = std::make_unique<FakeDecoder>(std::move(fake), settings_.batch, std::make_shared<FakeControls>());
    if (settings_.opinion)
      verifier_ = std::make_unique<LearnedVerifier>(
          settings_.verifier, std::make_unique<ScriptedScorer>(tokenizer_, settings_.opinion, verifier_calls_));
    engine_ = std::make_unique<SearchEngine>(*decoder_, verifier_.get());
    const VerifierWeights verifies = settings_.opinion ? VerifierWeights{weights_, weights_} : VerifierWeights{};
    EXPECT_TRUE(engine_->set_weights(weights_, verifies).ok());
  }

  std::shared_ptr<Question> question(const std::string& prompt = "?", std::int32_t max_tokens = 24,
                                     std::uint64_t seed = 1) const {
    auto question = std::make_shared<Question>();
    question->prompt = tokenizer_->encode(prompt).value();
    question->sampler.max_tokens = max_tokens;
    question->seed = seed;
    question->steps = std::make_shared<const StepBoundaries>(*tokenizer_, ",");
    question->text = [tokenizer = tokenizer_](std::span<const TokenId> tokens) { return tokenizer->decode(tokens); };
    question->answer = [](const std::string& text) {
      const auto at = text.rfind('=');
      return at == std::string::npos ? std::string() : text.substr(at + 1);
    };
    question->eos = tokenizer_->eos();
    question->max_positions = settings_.max_positions;
    return question;
  }

  Status start(const std::string& strategy, std::uint64_t budget = 4096, std::shared_ptr<const Question> asked = {},
               std::uint64_t tag = 1) {
    const auto parsed = parse_strategy(strategy);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    return engine_->start({tag, asked ? asked : question(), *parsed, budget});
  }
  // All open searches, to their ends.
  std::map<std::uint64_t, SearchOutcome> finish() {
    std::map<std::uint64_t, SearchOutcome> outcomes;
    std::vector<SearchOutcome> ended;
    for (int step = 0; engine_->step(ended) > 0; ++step) {
      EXPECT_LT(step, 100000) << "the searches do not end";
      if (step == 100000) break;
    }
    for (SearchOutcome& outcome : ended) outcomes.emplace(outcome.tag, std::move(outcome));
    return outcomes;
  }
  SearchOutcome run(const std::string& strategy, std::uint64_t budget = 4096, std::shared_ptr<const Question> asked = {}) {
    const Status started = start(strategy, budget, std::move(asked));
    EXPECT_TRUE(started.ok()) << started.message();
    return finish().at(1);
  }

  const WeightsPtr& weights() const { return weights_; }
  SearchEngine& engine() { return *engine_; }
  FakeDecoder& decoder() { return *decoder_; }
  const LearnedVerifier& verifier() const { return *verifier_; }
  int verifier_calls() const { return *verifier_calls_; }
  // The texts that the generator went on from, in order.
  const std::vector<std::string>& asked() const { return asked_; }
  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }

 private:
  const Settings settings_;
  const std::shared_ptr<const Tokenizer> tokenizer_ = make_char_tokenizer("?abcdefghijklmnopqrstuvwxyz,=!.0123456789").value();
  const std::shared_ptr<int> verifier_calls_ = std::make_shared<int>(0);
  WeightsPtr weights_;
  std::vector<std::string> asked_;
  std::unique_ptr<FakeDecoder> decoder_;
  std::unique_ptr<LearnedVerifier> verifier_;
  std::unique_ptr<SearchEngine> engine_;
};

// The chosen candidate's answer; "" when there is none.
inline std::string answer_of(const SearchOutcome& outcome) {
  const SearchResult& result = outcome.result;
  return result.candidates.empty() ? "" : result.candidates[result.chosen].answer;
}

// A generator of steps of one to three letters of "abcd", an answer of "uvw" behind two to five of them; a function of text and
// seed.
inline std::string random_continuation(const std::string& text, std::uint64_t seed, VersionId) {
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ull + std::hash<std::string>{}(text);
  const auto next = [&](std::uint64_t bound) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % bound;
  };
  std::string more;
  const auto begun = text.substr(text.rfind('?') + 1);
  for (std::uint64_t steps = std::uint64_t(std::count(begun.begin(), begun.end(), ','));
       steps < 2 || (steps < 5 && next(3) > 0); ++steps) {
    for (std::uint64_t letters = 1 + next(3); letters > 0; --letters) more += static_cast<char>('a' + next(4));
    more += ',';
  }
  return more + "=" + static_cast<char>('u' + next(3));
}

}  // namespace autodidact::testing
