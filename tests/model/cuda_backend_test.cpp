// The decoder on the GPU's backend, run on this machine's processor (tests/fakes/cuda), against the CPU's.

#include "model/cuda_backend.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "model/batch_decoder.hpp"
#include "tests/fakes/cuda/runtime.hpp"
#include "tests/model/decoder_fixtures.hpp"
#include "tests/model/one_sequence.hpp"

namespace autodidact {
namespace {

using testing::expect_same;
using testing::request;
using testing::run;

std::unique_ptr<Decoder> gpu_decoder(const WeightsPtr& weights, const DecoderOptions& options) {
  auto decoder = std::make_unique<BatchDecoder>(options, CudaBackend::device());
  EXPECT_TRUE(decoder->set_weights(weights).ok());
  return decoder;
}

ModelConfig small(ModelConfig::Family family) {
  ModelConfig config = testing::config_of({"Gpu", 64, 2, 4, 2, 16, 96, 50});
  config.family = family;
  if (family == ModelConfig::Family::kGpt2) {
    config.num_key_value_heads = 4;
    config.position = ModelConfig::Position::kLearned;
  }
  config.eos_token_id = config.pad_token_id = -1;
  return config;
}

// Greedy to bfloat16's precision: what was drawn is as likely under the CPU's fp32 as what the CPU would have drawn, nearly,
// and its log-probability agrees.
class CudaFamilies : public ::testing::TestWithParam<ModelConfig::Family> {};
TEST_P(CudaFamilies, DrawsWhatThePlainModelFindsLikeliest) {
  const ModelConfig config = small(GetParam());
  const WeightsPtr weights = with_version(init_weights(config, 0.2, 1), 1);
  DecoderOptions options{3};
  options.prefill_rows = 7;
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= 6; ++tag) requests.push_back(request(config, tag, 0, 20));
  const auto results = run(*gpu_decoder(weights, options), requests);
  testing::OneSequence cpu(config);
  for (const DecodeRequest& r : requests) {
    const DecodeResult& result = results.at(r.tag);
    ASSERT_TRUE(result.status.ok()) << result.status.message();
    ASSERT_EQ(result.tokens.size(), 20u);
    auto text = r.prompt;
    for (std::size_t i = 0; i < result.tokens.size(); ++i) {
      const auto logits = i == 0 ? cpu.logits(*weights, text, 0)
                                 : cpu.logits(*weights, std::span(&text.back(), 1), static_cast<std::int64_t>(text.size()) - 1);
      double sum = 0;
      for (const float logit : logits) sum += std::exp(double{logit});
      const float drawn = logits[static_cast<std::size_t>(result.tokens[i])];
      ASSERT_NEAR(drawn, *std::ranges::max_element(logits), 0.15) << "token " << i << " of request " << r.tag;
      ASSERT_NEAR(result.logprobs[i], drawn - std::log(sum), 0.1) << "token " << i << " of request " << r.tag;
      text.push_back(result.tokens[i]);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Families, CudaFamilies,
                         ::testing::Values(ModelConfig::Family::kLlama, ModelConfig::Family::kQwen2,
                                           ModelConfig::Family::kQwen3, ModelConfig::Family::kGpt2));

class CudaDecoder : public ::testing::Test {
 protected:
  const ModelConfig config_ = small(ModelConfig::Family::kQwen2);
  const WeightsPtr weights_ = with_version(init_weights(config_, 0.2, 1), 1);
  std::vector<DecodeRequest> requests(std::uint64_t count) {
    auto all = testing::mixed_requests(config_, count);
    for (DecodeRequest& r : all)
      if (r.tag % 2 == 0) r.prompt = testing::random_tokens(config_, 30 + static_cast<std::int64_t>(r.tag), 9);
    return all;
  }
};

// The products here are rows' own, as cuBLAS's are with options.deterministic.
TEST_F(CudaDecoder, BatchPiecesSharingAndPressureChangeNothing) {
  const auto all = requests(14);
  const auto one = run(*gpu_decoder(weights_, DecoderOptions{1}), all);
  DecoderOptions pieces{5}, tight{8}, fixed{6};
  pieces.prefill_rows = 3;
  tight.kv_cache_mb = 1;
  fixed.deterministic = true;
  fixed.prefill_rows = 9;
  for (const DecoderOptions& options : {pieces, tight, fixed}) {
    const auto decoder = gpu_decoder(weights_, options);
    const auto many = run(*decoder, all);
    for (const DecodeRequest& r : all) expect_same(many.at(r.tag), one.at(r.tag));
    EXPECT_EQ(decoder->stats().pages_in_use, 0);
    EXPECT_GT(decoder->stats().cached_tokens, 0u);
  }
}

TEST_F(CudaDecoder, StepsOfOneKindAreRecordedAndGivenWhole) {
  emulated::graphs_launched = 0;
  const auto results = run(*gpu_decoder(weights_, DecoderOptions{4}), requests(4));
  std::size_t longest = 0;
  for (const auto& [tag, result] : results) longest = std::max(longest, result.tokens.size());
  EXPECT_GT(emulated::graphs_launched, longest / 2);
}

TEST_F(CudaDecoder, ANewVersionIsUsedFromTheNextStepOn) {
  const auto decoder = gpu_decoder(weights_, DecoderOptions{2});
  decoder->submit(request(config_, 1, 0, 20));
  std::vector<DecodeResult> finished;
  for (int i = 0; i < 5; ++i) decoder->step(finished);
  const WeightsPtr next = with_version(init_weights(config_, 0.2, 2), 2);
  ASSERT_TRUE(decoder->set_weights(next).ok());
  while (decoder->step(finished) > 0) {
  }
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].versions[4], 1);
  EXPECT_EQ(finished[0].versions[5], 2);
  const auto fresh = run(*decoder, {request(config_, 2, 0, 10)}),
             expected = run(*gpu_decoder(next, DecoderOptions{2}), {request(config_, 2, 0, 10)});
  expect_same(fresh.at(2), expected.at(2));
}

TEST_F(CudaDecoder, ARepetitionPenaltyIsHeeded) {
  DecodeRequest plain = request(config_, 1, 0, 30), penalised = plain;
  penalised.sampler.repetition_penalty = 1e6f;
  const auto distinct = [](const DecodeResult& r) { return std::set<TokenId>(r.tokens.begin(), r.tokens.end()).size(); };
  const auto without = run(*gpu_decoder(weights_, DecoderOptions{2}), {plain}),
             with = run(*gpu_decoder(weights_, DecoderOptions{2}), {penalised});
  EXPECT_GT(distinct(with.at(1)), distinct(without.at(1)));
}

TEST_F(CudaDecoder, ADeviceThatFailsFailsWhatWasUnderWayAndNothingElse) {
  const std::size_t before = emulated::live_allocations;
  {
    const auto decoder = gpu_decoder(weights_, DecoderOptions{2});
    for (const DecodeRequest& r : requests(3)) decoder->submit(r);
    std::vector<DecodeResult> finished;
    decoder->step(finished);
    emulated::next_error = cudaErrorInvalidDevice;
    while (decoder->step(finished) > 0) {
    }
    ASSERT_EQ(finished.size(), 3u);
    int failed = 0;
    for (const DecodeResult& result : finished)
      if (!result.status.ok()) {
        ++failed;
        EXPECT_EQ(result.status.code(), Errc::kUnavailable);
        EXPECT_THAT(result.status.message(), ::testing::HasSubstr("emulated error"));
      }
    EXPECT_EQ(failed, 2);
    EXPECT_EQ(decoder->stats().pages_in_use, 0);
  }
  EXPECT_EQ(emulated::live_allocations, before);
}

TEST_F(CudaDecoder, ShapesItCannotServeAreRefused) {
  ModelConfig odd = config_;
  odd.head_dim = 24;
  EXPECT_EQ(BatchDecoder(DecoderOptions{1}, CudaBackend::device()).set_weights(init_weights(odd, 0.1, 1)).code(),
            Errc::kConfig);
  ModelConfig wide = config_;
  wide.vocab_size = cuda::kMostVocab + 1;
  wide.hidden_size = 16;
  EXPECT_EQ(BatchDecoder(DecoderOptions{1}, CudaBackend::device()).set_weights(init_weights(wide, 0.1, 1)).code(),
            Errc::kConfig);
}

}  // namespace
}  // namespace autodidact
