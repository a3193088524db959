#include "kernels/sampler.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <numeric>

#include "tests/kernels/kernel_fixtures.hpp"

namespace autodidact {
namespace {

const std::vector<float> kLogits = {0.5f, 2.0f, -1.0f, 1.0f, 3.0f, -2.0f, 0.0f};

SamplerSettings settings(float temperature, float top_p = 1, std::int32_t top_k = 0) {
  SamplerSettings s;
  s.temperature = temperature;
  s.top_p = top_p;
  s.top_k = top_k;
  return s;
}

std::vector<double> softmax(const std::vector<float>& logits, double temperature) {
  std::vector<double> p;
  for (float l : logits) p.push_back(std::exp(l / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& v : p) v /= sum;
  return p;
}

std::vector<float> with_slack(std::vector<float> logits) {
  logits.resize(logits.size() + kSlackFloats, std::nanf(""));
  return logits;
}

class Sampler : public testing::KernelTest {
 protected:
  std::vector<TokenId> text_;  // what has been said
  Draw draw(const std::vector<float>& logits, const SamplerSettings& s, double uniform, TokenId never = -1) {
    const auto vocab = static_cast<std::int64_t>(logits.size());
    SamplerScratch scratch(vocab);
    auto padded = with_slack(logits);
    return draw_token(k, padded.data(), vocab, s, {uniform, never, text_}, scratch);
  }
  // Chi-square of 20,000 draws against `want`; a token that should not come must not.
  void expect_distribution(const SamplerSettings& s, const std::vector<double>& want, TokenId never = -1) {
    const int draws = 20000;
    std::vector<int> seen(kLogits.size());
    for (int i = 0; i < draws; ++i)
      ++seen[static_cast<std::size_t>(draw(kLogits, s, random_unit(99, static_cast<std::uint64_t>(i)), never).token)];
    double chi = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (want[i] == 0) {
        EXPECT_EQ(seen[i], 0) << "token " << i;
      } else {
        chi += (seen[i] - draws * want[i]) * (seen[i] - draws * want[i]) / (draws * want[i]);
      }
    }
    EXPECT_LT(chi, 22.5);  // 6 degrees of freedom: exceeded by chance once in 1,000; the draws are fixed
  }
};

TEST_P(Sampler, GreedyTakesTheLargestAndTheLowestIdAmongEquals) {
  EXPECT_EQ(draw(kLogits, settings(0), 0.99).token, 4);
  EXPECT_EQ(draw({1, 3, 3, 2}, settings(0), 0.99).token, 1);
  EXPECT_EQ(draw(kLogits, settings(0), 0.1, 4).token, 1) << "the largest is forbidden";
}

TEST_P(Sampler, LogProbabilityIsUntruncatedAtTemperatureOne) {
  const auto p = softmax(kLogits, 1);
  for (const SamplerSettings& s : {settings(0), settings(0.3f), settings(2, 0.5f), settings(1, 1, 2)})
    for (double u : {0.01, 0.5, 0.99}) {
      const Draw d = draw(kLogits, s, u);
      EXPECT_NEAR(d.logprob, std::log(p[static_cast<std::size_t>(d.token)]), 1e-6);
    }
}

TEST_P(Sampler, FollowsTemperature) {
  for (double t : {0.5, 1.0, 1.7}) expect_distribution(settings(static_cast<float>(t)), softmax(kLogits, t));
}

TEST_P(Sampler, TopKKeepsTheLikeliest) {
  const auto p = softmax(kLogits, 1);
  const double kept = p[4] + p[1] + p[3];
  expect_distribution(settings(1, 1, 3), {0, p[1] / kept, 0, p[3] / kept, p[4] / kept, 0, 0});
}

TEST_P(Sampler, TopPKeepsTheSmallestSetOfThatMass) {
  const auto p = softmax(kLogits, 1);  // 4: 0.58, 1: 0.21, 3: 0.08
  ASSERT_LT(p[4], 0.7);
  ASSERT_GT(p[4] + p[1], 0.7);
  const double kept = p[4] + p[1];
  expect_distribution(settings(1, 0.7f), {0, p[1] / kept, 0, 0, p[4] / kept, 0, 0});
}

TEST_P(Sampler, TopPCountsWhatTopKLeft) {
  const auto p = softmax(kLogits, 1);
  const double left = p[4] + p[1] + p[3];
  ASSERT_LT((p[4] + p[1]) / left, 0.93);
  ASSERT_GT(p[4] + p[1] + p[3], 0.86);
  expect_distribution(settings(1, 0.93f, 3), {0, p[1] / left, 0, p[3] / left, p[4] / left, 0, 0});
}

TEST_P(Sampler, MinPDropsWhatIsFarBelowTheLikeliest) {
  const auto p = softmax(kLogits, 1);  // 4: 0.58, 1: 0.21, 3: 0.08, 0: 0.05
  ASSERT_GT(p[3], 0.1 * p[4]);
  ASSERT_LT(p[0], 0.1 * p[4]);
  const double kept = p[4] + p[1] + p[3];
  SamplerSettings s = settings(1);
  s.min_p = 0.1f;
  expect_distribution(s, {0, p[1] / kept, 0, p[3] / kept, p[4] / kept, 0, 0});
  s.top_k = 2;
  expect_distribution(s, {0, p[1] / (p[4] + p[1]), 0, 0, p[4] / (p[4] + p[1]), 0, 0});
  s = settings(1);
  s.min_p = 1;
  EXPECT_EQ(draw(kLogits, s, 0.99).token, 4);
}

TEST_P(Sampler, ARepetitionPenaltyMakesWhatWasSaidLessLikely) {
  text_ = {4, 2, 4};
  auto penalised = kLogits;
  penalised[4] /= 1.5f;
  penalised[2] *= 1.5f;
  SamplerSettings s = settings(0.8f);
  s.repetition_penalty = 1.5f;
  expect_distribution(s, softmax(penalised, 0.8));
  const auto p = softmax(kLogits, 1);
  for (double u : {0.01, 0.3, 0.6, 0.99}) {
    const Draw d = draw(kLogits, s, u);
    EXPECT_NEAR(d.logprob, std::log(p[static_cast<std::size_t>(d.token)]), 1e-6) << "of the model as it is";
  }
  s = settings(0);
  s.repetition_penalty = 2;
  const Draw greedy = draw(kLogits, s, 0);
  EXPECT_EQ(greedy.token, 1) << "3.0 is 1.5 now, below 2.0";
  EXPECT_NEAR(greedy.logprob, std::log(p[1]), 1e-6);
}

TEST_P(Sampler, ALargeVocabularyFollowsItsWeights) {
  std::vector<float> logits(3 * kSumBlock + 7, -1e30f);
  logits[3] = 1;
  logits[kSumBlock] = 2;
  logits[3 * kSumBlock + 6] = 0;
  const double total = std::exp(1.0) + std::exp(2.0) + 1;
  int first = 0, second = 0, third = 0;
  for (int i = 0; i < 10000; ++i) {
    const TokenId token = draw(logits, settings(1), (i + 0.5) / 10000).token;
    first += token == 3;
    second += token == kSumBlock;
    third += token == 3 * kSumBlock + 6;
  }
  EXPECT_EQ(first + second + third, 10000);
  EXPECT_NEAR(first, 10000 * std::exp(1.0) / total, 2);
  EXPECT_NEAR(second, 10000 * std::exp(2.0) / total, 2);
}

TEST_P(Sampler, ForbiddingByFarTheLikeliestLeavesTheOthersAsTheyWere) {
  auto logits = kLogits;
  logits[5] = 500;
  for (const SamplerSettings& s : {settings(0), settings(0.01f), settings(0.01f, 0.9f), settings(0.01f, 1, 3)})
    EXPECT_EQ(draw(logits, s, 0.5, 5).token, 4);
}

TEST_P(Sampler, NeverDrawsTheForbiddenToken) {
  const auto p = softmax(kLogits, 1);
  std::vector<double> want = p;
  want[4] = 0;
  for (double& v : want) v /= 1 - p[4];
  expect_distribution(settings(1), want, 4);
}

TEST_P(Sampler, LogitsThatAreNotFiniteGiveNoToken) {
  for (float poison : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    auto logits = kLogits;
    logits[2] = poison;
    for (float t : {0.0f, 1.0f}) EXPECT_EQ(draw(logits, settings(t), 0.5).token, -1);
  }
}

TEST_P(Sampler, MinusInfinityIsImpossibleAndNotAnError) {
  auto logits = kLogits;
  logits[4] = -std::numeric_limits<float>::infinity();
  for (int i = 0; i < 1000; ++i)
    EXPECT_THAT(draw(logits, settings(1), i / 1000.0).token, ::testing::AllOf(::testing::Ge(0), ::testing::Ne(4)));
}

TEST_P(Sampler, ALargeVocabularyWithTopPDrawsFromItsNucleus) {
  std::vector<float> logits(5000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(0.01 * random_normal(5, i));
  for (int i = 0; i < 20; ++i) {
    const Draw d = draw(logits, settings(1, 0.5f), i / 20.0);
    EXPECT_GT(logits[static_cast<std::size_t>(d.token)], -0.005f) << "from the unlikelier half";
  }
}

AD_FOR_EACH_ISA(Sampler);

TEST(Rng, StreamsAreIndependentOfEachOther) {
  for (std::uint64_t a = 0; a < 50; ++a) {
    EXPECT_EQ(random_bits(a, 3), random_bits(a, 3));
    for (std::uint64_t shift = 1; shift < 50; ++shift) {
      EXPECT_NE(random_bits(a, 0), random_bits(a + shift, 0));
      EXPECT_NE(random_bits(a, shift), random_bits(a + shift * 0x9e3779b97f4a7c15ull, 0)) << "a stream is another one, shifted";
    }
  }
}

TEST(Rng, UnitsAndNormalsHaveTheirMoments) {
  double unit = 0, normal = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double u = random_unit(1, static_cast<std::uint64_t>(i)), z = random_normal(2, static_cast<std::uint64_t>(i));
    ASSERT_TRUE(u >= 0 && u < 1);
    unit += u, normal += z, squares += z * z;
  }
  EXPECT_NEAR(unit / n, 0.5, 0.005);
  EXPECT_NEAR(normal / n, 0, 0.015);
  EXPECT_NEAR(squares / n, 1, 0.02);
}

}  // namespace
}  // namespace autodidact
