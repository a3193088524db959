#include "methods/steps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "methods/step_labels.hpp"
#include "tests/fakes/fake_decoder.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::shared_ptr<const Tokenizer> kTokenizer = make_char_tokenizer("?abcdefghijklmnopqrstuvwxyz,=0123456789").value();

std::vector<TokenId> tokens(const std::string& text, bool ends = false) {
  auto tokens = kTokenizer->encode(text).value();
  if (ends) tokens.push_back(kTokenizer->eos());
  return tokens;
}

TEST(StepBoundaries, AreAtTheSeparatorsAndAtTheEnd) {
  const StepBoundaries steps(*kTokenizer, ",");
  EXPECT_THAT(steps.ends(tokens("ab,c,d")), ElementsAre(2, 4, 5));
  EXPECT_THAT(steps.ends(tokens("ab,c,d", true)), ElementsAre(2, 4, 6));
  EXPECT_THAT(steps.ends(tokens("ab")), ElementsAre(1));
  EXPECT_THAT(steps.ends(tokens("ab,")), ElementsAre(2));
  EXPECT_THAT(steps.ends({}), IsEmpty());
}

TEST(StepBoundaries, OfSeveralSeparatorsTheLastEndsTheStep) {
  const StepBoundaries steps(*kTokenizer, ",");
  EXPECT_THAT(steps.ends(tokens("a,,,b")), ElementsAre(3, 4));
  EXPECT_THAT(steps.ends(tokens(",,a")), ElementsAre(1, 2));
  EXPECT_THAT(steps.ends(tokens(",,,")), ElementsAre(2));
}

TEST(StepBoundaries, AreNoneWithoutASeparatorInTheAlphabet) {
  const StepBoundaries steps(*kTokenizer, "\n");
  EXPECT_THAT(steps.ends(tokens("a,b", true)), ElementsAre(3));
  EXPECT_FALSE(steps.ends_step(-1));
  EXPECT_FALSE(steps.ends_step(1000000));
  EXPECT_FALSE(steps.ends_step(kTokenizer->eos()));
}

// ---- labels

class StepLabels : public ::testing::Test {
 protected:
  StepLabels() {
    ModelConfig config;
    config.vocab_size = kTokenizer->vocab_size();
    config.hidden_size = config.head_dim = config.intermediate_size = 8;
    config.num_hidden_layers = config.num_attention_heads = config.num_key_value_heads = 1;
    config.max_position_embeddings = 64;
    weights_ = init_weights(config, 0.1, 1);
    problem_.id = 5;
    settings_.rollouts = 8;
    settings_.sampler.max_tokens = 16;
    settings_.max_positions = 64;
    settings_.before_step = [] { return true; };
    settings_.judge = [](const Problem&, std::span<const TokenId> completion) {
      return kTokenizer->decode(completion).ends_with("=1");
    };
  }
  // Of every beginning, the i-th rollout is right when i is below rights[beginning].
  StepLabeler labeler(std::map<std::string, int> rights, const std::string& right = "=1", const std::string& wrong = "=2") {
    FakeOptions options{.tokenizer = kTokenizer};
    options.oracle = [this, rights, right, wrong](const std::string& text, std::uint64_t, VersionId) {
      return asked_[text]++ < rights.at(text) ? right : wrong;
    };
    auto decoder = std::make_unique<FakeDecoder>(options, 5, std::make_shared<FakeControls>());
    EXPECT_TRUE(decoder->set_weights(weights_).ok());
    return StepLabeler(std::move(decoder), settings_);
  }
  LabelCall call(const std::string& completion, bool correct, const Problem* problem = nullptr) const {
    LabelCall call{problem ? problem : &problem_, tokens("q?"), tokens(completion, true), {}, correct};
    call.step_ends = StepBoundaries(*kTokenizer, ",").ends(call.completion);
    return call;
  }

  WeightsPtr weights_;
  Problem problem_;
  StepLabeler::Settings settings_;
  std::map<std::string, int> asked_;
};

TEST_F(StepLabels, AreTheShareOfRightRolloutsAndTheOutcomeAtTheEnd) {
  auto labeler = this->labeler({{"q?a,", 8}, {"q?a,b,", 3}, {"q?a,b,c,", 0}});
  const LabelCall calls[] = {call("a,b,c,=2", false)};
  const auto labels = labeler.label(calls);
  ASSERT_TRUE(labels.ok()) << labels.status().message();
  EXPECT_THAT(*labels, ElementsAre(ElementsAre(1.0f, 3.0f / 8, 0.0f, 0.0f)));
  EXPECT_EQ(labeler.tokens(), 3u * 8 * 3) << "a rollout is \"=1\" and the end of text";
}

TEST_F(StepLabels, OfBeginningsThatAreAlikeAreRolledOutOnceForEachProblem) {
  auto labeler = this->labeler({{"q?a,", 2}, {"q?a,b,", 4}, {"q?a,c,", 6}});
  Problem other;
  other.id = 6;
  const LabelCall calls[] = {call("a,b,=1", true), call("a,c,=2", false), call("a,b,=1", true)};
  const auto labels = labeler.label(calls).value();
  EXPECT_EQ(labels[0], (std::vector<float>{0.25f, 0.5f, 1.0f}));
  EXPECT_EQ(labels[1], (std::vector<float>{0.25f, 0.75f, 0.0f}));
  EXPECT_EQ(labels[2], labels[0]);
  EXPECT_EQ(asked_, (std::map<std::string, int>{{"q?a,", 8}, {"q?a,b,", 8}, {"q?a,c,", 8}}));
  const LabelCall both[] = {call("a,b,=1", true), call("a,b,=1", true, &other)};
  EXPECT_TRUE(labeler.label(both).ok());
  EXPECT_EQ(asked_["q?a,"], 8 + 16);
}

TEST_F(StepLabels, OfOneStepAreTheOutcomeWithoutAnyRollout) {
  auto labeler = this->labeler({});
  const LabelCall calls[] = {call("=1", true), call("abc", false)};
  EXPECT_THAT(labeler.label(calls).value(), ElementsAre(ElementsAre(1.0f), ElementsAre(0.0f)));
  EXPECT_EQ(labeler.tokens(), 0u);
}

TEST_F(StepLabels, CountARolloutThatWasCutAsWrong) {
  settings_.sampler.max_tokens = 8;
  auto labeler = this->labeler({{"q?a,", 8}, {"q?a,b,", 8}}, "cccc=1");  // with the end of text 7 tokens: too many behind "a,"
  const LabelCall calls[] = {call("a,b,=1", true)};
  EXPECT_THAT(labeler.label(calls).value()[0], ElementsAre(0.0f, 0.0f, 1.0f));
}

TEST_F(StepLabels, AreZeroWhereNothingMoreFits) {
  settings_.sampler.max_tokens = 4;
  auto labeler = this->labeler({{"q?a,", 8}});
  const LabelCall calls[] = {call("a,b,=1", true)};
  EXPECT_THAT(labeler.label(calls).value()[0], ElementsAre(0.0f, 0.0f, 1.0f)) << "two tokens are left for three, then none";
  settings_.sampler.max_tokens = 40;
  settings_.max_positions = 7;
  asked_.clear();
  auto short_model = this->labeler({{"q?a,", 8}, {"q?a,b,", 8}});
  EXPECT_THAT(short_model.label(calls).value()[0], ElementsAre(1.0f, 0.0f, 1.0f)) << "three positions left, then one";
}

TEST_F(StepLabels, DrawTheSameForTheSameSeed) {
  std::set<std::uint64_t> seeds, again;
  for (auto* to : {&seeds, &again}) {
    FakeOptions options{.tokenizer = kTokenizer};
    options.oracle = [to](const std::string&, std::uint64_t seed, VersionId) {
      to->insert(seed);
      return std::string("=1");
    };
    auto decoder = std::make_unique<FakeDecoder>(options, 5, std::make_shared<FakeControls>());
    ASSERT_TRUE(decoder->set_weights(weights_).ok());
    const LabelCall calls[] = {call("a,b,=1", true)};
    ASSERT_TRUE(StepLabeler(std::move(decoder), settings_).label(calls).ok());
  }
  EXPECT_EQ(seeds, again);
  EXPECT_EQ(seeds.size(), 16u) << "every rollout has its own";
}

TEST_F(StepLabels, EndWhenTheDeviceIsTakenAway) {
  int left = 1;
  settings_.before_step = [&left] { return left-- > 0; };
  auto labeler = this->labeler({{"q?a,", 8}});
  const LabelCall calls[] = {call("a,=1", true)};
  EXPECT_EQ(labeler.label(calls).status().code(), Errc::kTemporary);
}

TEST_F(StepLabels, OfAFailingDecoderAreAnError) {
  auto labeler = this->labeler({{"q?a,", 8}}, "\n");
  const LabelCall calls[] = {call("a,=1", true)};
  EXPECT_FALSE(labeler.label(calls).ok());
}

}  // namespace
}  // namespace autodidact
