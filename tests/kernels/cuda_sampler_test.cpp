// The GPU's sampler, run on this machine's processor, against the CPU's.

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "kernels/cuda/cuda_kernels.hpp"
#include "kernels/rng.hpp"
#include "kernels/sampler.hpp"

namespace autodidact::cuda {
namespace {

std::vector<float> logits_of(std::int64_t vocab, std::uint64_t seed) {
  std::vector<float> logits(static_cast<std::size_t>(vocab + kSlackFloats));
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 2 * static_cast<float>(random_normal(seed, i));
  return logits;
}

Drawn draw_one(const std::vector<float>& logits, std::int64_t vocab, const DrawParams& params) {
  Drawn drawn{-2, 0};
  draw(logits.data(), 1, vocab, &params, &drawn, nullptr);
  return drawn;
}

// The tokens that the CPU would draw from.
std::set<TokenId> kept_on_cpu(const std::vector<float>& logits, std::int64_t vocab, const SamplerSettings& settings,
                              TokenId never) {
  float most = -std::numeric_limits<float>::infinity();
  for (TokenId t = 0; t < vocab; ++t)
    if (t != never) most = std::max(most, logits[static_cast<std::size_t>(t)]);
  std::vector<float> weights;
  for (TokenId t = 0; t < vocab; ++t)
    weights.push_back(t == never ? 0 : std::exp((logits[static_cast<std::size_t>(t)] - most) / settings.temperature));
  Truncation truncation(vocab);
  const auto kept = truncation.keep(weights, settings);
  return {kept.begin(), kept.end()};
}

// The same token for the same number when all may be drawn, but where rounding decides at the edge of two; of those that are
// left otherwise, in whose order the two differ.
TEST(CudaSampler, DrawsWhatTheCpuDraws) {
  int compared = 0, differ = 0, outside = 0;
  for (const std::int64_t vocab : {2, 40, 1024, 1025, 5000})
    for (const float temperature : {0.0f, 0.5f, 1.0f, 3.0f})
      for (const std::int32_t k : {0, 1, 7, 100000})
        for (const float p : {1.0f, 0.9f, 0.3f})
          for (const float least : {0.0f, 0.1f})
            for (const TokenId never : {-1, 1}) {
              SamplerSettings settings;
              settings.temperature = temperature, settings.top_k = k, settings.top_p = p, settings.min_p = least;
              const auto seed = static_cast<std::uint64_t>(++compared);
              auto logits = logits_of(vocab, seed);
              const double uniform = random_unit(7, seed);
              const Drawn got = draw_one(logits, vocab, {uniform, temperature, p, least, k, never});
              ASSERT_GE(got.token, 0);
              ASSERT_NE(got.token, never);
              SamplerScratch scratch(vocab);
              const Draw expected = draw_token(cpu_kernels(), logits.data(), vocab, settings, {uniform, never, {}}, scratch);
              const float lse = logits[static_cast<std::size_t>(expected.token)] - expected.logprob;
              ASSERT_NEAR(got.logprob, logits[static_cast<std::size_t>(got.token)] - lse, 2e-5);
              if (temperature == 0 || (k == 0 && p == 1 && least == 0))
                differ += got.token != expected.token;
              else
                outside += !kept_on_cpu(logits, vocab, settings, never).contains(got.token);
            }
  EXPECT_LE(differ, compared / 300) << "of " << compared;
  EXPECT_EQ(outside, 0);
}

TEST(CudaSampler, FrequenciesFollowTheTruncatedDistribution) {
  constexpr std::int64_t kVocab = 3000;
  auto logits = logits_of(kVocab, 1);
  const DrawParams params{0, 1, 0.5f, 0, 20, -1};
  std::map<TokenId, int> counts;
  for (int i = 0; i < 2000; ++i) {
    DrawParams p = params;
    p.uniform = (i + 0.5) / 2000;  // evenly spread: every count is its share, to one
    ++counts[draw_one(logits, kVocab, p).token];
  }
  std::vector<std::pair<float, TokenId>> order;
  for (TokenId t = 0; t < kVocab; ++t) order.emplace_back(logits[static_cast<std::size_t>(t)], t);
  std::ranges::sort(order, std::greater());
  double among_20 = 0, sum = 0, kept = 0;
  for (int i = 0; i < 20; ++i) among_20 += std::exp(double{order[static_cast<std::size_t>(i)].first});
  std::size_t size = 0;
  for (; kept < 0.5 * among_20; ++size) kept += std::exp(double{order[size].first});
  ASSERT_EQ(counts.size(), size);
  for (std::size_t i = 0; i < size; ++i) {
    const double share = std::exp(double{order[i].first}) / kept;
    EXPECT_NEAR(counts[order[i].second], 2000 * share, 1.5);
    sum += share;
  }
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST(CudaSampler, ALargeVocabularyAtBothEnds) {
  auto logits = logits_of(kMostVocab, 1);
  for (const double uniform : {0.0, 0.25, 0.999999999}) {
    SamplerScratch scratch(kMostVocab);
    SamplerSettings settings;
    settings.temperature = 1;
    const Drawn got = draw_one(logits, kMostVocab, {uniform, 1, 1, 0, 0, -1});
    const Draw expected = draw_token(cpu_kernels(), logits.data(), kMostVocab, settings, {uniform, -1, {}}, scratch);
    EXPECT_NEAR(got.token, expected.token, kMostVocab / 10000) << "sums of so many differ a little";
    EXPECT_NEAR(got.logprob,
                logits[static_cast<std::size_t>(got.token)] -
                    (expected.logprob == 0 ? 0 : logits[static_cast<std::size_t>(expected.token)] - expected.logprob),
                1e-4);
  }
}

TEST(CudaSampler, LogitsThatAreNotFiniteGiveNoToken) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), infinity})
    for (const std::size_t at : {std::size_t{0}, std::size_t{999}, std::size_t{2499}}) {
      auto logits = logits_of(2500, 1);
      logits[at] = bad;
      for (const float temperature : {0.0f, 1.0f}) EXPECT_EQ(draw_one(logits, 2500, {0.5, temperature, 1, 0, 0, -1}).token, -1);
    }
  EXPECT_EQ(draw_one(std::vector<float>(100, -infinity), 100, {0.5, 1, 1, 0, 0, -1}).token, -1);
  std::vector<float> one(100, -infinity);
  one[42] = 3;
  EXPECT_EQ(draw_one(one, 100, {0.5, 1, 0.9f, 0, 5, -1}).token, 42) << "minus infinity is impossible, not an error";
  EXPECT_EQ(draw_one(one, 100, {0.5, 1, 1, 0, 0, 42}).token, -1) << "nothing is left";
}

}  // namespace
}  // namespace autodidact::cuda
