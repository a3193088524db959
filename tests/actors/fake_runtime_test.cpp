// The fakes must be faithful, or what is tested with them means nothing.

#include "tests/fakes/fake_runtime.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "config/files.hpp"
#include "tasks/task.hpp"
#include "tests/fakes/addition_oracle.hpp"

namespace autodidact {
namespace {

class FakeRuntimeTest : public ::testing::Test {
 protected:
  static WeightsPtr weights(VersionId version) {
    ModelConfig config;
    config.vocab_size = 17;
    config.hidden_size = 8;
    config.num_hidden_layers = 1;
    config.num_attention_heads = config.num_key_value_heads = 1;
    config.head_dim = 8;
    config.intermediate_size = 8;
    return with_version(init_weights(config, 0.02, 1), version);
  }
  static DecodeResult run_one(Decoder& decoder, DecodeRequest request) {
    std::vector<DecodeResult> finished;
    decoder.submit(std::move(request));
    while (decoder.step(finished) > 0) {
    }
    EXPECT_EQ(finished.size(), 1u);
    return finished.at(0);
  }
  std::vector<TokenId> tokens(const std::string& text) const { return tokenizer_->encode(text).value(); }
  static std::vector<TrainExample> batch(TokenId token) { return {{{2, 3, token}, 1, 1.0f}, {{4, token, 1}, 2, 1.0f}}; }
  std::vector<float> values(Learner& learner) const {
    const auto w = learner.snapshot(9);
    return {w->data.get(), w->data.get() + w->size};
  }

  std::shared_ptr<const Tokenizer> tokenizer_ = make_char_tokenizer("0123456789+=,()").value();
};

TEST_F(FakeRuntimeTest, AnswersThroughTheOracleWithOneVersionPerToken) {
  FakeRuntime runtime({.tokenizer = tokenizer_,
                       .oracle = [](const std::string& prompt, std::uint64_t, VersionId) { return prompt + "1234"; },
                       .tokens_per_step = 3});
  auto decoder = runtime.make_decoder({4}).value();
  ASSERT_TRUE(decoder->set_weights(weights(1)).ok());
  decoder->submit({7, tokens("5="), {}, 0});
  std::vector<DecodeResult> finished;
  decoder->step(finished);
  ASSERT_TRUE(decoder->set_weights(weights(2)).ok());
  while (decoder->step(finished) > 0) {
  }
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].tag, 7u);
  EXPECT_EQ(tokenizer_->decode(finished[0].tokens), "5=1234");
  EXPECT_EQ(finished[0].tokens.back(), tokenizer_->eos());
  EXPECT_EQ(finished[0].versions, (std::vector<VersionId>{1, 1, 1, 2, 2, 2, 2}));
  EXPECT_EQ(finished[0].logprobs.size(), 7u);
  EXPECT_EQ(runtime.controls().versions_set(), (std::vector<VersionId>{1, 2}));
}

TEST_F(FakeRuntimeTest, RespectsBatchMaxTokensAndCancel) {
  FakeRuntime runtime({.tokenizer = tokenizer_, .oracle = [](auto&, auto, auto) { return "123456"; }, .tokens_per_step = 1});
  auto decoder = runtime.make_decoder({2}).value();
  ASSERT_TRUE(decoder->set_weights(weights(1)).ok());
  SamplerSettings three;
  three.max_tokens = 3;
  for (std::uint64_t tag : {1, 2, 3}) decoder->submit({tag, tokens("1="), three, 0});
  std::vector<DecodeResult> finished;
  EXPECT_EQ(decoder->step(finished), 3u);
  EXPECT_EQ(decoder->free_slots(), 0u);
  decoder->cancel(2);
  EXPECT_EQ(decoder->free_slots(), 1u);
  while (decoder->step(finished) > 0) {
  }
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].finish, Finish::kLength);
  EXPECT_EQ(finished[0].tokens.size(), 3u);
  EXPECT_EQ(finished[1].tag, 3u);
}

TEST_F(FakeRuntimeTest, AnImpossibleRequestFailsAlone) {
  FakeRuntime runtime({.tokenizer = tokenizer_, .oracle = [](auto&, auto, auto) { return "1"; }});
  auto decoder = runtime.make_decoder({2}).value();
  ASSERT_TRUE(decoder->set_weights(weights(1)).ok());
  EXPECT_EQ(run_one(*decoder, {1, {}, {}, 0}).status.code(), Errc::kBadInput);
  EXPECT_TRUE(run_one(*decoder, {2, tokens("1="), {}, 0}).status.ok());
}

TEST_F(FakeRuntimeTest, TheAdditionOracleIsRightAsOftenAsTold) {
  for (const char* format : {"compact", "paper"}) {
    TaskOptions options;
    options.format = format;
    const auto task = make_task(options, 1).value();
    const auto oracle = addition_oracle(format, [](VersionId version, bool hinted) { return hinted ? 1.0 : 0.1 * version; });
    int right = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      const Problem problem = task->training_problem(i);
      right += task->judge(problem, oracle(problem.prompt, 0, 7), true).outcome == Outcome::kCorrect;
      EXPECT_EQ(task->judge(problem, oracle(task->hinted_prompt(problem), 0, 1), true).outcome, Outcome::kCorrect);
    }
    EXPECT_NEAR(right, 280, 40) << format;
  }
}

TEST_F(FakeRuntimeTest, ALearnerRestoredFromItsStateGoesOnExactly) {
  FakeRuntime runtime({.tokenizer = tokenizer_});
  const std::string path = "learner-state";
  auto straight = runtime.make_learner({}, Dtype::kF32, 5).value();
  ASSERT_TRUE(straight->begin(*weights(1), {.step = 10, .plan_steps = 4, .peak_lr = 0.1}).ok());
  for (TokenId token : {5, 6}) ASSERT_TRUE(straight->step(batch(token)).ok());
  ASSERT_TRUE(straight->save_state(path).ok());
  for (TokenId token : {7, 8}) ASSERT_TRUE(straight->step(batch(token)).ok());

  auto resumed = runtime.make_learner({}, Dtype::kF32, 5).value();
  ASSERT_TRUE(resumed->load_state(path).ok());
  EXPECT_EQ(resumed->cursor().step, 12u);
  EXPECT_EQ(resumed->cursor().plan_step, 2u);
  for (TokenId token : {7, 8}) ASSERT_TRUE(resumed->step(batch(token)).ok());
  EXPECT_EQ(values(*resumed), values(*straight));

  // Order, and the hidden state, matter.
  auto reordered = runtime.make_learner({}, Dtype::kF32, 5).value();
  ASSERT_TRUE(reordered->load_state(path).ok());
  for (TokenId token : {8, 7}) ASSERT_TRUE(reordered->step(batch(token)).ok());
  EXPECT_NE(values(*reordered), values(*straight));
}

TEST_F(FakeRuntimeTest, ADamagedLearnerStateIsRefused) {
  FakeRuntime runtime({.tokenizer = tokenizer_});
  const std::string path = "damaged-state";
  auto learner = runtime.make_learner({}, Dtype::kF32, 5).value();
  ASSERT_TRUE(learner->begin(*weights(1), {}).ok());
  ASSERT_TRUE(learner->save_state(path).ok());
  std::string bytes = read_file(path, 1 << 20).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(write_file_atomic(path, bytes).ok());
  EXPECT_EQ(learner->load_state(path).code(), Errc::kBadInput);
  EXPECT_EQ(learner->load_state("nowhere").code(), Errc::kNotFound);
}

TEST_F(FakeRuntimeTest, TheNullDecoderGivesDifferentTokensPerRequest) {
  FakeRuntime runtime({.tokenizer = tokenizer_, .null_tokens = 128});
  auto decoder = runtime.make_decoder({8}).value();
  ASSERT_TRUE(decoder->set_weights(weights(3)).ok());
  SamplerSettings sampler;
  sampler.max_tokens = 200;
  const auto a = run_one(*decoder, {1, tokens("1="), sampler, 1}), b = run_one(*decoder, {2, tokens("1="), sampler, 2});
  EXPECT_EQ(a.tokens.size(), 128u);
  EXPECT_NE(a.tokens, b.tokens);
  EXPECT_EQ(a.versions[0], 3u);
}

TEST_F(FakeRuntimeTest, FaultsAreTheTestsToSet) {
  FakeRuntime runtime({.tokenizer = tokenizer_, .oracle = [](auto&, auto, auto) { return "1"; }});
  auto decoder = runtime.make_decoder({2}).value();
  std::vector<DecodeResult> finished;
  runtime.controls().fail_decode_steps(1);
  EXPECT_THROW(decoder->step(finished), std::runtime_error);
  EXPECT_NO_THROW(decoder->step(finished));
  runtime.controls().block_decoding(true);
  std::jthread opens([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    runtime.controls().block_decoding(false);
  });
  const auto before = std::chrono::steady_clock::now();
  decoder->step(finished);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(9));
}

}  // namespace
}  // namespace autodidact
