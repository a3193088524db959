// The GPU's kernels, run on this machine's processor, against naive loops.

#include <gtest/gtest.h>

#include <numeric>

#include "kernels/cuda/cuda_kernels.hpp"
#include "kernels/rng.hpp"

namespace autodidact::cuda {
namespace {

std::uint16_t rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
float value(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
std::vector<float> normal(std::int64_t count, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random_normal(seed, i));
  return values;
}

// Rows of sequences of given lengths, each row the last of its own, on pages in no order.
struct Pages {
  Pages(const std::vector<std::int64_t>& lengths, std::int64_t layers, const Heads& heads)
      : values(layers * heads.kv * 2 * 16 * heads.dim) {
    std::int32_t next = 0;
    for (const std::int64_t length : lengths) {
      positions.push_back(static_cast<std::int32_t>(length - 1));
      first_page.push_back(static_cast<std::int32_t>(pages.size()));
      for (std::int64_t p = 0; p < (length + 15) / 16; ++p) pages.push_back(next++);
    }
    std::reverse(pages.begin(), pages.end());
    cache.assign(static_cast<std::size_t>(next * values), 0);
  }
  Rows rows() {
    return {
        static_cast<std::int64_t>(positions.size()), positions.data(), first_page.data(), pages.data(), cache.data(), values};
  }
  std::uint16_t* at(std::int64_t row, std::int64_t position, const Heads& heads, std::int64_t layer, std::int64_t head,
                    bool v) {
    const std::int64_t page = pages[static_cast<std::size_t>(first_page[static_cast<std::size_t>(row)] + position / kPage)];
    return cache.data() + page * values +
           (((layer * heads.kv + head) * 2 + (v ? 1 : 0)) * kPage + position % kPage) * heads.dim;
  }
  std::int64_t values;
  std::vector<std::int32_t> positions, first_page, pages;
  std::vector<std::uint16_t> cache;
};

std::vector<float> naive_attention(Pages& pages, std::int64_t row, const Heads& heads, std::int64_t layer, const float* q) {
  const std::int64_t keys = pages.positions[static_cast<std::size_t>(row)] + 1, group = heads.query / heads.kv;
  std::vector<float> out(static_cast<std::size_t>(heads.query * heads.dim));
  for (std::int64_t h = 0; h < heads.query; ++h) {
    std::vector<double> weight(static_cast<std::size_t>(keys));
    double most = -1e30, sum = 0;
    for (std::int64_t i = 0; i < keys; ++i) {
      const std::uint16_t* k = pages.at(row, i, heads, layer, h / group, false);
      double dot = 0;
      for (std::int64_t d = 0; d < heads.dim; ++d) dot += double{q[h * heads.dim + d]} * value(k[d]);
      weight[static_cast<std::size_t>(i)] = dot / std::sqrt(static_cast<double>(heads.dim));
      most = std::max(most, weight[static_cast<std::size_t>(i)]);
    }
    for (double& w : weight) sum += w = std::exp(w - most);
    for (std::int64_t d = 0; d < heads.dim; ++d) {
      double total = 0;
      for (std::int64_t i = 0; i < keys; ++i)
        total += weight[static_cast<std::size_t>(i)] * value(pages.at(row, i, heads, layer, h / group, true)[d]);
      out[static_cast<std::size_t>(h * heads.dim + d)] = static_cast<float>(total / sum);
    }
  }
  return out;
}

class CudaAttention : public ::testing::TestWithParam<Heads> {};

TEST_P(CudaAttention, AgreesWithNaiveLoopsOverPagesAndSplits) {
  const Heads heads = GetParam();
  const std::vector<std::int64_t> lengths = {1, 2, 15, 16, 17, 100, kSplit, kSplit + 1, 2 * kSplit + 37};
  constexpr std::int64_t kLayers = 2, kLayer = 1;
  Pages pages(lengths, kLayers, heads);
  const auto random = normal(static_cast<std::int64_t>(pages.cache.size()), 1);
  std::ranges::transform(random, pages.cache.begin(), rounded);
  const std::int64_t width = (heads.query + 2 * heads.kv) * heads.dim, rows = std::ssize(lengths);
  const auto qkv = normal(rows * width, 2);
  std::vector<std::uint16_t> out(static_cast<std::size_t>(rows * heads.query * heads.dim));
  for (const std::int64_t splits : {std::int64_t{4}, splits_for(lengths.back())}) {
    std::vector<float> scratch(static_cast<std::size_t>(attention_scratch_floats(rows, heads, splits)));
    attention(pages.rows(), heads, kLayer, splits, qkv.data(), scratch.data(), out.data(), nullptr);
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto expected = naive_attention(pages, r, heads, kLayer, qkv.data() + r * width);
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(value(out[static_cast<std::size_t>(r) * expected.size() + i]), expected[i],
                    1e-5 + 0.005 * std::abs(expected[i]))
            << "row " << r << " of " << lengths[static_cast<std::size_t>(r)] << " at " << i;
    }
  }
}

// Its neighbours, and how many parts the longest of them has, are nothing to a row.
TEST_P(CudaAttention, ARowIsTheSameAlone) {
  const Heads heads = GetParam();
  Pages pages({5, 70, 3 * kSplit}, 1, heads);
  const auto random = normal(static_cast<std::int64_t>(pages.cache.size()), 1);
  std::ranges::transform(random, pages.cache.begin(), rounded);
  const std::int64_t width = (heads.query + 2 * heads.kv) * heads.dim;
  const auto qkv = normal(3 * width, 2);
  const auto run = [&](Rows rows, std::int64_t splits, const float* from) {
    std::vector<std::uint16_t> out(static_cast<std::size_t>(rows.count * heads.query * heads.dim));
    std::vector<float> scratch(static_cast<std::size_t>(attention_scratch_floats(rows.count, heads, splits)));
    attention(rows, heads, 0, splits, from, scratch.data(), out.data(), nullptr);
    return out;
  };
  const auto together = run(pages.rows(), 4, qkv.data());
  Rows second = pages.rows();
  second.count = 1, ++second.positions, ++second.first_page;
  const auto alone = run(second, 1, qkv.data() + width);
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + heads.query * heads.dim));
}

INSTANTIATE_TEST_SUITE_P(GroupsAndHeads, CudaAttention,
                         ::testing::Values(Heads{1, 1, 64}, Heads{4, 2, 64}, Heads{9, 3, 64}, Heads{4, 1, 16}, Heads{5, 1, 80},
                                           Heads{6, 1, 48}, Heads{14, 2, 64}, Heads{8, 1, 128}, Heads{12, 1, 128},
                                           Heads{2, 1, 256}),
                         [](const auto& info) {
                           return std::to_string(info.param.query) + "_" + std::to_string(info.param.kv) + "_" +
                                  std::to_string(info.param.dim);
                         });

TEST(CudaPointwise, QueriesTurnAndKeysAndValuesGoToTheirPages) {
  const Heads heads{6, 2, 32};
  Pages pages({1, 16, 17, 40}, 3, heads);
  const std::int64_t all = heads.query + 2 * heads.kv, half = heads.dim / 2, layer = 2;
  const auto before = normal(4 * all * heads.dim, 1), bias = normal(all * heads.dim, 2), cos = normal(40 * half, 3),
             sin = normal(40 * half, 4), q_norm = normal(heads.dim, 5), k_norm = normal(heads.dim, 6);
  for (const bool norms : {false, true}) {
    auto qkv = before;
    place_qkv(pages.rows(), heads,
              {qkv.data(), norms ? nullptr : bias.data(), norms ? q_norm.data() : nullptr, norms ? k_norm.data() : nullptr,
               1e-6f, cos.data(), sin.data(), layer},
              nullptr);
    for (std::int64_t r = 0; r < 4; ++r)
      for (std::int64_t h = 0; h < all; ++h) {
        const std::int64_t position = pages.positions[static_cast<std::size_t>(r)];
        std::vector<double> x(static_cast<std::size_t>(heads.dim));
        double squares = 0;
        for (std::int64_t i = 0; i < heads.dim; ++i) {
          x[static_cast<std::size_t>(i)] = before[static_cast<std::size_t>((r * all + h) * heads.dim + i)];
          if (!norms) x[static_cast<std::size_t>(i)] += bias[static_cast<std::size_t>(h * heads.dim + i)];
          squares += x[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(i)];
        }
        const bool is_value = h >= heads.query + heads.kv;
        if (norms && !is_value)
          for (std::int64_t i = 0; i < heads.dim; ++i)
            x[static_cast<std::size_t>(i)] *= (h < heads.query ? q_norm : k_norm)[static_cast<std::size_t>(i)] /
                                              std::sqrt(squares / static_cast<double>(heads.dim) + 1e-6);
        for (std::int64_t i = 0; i < heads.dim; ++i) {
          const std::int64_t pair = i % half;
          const double a = x[static_cast<std::size_t>(pair)], b = x[static_cast<std::size_t>(pair + half)];
          const double c = cos[static_cast<std::size_t>(position * half + pair)],
                       s = sin[static_cast<std::size_t>(position * half + pair)];
          const double expected = is_value ? x[static_cast<std::size_t>(i)] : i < half ? a * c - b * s : b * c + a * s;
          const double got = h < heads.query
                                 ? qkv[static_cast<std::size_t>((r * all + h) * heads.dim + i)]
                                 : value(pages.at(r, position, heads, layer, (h - heads.query) % heads.kv, is_value)[i]);
          ASSERT_NEAR(got, expected, 1e-4 + 0.005 * std::abs(expected)) << "row " << r << " head " << h << " at " << i;
        }
      }
  }
}

TEST(CudaPointwise, NormsAgreeWithTheirFormulas) {
  for (const std::int64_t d : {1, 31, 64, 130, 576}) {
    const auto x = normal(3 * d, 1), weight = normal(d, 2), bias = normal(d, 3);
    const std::vector<std::int32_t> from = {2, 0};
    for (const bool layer_norm : {false, true}) {
      std::vector<std::uint16_t> y(static_cast<std::size_t>(2 * d));
      norm(x.data(), from.data(), 2, d, weight.data(), layer_norm ? bias.data() : nullptr, 1e-5f, y.data(), nullptr);
      for (std::int64_t r = 0; r < 2; ++r) {
        const float* row = x.data() + from[static_cast<std::size_t>(r)] * d;
        const double mean = layer_norm ? std::accumulate(row, row + d, 0.0) / static_cast<double>(d) : 0;
        double squares = 0;
        for (std::int64_t i = 0; i < d; ++i) squares += (row[i] - mean) * (row[i] - mean);
        const double scale = 1 / std::sqrt(squares / static_cast<double>(d) + 1e-5);
        for (std::int64_t i = 0; i < d; ++i) {
          const auto at = static_cast<std::size_t>(i);
          const double expected = (row[i] - mean) * scale * weight[at] + (layer_norm ? bias[at] : 0.0f);
          ASSERT_NEAR(value(y[static_cast<std::size_t>(r * d) + at]), expected, 1e-4 + 0.005 * std::abs(expected)) << d;
        }
      }
    }
  }
}

TEST(CudaPointwise, ActivationsAgreeWithTheirFormulas) {
  const std::int64_t f = 700;
  const auto up = normal(2 * 2 * f, 1), bias = normal(2 * f, 2);
  for (const bool gated : {true, false}) {
    std::vector<std::uint16_t> act(static_cast<std::size_t>(2 * f));
    activation(up.data(), 2, f, gated, bias.data(), act.data(), nullptr);
    for (std::int64_t r = 0; r < 2; ++r)
      for (std::int64_t i = 0; i < f; ++i) {
        const double x = double{up[static_cast<std::size_t>(r * (gated ? 2 * f : f) + i)]} + bias[static_cast<std::size_t>(i)];
        double expected = 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        if (gated)
          expected = x / (1 + std::exp(-x)) *
                     (double{up[static_cast<std::size_t>(r * 2 * f + f + i)]} + bias[static_cast<std::size_t>(f + i)]);
        ASSERT_NEAR(value(act[static_cast<std::size_t>(r * f + i)]), expected, 1e-4 + 0.005 * std::abs(expected));
      }
  }
}

TEST(CudaPointwise, EmbeddingsTakeTheirRowsAndPositions) {
  const std::int64_t d = 40;
  const auto table = normal(9 * d, 1), positions = normal(50 * d, 2);
  std::vector<std::uint16_t> embed_bits(table.size()), position_bits(positions.size());
  to_bf16(table.data(), std::ssize(table), embed_bits.data(), nullptr);
  to_bf16(positions.data(), std::ssize(positions), position_bits.data(), nullptr);
  for (std::size_t i = 0; i < table.size(); ++i) ASSERT_EQ(embed_bits[i], rounded(table[i]));
  Pages pages({1, 49}, 1, {1, 1, 16});
  const std::vector<std::int32_t> tokens = {8, 3};
  std::vector<float> x(static_cast<std::size_t>(2 * d));
  embed(pages.rows(), tokens.data(), embed_bits.data(), position_bits.data(), d, x.data(), nullptr);
  for (std::size_t i = 0; i < static_cast<std::size_t>(d); ++i) {
    EXPECT_EQ(x[i], value(embed_bits[8 * d + i]) + value(position_bits[i]));
    EXPECT_EQ(x[d + i], value(embed_bits[3 * d + i]) + value(position_bits[48 * d + i]));
  }
}

}  // namespace
}  // namespace autodidact::cuda
