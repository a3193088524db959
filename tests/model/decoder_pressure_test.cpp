// The sampling engine when pages, time and patience are short: nothing leaks, and what is drawn is what an idle engine draws.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/model/decoder_fixtures.hpp"

namespace autodidact {
namespace {

using testing::decoder_with;
using testing::expect_same;
using testing::mixed_requests;
using testing::request;
using testing::run;
using Clock = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kRequests = 1000;  // a sanitizer takes a minute for ten thousand
#else
constexpr std::uint64_t kRequests = 10000;
#endif

class DecoderPressure : public ::testing::Test {
 protected:
  // 2 layers of 4 heads of 8: 8 KiB and some a page, 124 of them in a megabyte; a sequence at its longest has 6.
  const ModelConfig config_ = [] {
    ModelConfig config = testing::config_of({"Pressure"});
    config.eos_token_id = config.pad_token_id = -1;  // nobody leaves early
    return config;
  }();
  const WeightsPtr weights_ = with_version(testing::random_weights(config_), 5);
};

TEST_F(DecoderPressure, WhoStepsBackDrawsTheSameInTheEnd) {
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 60; ++tag) requests.push_back(request(config_, tag, 1, 50));
  const auto roomy = decoder_with(weights_, DecoderOptions{60});
  const auto tight = decoder_with(weights_, DecoderOptions{60, 1});
  const auto want = run(*roomy, requests);
  const auto got = run(*tight, requests);
  EXPECT_EQ(roomy->stats().preempted, 0u);
  EXPECT_GT(tight->stats().preempted, 5u);
  EXPECT_EQ(tight->stats().pages, 124);
  EXPECT_EQ(tight->stats().pages_in_use, 0);
  for (const DecodeRequest& r : requests) {
    expect_same(got.at(r.tag), want.at(r.tag));
    EXPECT_EQ(got.at(r.tag).versions.size(), got.at(r.tag).tokens.size());
  }
}

TEST_F(DecoderPressure, APromptInPiecesIsThePromptWhole) {
  const auto requests = mixed_requests(config_, 40);
  const auto whole = run(*decoder_with(weights_, 40), requests);
  for (const std::int64_t rows : {1, 7, 16, 33}) {
    const auto pieces = run(*decoder_with(weights_, DecoderOptions{8, 0, 1, rows}), requests);
    for (const DecodeRequest& r : requests) expect_same(pieces.at(r.tag), whole.at(r.tag));
  }
}

TEST_F(DecoderPressure, WorkersChangeNothing) {
  const auto requests = mixed_requests(config_, 40);
  const auto one = run(*decoder_with(weights_, DecoderOptions{20}), requests);
  for (const std::int64_t threads : {2, 3, 30}) {
    const auto several = run(*decoder_with(weights_, DecoderOptions{20, 0, threads}), requests);
    for (const DecodeRequest& r : requests) expect_same(several.at(r.tag), one.at(r.tag));
  }
}

// Products large enough to be shared out by columns, of widths that no panel divides.
TEST_F(DecoderPressure, ALoneSequenceDrawsTheSameWithHelpers) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16}) {
    ModelConfig config = testing::config_of({"Wide", 388, 1, 2, 1, 64, 261, 1021});
    config.eos_token_id = config.pad_token_id = -1;
    const WeightsPtr weights = with_version(init_weights(config, 0.1, 1, dtype), 1);
    DecodeRequest alone = request(config, 1, 1, 12);
    alone.prompt = testing::random_tokens(config, 40, 1);
    const DecodeResult one = run(*decoder_with(weights, 1), {alone}).at(1);
    for (const std::int64_t threads : {2, 3, 9})
      expect_same(run(*decoder_with(weights, DecoderOptions{4, 0, threads}), {alone}).at(1), one);
  }
}

// A model that no cache holds: its sequences go together, and rows, queries and draws are shared out as well as columns.
TEST_F(DecoderPressure, SequencesThatReadTheWeightsTogetherDrawTheSameWithHelpers) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16}) {
    ModelConfig config = testing::config_of({"Large", 388, 1, 2, 1, 64, 261, 6021});
    config.eos_token_id = config.pad_token_id = -1;
    const WeightsPtr weights = with_version(init_weights(config, 0.1, 1, dtype), 1);
    auto requests = mixed_requests(config, 10);
    for (DecodeRequest& r : requests)  // half of them begin alike
      if (r.tag % 2 == 0) r.prompt = testing::random_tokens(config, 50 + static_cast<std::int64_t>(r.tag), 1);
    const auto one = run(*decoder_with(weights, 1), requests);
    for (const std::int64_t threads : {1, 2, 3, 9}) {
      const auto several = run(*decoder_with(weights, DecoderOptions{8, 0, threads}), requests);
      for (const DecodeRequest& r : requests) expect_same(several.at(r.tag), one.at(r.tag));
    }
  }
}

TEST_F(DecoderPressure, RunningSequencesGoOnWhileALongPromptComesInPieces) {
  const auto decoder = decoder_with(weights_, DecoderOptions{2, 0, 1, 8});
  DecodeRequest running = request(config_, 1, 1, 60), late = request(config_, 2, 1, 5);
  running.prompt.resize(1);
  late.prompt = testing::random_tokens(config_, 80, 2);
  decoder->submit(running);
  std::vector<DecodeResult> finished;
  decoder->step(finished);
  decoder->submit(late);
  const auto before = decoder->stats().tokens;
  for (int i = 0; i < 9; ++i) decoder->step(finished);
  EXPECT_EQ(decoder->stats().tokens - before, 9u) << "one token a step, all of the running one";
}

TEST_F(DecoderPressure, ABudgetTooSmallForARequestFailsThatRequestAndSaysWhatToDo) {
  ModelConfig large = config_;
  large.max_position_embeddings = 4096;
  const auto decoder = decoder_with(testing::random_weights(large), DecoderOptions{4, 1});
  DecodeRequest fits = request(large, 1), not_ever = request(large, 2);
  not_ever.sampler.max_tokens = 3000;
  const auto results = run(*decoder, {not_ever, fits});
  EXPECT_EQ(results.at(2).status.code(), Errc::kBadInput);
  EXPECT_THAT(results.at(2).status.message(), ::testing::HasSubstr("raise sample.kv_cache_mb"));
  EXPECT_TRUE(results.at(1).status.ok());
  EXPECT_FALSE(results.at(1).tokens.empty());

  large.num_hidden_layers = 64;
  large.num_attention_heads = large.num_key_value_heads = 32;
  large.head_dim = 64;
  auto none = std::move(make_cpu_decoder({1, 1}).value());
  const Status refused = none->set_weights(testing::random_weights(large));
  EXPECT_EQ(refused.code(), Errc::kConfig);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("no room for one page"));
  EXPECT_EQ(make_cpu_decoder({1, -1}).status().code(), Errc::kConfig);
}

TEST_F(DecoderPressure, ADeadlineEndsARequestWithWhatItHas) {
  const auto decoder = decoder_with(weights_, 1);
  DecodeRequest running = request(config_, 1, 1, 40), waiting = request(config_, 2), other = request(config_, 3);
  running.deadline = Clock::now() + std::chrono::hours(1);
  waiting.deadline = Clock::now() - std::chrono::seconds(1);
  decoder->submit(running);
  decoder->submit(waiting);
  decoder->submit(other);
  std::vector<DecodeResult> finished;
  decoder->step(finished);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].tag, 2u);
  EXPECT_EQ(finished[0].finish, Finish::kDeadline);
  EXPECT_TRUE(finished[0].status.ok());

  DecodeRequest short_lived = request(config_, 4, 1, 60);
  short_lived.prompt.resize(1);
  short_lived.deadline = Clock::now() + std::chrono::milliseconds(60);
  const auto alone = decoder_with(weights_, 1);
  alone->submit(short_lived);
  finished.clear();
  alone->step(finished);
  while (Clock::now() < short_lived.deadline) std::this_thread::yield();
  EXPECT_EQ(alone->step(finished), 0u);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].finish, Finish::kDeadline);
  EXPECT_EQ(finished[0].tokens.size(), 1u);
  EXPECT_EQ(alone->stats().pages_in_use, 0);
}

// Requests of all lengths, some cancelled while they wait, some while they run, weights that change: ten thousand leave no page
// behind, and who was left alone draws what it draws alone.
TEST_F(DecoderPressure, TenThousandRequestsLeaveNothingBehind) {
  const auto decoder = decoder_with(weights_, DecoderOptions{96, 1, 2, 64});
  std::mt19937_64 random(7);
  std::vector<DecodeResult> finished;
  std::uint64_t submitted = 0, ended = 0, cancelled = 0;
  const auto nth = [&](std::uint64_t tag) {
    DecodeRequest r = request(config_, tag, 1, static_cast<std::int32_t>(1 + tag * 13 % 50));
    r.prompt = testing::random_tokens(config_, 1 + static_cast<std::int64_t>(tag * 11 % 46), tag % 70);
    return r;
  };
  while (ended < kRequests) {
    while (submitted < kRequests && submitted - ended < 150) decoder->submit(nth(++submitted));
    if (random() % 4 == 0) {
      decoder->cancel(submitted - random() % 60);
      decoder->cancel(1);  // long gone
    }
    decoder->step(finished);
    for (const DecodeResult& result : finished) {
      ++ended;
      EXPECT_TRUE(result.status.ok()) << result.status.message();
      if (result.finish == Finish::kCancelled)
        ++cancelled;
      else if (result.tag % 500 == 0)
        expect_same(result, run(*decoder_with(weights_, 1), {nth(result.tag)}).at(result.tag));
    }
    finished.clear();
    ASSERT_LE(decoder->stats().pages_in_use, 124);
  }
  EXPECT_EQ(decoder->step(finished), 0u);
  EXPECT_EQ(decoder->stats().pages_in_use, 0);
  EXPECT_EQ(decoder->free_slots(), 96u);
  EXPECT_GT(cancelled, kRequests / 100);
  EXPECT_GT(decoder->stats().cached_tokens, kRequests);
}

}  // namespace
}  // namespace autodidact
