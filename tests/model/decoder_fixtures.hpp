#pragma once
// Requests and decoders for the tests of the sampling engine. Values; any thread.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "model/decoder.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact::testing {

inline std::unique_ptr<Decoder> decoder_with(const WeightsPtr& weights, const DecoderOptions& options) {
  auto decoder = std::move(make_cpu_decoder(options).value());
  EXPECT_TRUE(decoder->set_weights(weights).ok());
  return decoder;
}
inline std::unique_ptr<Decoder> decoder_with(const WeightsPtr& weights, std::int64_t batch) {
  return decoder_with(weights, DecoderOptions{batch});
}

inline DecodeRequest request(const ModelConfig& config, std::uint64_t tag, float temperature = 1,
                             std::int32_t max_tokens = 30) {
  DecodeRequest r;
  r.tag = r.seed = tag;
  r.prompt = random_tokens(config, 1 + static_cast<std::int64_t>(tag * 7 % 40), tag);
  r.sampler.temperature = temperature;
  r.sampler.max_tokens = max_tokens;
  return r;
}

inline std::map<std::uint64_t, DecodeResult> run(Decoder& decoder, std::vector<DecodeRequest> requests) {
  for (DecodeRequest& r : requests) decoder.submit(std::move(r));
  std::vector<DecodeResult> finished;
  while (decoder.step(finished) > 0) {
  }
  std::map<std::uint64_t, DecodeResult> by_tag;
  for (DecodeResult& result : finished) by_tag[result.tag] = std::move(result);
  return by_tag;
}

inline void expect_same(const DecodeResult& a, const DecodeResult& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.logprobs, b.logprobs);  // bit for bit
  EXPECT_EQ(a.finish, b.finish);
}

inline std::vector<DecodeRequest> mixed_requests(const ModelConfig& config, std::uint64_t count) {
  std::vector<DecodeRequest> requests;
  for (std::uint64_t tag = 1; tag <= count; ++tag) {
    requests.push_back(request(config, tag, tag % 3 == 0 ? 0.0f : 1.0f, static_cast<std::int32_t>(1 + tag * 5 % 40)));
    requests.back().sampler.top_k = tag % 4 == 0 ? 5 : 0;
    requests.back().sampler.top_p = tag % 5 == 0 ? 0.8f : 1.0f;
  }
  return requests;
}

}  // namespace autodidact::testing
