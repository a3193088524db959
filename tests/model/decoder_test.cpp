// The sampling engine: that its numbers are the trainer's, that requests do not touch each other, that bad ones fail alone.

#include "model/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/gradient_engine.hpp"
#include "tests/model/decoder_fixtures.hpp"

namespace autodidact {
namespace {

using testing::decoder_with;
using testing::expect_same;
using testing::mixed_requests;
using testing::request;
using testing::run;
using testing::Shape;

class DecoderTest : public ::testing::TestWithParam<Shape> {
 protected:
  const ModelConfig config_ = testing::config_of(GetParam());
  const WeightsPtr weights_ = with_version(testing::random_weights(config_), 5);
};

// Stronger than the 1e-5 that is promised: the same kernels in the same order give the same bits.
TEST_P(DecoderTest, LogProbabilitiesAreTheTrainersBitForBit) {
  const auto requests = mixed_requests(config_, 40);
  const auto results = run(*decoder_with(weights_, 16), requests);
  std::vector<TrainExample> sampled;
  for (const DecodeRequest& r : requests) {
    const DecodeResult& result = results.at(r.tag);
    ASSERT_TRUE(result.status.ok()) << result.status.message();
    sampled.push_back({r.prompt, static_cast<std::uint32_t>(r.prompt.size()), 1});
    sampled.back().tokens.insert(sampled.back().tokens.end(), result.tokens.begin(), result.tokens.end());
  }
  std::vector<PlacedExample> placed;
  for (const TrainExample& example : sampled) placed.push_back({&example, 0});
  std::vector<std::vector<float>> scored;
  ASSERT_TRUE(make_fused_engine(config_, {1})->logprobs(*weights_, placed, scored).ok());
  for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(results.at(requests[i].tag).logprobs, scored[i]) << i;
}

TEST_P(DecoderTest, ARequestMayEndItself) {
  DecodeRequest whole = request(config_, 4, 1, 20), cut = whole;
  const DecodeResult all = run(*decoder_with(weights_, 1), {whole}).at(4);
  ASSERT_GT(all.tokens.size(), 3u);
  cut.ends = std::make_shared<const EndOfText>([](std::span<const TokenId> tokens) { return tokens.size() == 3; });
  const DecodeResult three = run(*decoder_with(weights_, 1), {cut}).at(4);
  EXPECT_EQ(three.tokens, std::vector<TokenId>(all.tokens.begin(), all.tokens.begin() + 3));
  EXPECT_EQ(three.finish, Finish::kStop);
}

TEST_P(DecoderTest, GreedyTakesTheTokenThatTheTrainerFindsLikeliest) {
  DecodeRequest r = request(config_, 4, 0, 8);
  const DecodeResult result = run(*decoder_with(weights_, 1), {r}).at(4);
  const auto engine = make_fused_engine(config_, {1});
  std::vector<TokenId> so_far = r.prompt;
  for (TokenId chosen : result.tokens) {
    std::vector<TrainExample> choices;
    for (TokenId token = 0; token < config_.vocab_size; ++token) {
      choices.push_back({so_far, static_cast<std::uint32_t>(so_far.size()), 1});
      choices.back().tokens.push_back(token);
    }
    std::vector<PlacedExample> placed;
    for (const TrainExample& choice : choices) placed.push_back({&choice, 0});
    std::vector<std::vector<float>> scored;
    ASSERT_TRUE(engine->logprobs(*weights_, placed, scored).ok());
    for (TokenId token = 0; token < config_.vocab_size; ++token) {
      EXPECT_TRUE(token == config_.pad_token_id || scored[token][0] <= scored[chosen][0]) << token;
    }
    so_far.push_back(chosen);
  }
}

TEST_P(DecoderTest, ARequestIsTheSameAloneAndInACrowd) {
  const auto requests = mixed_requests(config_, 50);
  const auto crowd = run(*decoder_with(weights_, 50), requests);
  const auto few = run(*decoder_with(weights_, 7), requests);  // joins and leaves all the time
  const auto alone = decoder_with(weights_, 3);
  for (const DecodeRequest& r : requests) {
    const DecodeResult single = run(*alone, {r}).at(r.tag);
    expect_same(single, crowd.at(r.tag));
    expect_same(single, few.at(r.tag));
  }
}

TEST_P(DecoderTest, SharingAPromptChangesNothing) {
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 12; ++tag) {
    requests.push_back(request(config_, tag));
    requests.back().prompt = testing::random_tokens(config_, 33, tag / 5);  // groups of up to five
  }
  const auto decoder = decoder_with(weights_, 12);
  const auto together = run(*decoder, requests);
  EXPECT_EQ(decoder->stats().prompt_tokens, 3u * 33u) << "each distinct prompt once";
  const auto alone = decoder_with(weights_, 1);
  for (const DecodeRequest& r : requests) expect_same(run(*alone, {r}).at(r.tag), together.at(r.tag));
}

// Too short to fill a page, more of them than slots, some that end with their first token.
TEST_P(DecoderTest, ManySamplesOfAShortPromptComputeItOnceForEachFillOfTheSlots) {
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 16; ++tag) {
    requests.push_back(request(config_, tag, tag, tag % 3 == 0 ? 1 : 6));
    requests.back().prompt = testing::random_tokens(config_, 5, 1);
  }
  const auto decoder = decoder_with(weights_, 16);
  const auto together = run(*decoder, requests);
  EXPECT_EQ(decoder->stats().prompt_tokens, 5u);
  const auto narrow = decoder_with(weights_, 3), alone = decoder_with(weights_, 1);
  const auto in_turn = run(*narrow, requests);
  for (const DecodeRequest& r : requests) {
    expect_same(run(*alone, {r}).at(r.tag), together.at(r.tag));
    expect_same(in_turn.at(r.tag), together.at(r.tag));
  }
}

TEST_P(DecoderTest, SharingABeginningChangesNothing) {
  const std::vector<TokenId> beginning = testing::random_tokens(config_, 40, 1);
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 9; ++tag) {
    requests.push_back(request(config_, tag));
    auto own = testing::random_tokens(config_, static_cast<std::int64_t>(tag), tag);
    own[0] = static_cast<TokenId>(tag);
    requests.back().prompt = beginning;
    requests.back().prompt.insert(requests.back().prompt.end(), own.begin(), own.end());
  }
  const auto decoder = decoder_with(weights_, 4);  // slots are taken over while others still read the same beginning
  const auto together = run(*decoder, requests);
  EXPECT_EQ(decoder->stats().prompt_tokens, 40u + 9u * 10u / 2u) << "the beginning once, and what each adds";
  for (const DecodeRequest& r : requests) expect_same(run(*decoder_with(weights_, 1), {r}).at(r.tag), together.at(r.tag));
}

TEST_P(DecoderTest, WhatContinuesIsNotComputedAgain) {
  DecodeRequest first = request(config_, 1, 1, 30);
  first.continues = true;
  const auto decoder = decoder_with(weights_, 4);
  const DecodeResult before = run(*decoder, {first}).at(1);
  DecodeRequest second = request(config_, 2, 1, 20);
  second.prompt = first.prompt;
  second.prompt.insert(second.prompt.end(), before.tokens.begin(), before.tokens.end());
  second.prompt.push_back(3);
  const auto computed = decoder->stats().prompt_tokens;
  const DecodeResult after = run(*decoder, {second}).at(2);
  EXPECT_EQ(decoder->stats().prompt_tokens - computed, 2u) << "the last token drawn and the one behind it";
  expect_same(after, run(*decoder_with(weights_, 1), {second}).at(2));
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecoderTest, ::testing::ValuesIn(testing::shapes()),
                         [](const auto& info) { return info.param.name; });

class DecoderBehaviour : public ::testing::Test {
 protected:
  const ModelConfig config_ = testing::config_of({"Behaviour"});
  const WeightsPtr weights_ = with_version(testing::random_weights(config_), 5);
};

TEST_F(DecoderBehaviour, SeedsDecideTheTokens) {
  DecodeRequest a = request(config_, 1), b = a, c = a;
  b.tag = 2, c.tag = 3, c.seed = 77;
  const auto results = run(*decoder_with(weights_, 4), {a, b, c});
  EXPECT_EQ(results.at(1).tokens, results.at(2).tokens);
  EXPECT_NE(results.at(1).tokens, results.at(3).tokens);
}

TEST_F(DecoderBehaviour, StopsAtTheStopTokenOrAtTheLimit) {
  const auto results = run(*decoder_with(weights_, 16), mixed_requests(config_, 60));
  std::map<Finish, int> seen;
  const auto requests = mixed_requests(config_, 60);
  for (const DecodeRequest& r : requests) {
    const DecodeResult& result = results.at(r.tag);
    ++seen[result.finish];
    const auto stop = std::find(result.tokens.begin(), result.tokens.end(), config_.eos_token_id);
    if (result.finish == Finish::kStop) {
      EXPECT_EQ(stop, result.tokens.end() - 1);
    } else {
      EXPECT_EQ(stop, result.tokens.end());
      EXPECT_EQ(result.tokens.size(), static_cast<std::size_t>(r.sampler.max_tokens));
    }
    EXPECT_EQ(result.logprobs.size(), result.tokens.size());
    EXPECT_EQ(result.versions, std::vector<VersionId>(result.tokens.size(), 5));
    EXPECT_THAT(result.tokens, ::testing::Each(::testing::Ne(config_.pad_token_id)));
  }
  EXPECT_GT(seen[Finish::kStop], 0);
  EXPECT_GT(seen[Finish::kLength], 0);
}

TEST_F(DecoderBehaviour, ManySamplesOfOnePromptFollowTheModel) {
  const std::vector<TokenId> prompt = testing::random_tokens(config_, 5, 1);
  std::vector<TrainExample> choices;
  for (TokenId token = 0; token < config_.vocab_size; ++token) {
    choices.push_back({prompt, static_cast<std::uint32_t>(prompt.size()), 1});
    choices.back().tokens.push_back(token);
  }
  std::vector<PlacedExample> placed;
  for (const TrainExample& choice : choices) placed.push_back({&choice, 0});
  std::vector<std::vector<float>> scored;
  ASSERT_TRUE(make_fused_engine(config_, {1})->logprobs(*weights_, placed, scored).ok());
  std::vector<DecodeRequest> requests;
  const std::uint64_t draws = 20000;
  for (std::uint64_t tag = 0; tag < draws; ++tag) {
    requests.push_back({tag, prompt, {}, tag});
    requests.back().sampler.max_tokens = 1;
  }
  std::vector<double> seen(static_cast<std::size_t>(config_.vocab_size));
  for (const auto& [tag, result] : run(*decoder_with(weights_, 256), requests))
    ++seen[static_cast<std::size_t>(result.tokens[0])];
  double chi = 0;
  const double allowed = 1 - std::exp(scored[static_cast<std::size_t>(config_.pad_token_id)][0]);
  for (TokenId token = 1; token < config_.vocab_size; ++token) {
    const double want = static_cast<double>(draws) * std::exp(scored[static_cast<std::size_t>(token)][0]) / allowed;
    chi += (seen[static_cast<std::size_t>(token)] - want) * (seen[static_cast<std::size_t>(token)] - want) / want;
  }
  EXPECT_LT(chi, 46.8);  // 21 degrees of freedom: exceeded by chance once in 1,000; the draws are fixed
}

TEST_F(DecoderBehaviour, BadRequestsFailAloneAndSayWhy) {
  const DecodeRequest good = request(config_, 1);
  std::vector<DecodeRequest> requests = {good};
  const auto bad = [&](std::uint64_t tag, auto change) {
    DecodeRequest r = request(config_, tag);
    change(r);
    requests.push_back(std::move(r));
  };
  bad(2, [](auto& r) { r.prompt.clear(); });
  bad(3, [](auto& r) { r.prompt[0] = -1; });
  bad(4, [&](auto& r) { r.prompt.back() = static_cast<TokenId>(config_.vocab_size); });
  bad(5, [](auto& r) { r.sampler.max_tokens = 0; });
  bad(6, [](auto& r) { r.sampler.max_tokens = 96; });
  bad(7, [](auto& r) { r.sampler.max_tokens = 2147483647; });
  bad(8, [](auto& r) { r.sampler.temperature = -1; });
  bad(9, [](auto& r) { r.sampler.temperature = std::nanf(""); });
  bad(10, [](auto& r) { r.sampler.top_p = 0; });
  bad(11, [](auto& r) { r.sampler.top_p = std::nanf(""); });
  bad(12, [](auto& r) { r.sampler.top_k = -2; });
  const auto results = run(*decoder_with(weights_, 4), requests);
  ASSERT_EQ(results.size(), requests.size());
  for (const auto& [tag, result] : results) {
    if (tag == 1) continue;
    EXPECT_EQ(result.status.code(), Errc::kBadInput) << tag;
    EXPECT_EQ(result.finish, Finish::kError);
    EXPECT_TRUE(result.tokens.empty());
  }
  EXPECT_THAT(results.at(6).status.message(), ::testing::HasSubstr("positions"));
  expect_same(run(*decoder_with(weights_, 1), {good}).at(1), results.at(1));
}

TEST_F(DecoderBehaviour, FillsEveryPositionTheModelHas) {
  DecodeRequest r = request(config_, 1);
  r.prompt.resize(static_cast<std::size_t>(config_.max_position_embeddings) - 1, 3);
  r.sampler.max_tokens = 1;
  EXPECT_EQ(run(*decoder_with(weights_, 2), {r}).at(1).tokens.size(), 1u);
}

TEST_F(DecoderBehaviour, LogitsThatAreNotFiniteFailOnlyTheirRequest) {
  ModelConfig config = config_;
  config.tie_word_embeddings = false;
  const WeightsPtr good = testing::random_weights(config);
  auto data = aligned_floats(good->size);
  std::copy_n(good->data.get(), good->size, data.get());
  for (std::int64_t i = 0; i < config.hidden_size; ++i)
    data[9 * config.hidden_size + i] = std::nanf("");  // embedding of token 9
  const WeightsPtr poisoned = make_weights(config, 1, std::move(data));
  DecodeRequest a = request(config, 1, 1, 1), b = a;
  a.prompt = {3, 4, 5};
  b.prompt = {3, 9, 5};
  b.tag = 2;
  const auto results = run(*decoder_with(poisoned, 4), {a, b});
  EXPECT_EQ(results.at(2).status.code(), Errc::kInternal);
  EXPECT_TRUE(results.at(2).tokens.empty());
  expect_same(run(*decoder_with(good, 1), {a}).at(1), results.at(1));
}

TEST_F(DecoderBehaviour, WithoutWeightsRequestsFail) {
  auto decoder = std::move(make_cpu_decoder({2}).value());
  EXPECT_EQ(run(*decoder, {request(config_, 1)}).at(1).status.code(), Errc::kUnavailable);
}

TEST_F(DecoderBehaviour, NewWeightsCountFromTheNextStepAndEachTokenKnowsItsVersion) {
  const auto decoder = decoder_with(weights_, 2);
  DecodeRequest r = request(config_, 1, 1, 10);
  decoder->submit(r);
  std::vector<DecodeResult> finished;
  for (int i = 0; i < 4; ++i) decoder->step(finished);
  ASSERT_TRUE(finished.empty()) << "choose another seed: it stopped early";
  ASSERT_TRUE(decoder->set_weights(with_version(testing::random_weights(config_, 8), 6)).ok());
  while (decoder->step(finished) > 0) {
  }
  ASSERT_GT(finished[0].tokens.size(), 4u);
  std::vector<VersionId> want(finished[0].tokens.size(), 6);
  std::fill_n(want.begin(), 4, 5);
  EXPECT_EQ(finished[0].versions, want);
  const DecodeResult before = run(*decoder_with(weights_, 1), {r}).at(1);
  EXPECT_TRUE(std::equal(before.tokens.begin(), before.tokens.begin() + 4, finished[0].tokens.begin()));
  EXPECT_FALSE(before.tokens == finished[0].tokens);
}

TEST_F(DecoderBehaviour, NewWeightsComputeAPromptAnew) {
  const DecodeRequest r = request(config_, 1);
  const auto decoder = decoder_with(weights_, 2);
  run(*decoder, {r});
  const auto next = with_version(testing::random_weights(config_, 8), 6);
  ASSERT_TRUE(decoder->set_weights(next).ok());
  expect_same(run(*decoder, {r}).at(1), run(*decoder_with(next, 2), {r}).at(1));
  EXPECT_EQ(decoder->stats().prompt_tokens, 2 * r.prompt.size());
}

TEST_F(DecoderBehaviour, RefusesWeightsOfAnotherShape) {
  const auto decoder = decoder_with(weights_, 2);
  EXPECT_EQ(decoder->set_weights(testing::random_weights(testing::config_of({"Wider", 64, 2, 4, 4, 16}))).code(),
            Errc::kBadInput);
  EXPECT_EQ(run(*decoder, {request(config_, 1)}).at(1).versions.at(0), 5u) << "the old ones stay";
}

TEST_F(DecoderBehaviour, CancelsRunningAndWaiting) {
  const auto decoder = decoder_with(weights_, 1);
  DecodeRequest running = request(config_, 1, 1, 40), waiting = request(config_, 2), other = request(config_, 3);
  decoder->submit(running);
  decoder->submit(waiting);
  decoder->submit(other);
  EXPECT_EQ(decoder->free_slots(), 0u);
  std::vector<DecodeResult> finished;
  for (int i = 0; i < 3; ++i) decoder->step(finished);
  ASSERT_TRUE(finished.empty()) << "choose another seed: it stopped early";
  decoder->cancel(1);
  decoder->cancel(2);
  decoder->cancel(99);
  while (decoder->step(finished) > 0) {
  }
  std::map<std::uint64_t, DecodeResult> by_tag;
  for (DecodeResult& result : finished) by_tag[result.tag] = std::move(result);
  EXPECT_EQ(by_tag.at(1).finish, Finish::kCancelled);
  EXPECT_EQ(by_tag.at(1).tokens.size(), 3u);
  EXPECT_EQ(by_tag.at(2).finish, Finish::kCancelled);
  EXPECT_TRUE(by_tag.at(2).tokens.empty());
  expect_same(run(*decoder_with(weights_, 1), {other}).at(3), by_tag.at(3));
  EXPECT_EQ(decoder->free_slots(), 1u);
}

TEST_F(DecoderBehaviour, CountsWhatItDid) {
  const auto decoder = decoder_with(weights_, 4);
  std::uint64_t tokens = 0, prompt_tokens = 0;
  auto requests = mixed_requests(config_, 9);
  for (DecodeRequest& r : requests) r.prompt[0] = static_cast<TokenId>(r.tag);  // nothing in common
  for (const auto& [tag, result] : run(*decoder, requests)) tokens += result.tokens.size();
  for (const DecodeRequest& r : requests) prompt_tokens += r.prompt.size();
  EXPECT_EQ(decoder->stats().tokens, tokens);
  EXPECT_EQ(decoder->stats().prompt_tokens, prompt_tokens);
  EXPECT_GT(decoder->stats().steps, 0u);
  EXPECT_GT(decoder->stats().step_ns, 0u);
  EXPECT_EQ(decoder->free_slots(), 4u);
}

TEST_F(DecoderBehaviour, APromptBeyondTheRowsOfOneStepWaitsItsTurn) {
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 64; ++tag) {  // 64 * 60 prompt rows, 576 a step
    requests.push_back(request(config_, tag, 1, 3));
    requests.back().prompt = testing::random_tokens(config_, 60, tag);
  }
  const auto results = run(*decoder_with(weights_, 64), requests);
  const auto alone = decoder_with(weights_, 1);
  for (const DecodeRequest& r : requests) expect_same(run(*alone, {r}).at(r.tag), results.at(r.tag));
}

TEST(MakeDecoder, RefusesAnImpossibleBatch) {
  EXPECT_EQ(make_cpu_decoder({0}).status().code(), Errc::kConfig);
  EXPECT_EQ(make_cpu_decoder({-3}).status().code(), Errc::kConfig);
}

}  // namespace
}  // namespace autodidact
