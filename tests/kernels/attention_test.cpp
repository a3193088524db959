#include <algorithm>

#include "tests/kernels/kernel_fixtures.hpp"

namespace autodidact {
namespace {

using testing::random_floats;
using testing::zeros;

struct Sizes {
  std::int64_t rows, heads, kv_heads, head_dim;
};
const Sizes kSizes[] = {{1, 1, 1, 16},  {5, 4, 4, 16},  {16, 4, 2, 8},  {17, 8, 1, 16},  {40, 3, 3, 10}, {64, 4, 4, 16},
                        {33, 6, 2, 24}, {70, 5, 5, 12}, {29, 8, 4, 40}, {35, 14, 2, 64}, {20, 7, 1, 32}};

// One head set's attention on a packed [rows, q | k | v] matrix.
struct Packed {
  Packed(const Sizes& s, std::uint64_t seed)
      : size(s), stride((s.heads + 2 * s.kv_heads) * s.head_dim), qkv(random_floats(s.rows * stride, seed)) {}

  // Keys as the kernel reads them, garbage where there is none.
  std::vector<float> keys() const {
    const std::int64_t per_head = key_floats(size.rows, size.head_dim);
    std::vector<float> out(static_cast<std::size_t>(size.kv_heads * per_head + kSlackFloats), 1e30f);
    for (std::int64_t h = 0; h < size.kv_heads; ++h)
      for (std::int64_t i = 0; i < size.rows; ++i)
        for (std::int64_t d = 0; d < size.head_dim; ++d)
          out[h * per_head + i / kPage * kPage * size.head_dim + d * kPage + i % kPage] =
              qkv[i * stride + (size.heads + h) * size.head_dim + d];
    return out;
  }
  std::vector<KvPage> pages(const std::vector<float>& keys) const {
    std::vector<KvPage> out;
    for (std::int64_t i = 0; i < size.rows; i += kPage)
      out.push_back({keys.data() + i * size.head_dim, qkv.data() + i * stride + (size.heads + size.kv_heads) * size.head_dim});
    return out;
  }
  std::vector<float> run(const CpuKernels& k, std::int64_t first, std::int64_t rows) const {
    const std::int64_t width = size.heads * size.head_dim;
    const auto all_keys = keys();
    const auto all_pages = pages(all_keys);
    std::vector<float> out = zeros(rows * width), scratch = zeros(attention_scratch_floats(size.rows, size.head_dim));
    std::vector<AttentionRow> calls;
    for (std::int64_t i = 0; i < rows; ++i)
      calls.push_back({qkv.data() + (first + i) * stride, out.data() + i * width, all_pages.data(), first + i + 1});
    k.attention({calls.data(), rows, size.heads, size.kv_heads, size.head_dim, 0, key_floats(size.rows, size.head_dim), 0,
                 size.head_dim, stride, scratch.data()});
    return out;
  }

  Sizes size;
  std::int64_t stride;
  std::vector<float> qkv;
};

// out[rows, heads * head_dim] in double precision; `qkv` like Packed's.
std::vector<double> naive(const Sizes& s, const std::vector<double>& qkv) {
  const std::int64_t stride = (s.heads + 2 * s.kv_heads) * s.head_dim, hd = s.head_dim, group = s.heads / s.kv_heads;
  std::vector<double> out(static_cast<std::size_t>(s.rows * s.heads * hd));
  for (std::int64_t h = 0; h < s.heads; ++h)
    for (std::int64_t i = 0; i < s.rows; ++i) {
      const double* q = &qkv[i * stride + h * hd];
      std::vector<double> p;
      double sum = 0;
      for (std::int64_t j = 0; j <= i; ++j) {
        const double* key = &qkv[j * stride + (s.heads + h / group) * hd];
        double dot = 0;
        for (std::int64_t d = 0; d < hd; ++d) dot += q[d] * key[d];
        p.push_back(std::exp(dot / std::sqrt(static_cast<double>(hd))));
        sum += p.back();
      }
      for (std::int64_t j = 0; j <= i; ++j)
        for (std::int64_t d = 0; d < hd; ++d)
          out[(i * s.heads + h) * hd + d] += p[j] / sum * qkv[j * stride + (s.heads + s.kv_heads + h / group) * hd + d];
    }
  return out;
}

class Attention : public testing::KernelTest {};

TEST_P(Attention, MatchesNaiveLoops) {
  for (const Sizes& size : kSizes) {
    SCOPED_TRACE(std::to_string(size.rows) + " rows, heads " + std::to_string(size.heads) + "/" +
                 std::to_string(size.kv_heads) + " of " + std::to_string(size.head_dim));
    const Packed packed(size, 1);
    const std::vector<double> qkv(packed.qkv.begin(), packed.qkv.begin() + size.rows * packed.stride);
    testing::expect_close(packed.run(k, 0, size.rows), naive(size, qkv), 1e-5);
  }
}

// The sampler asks for one query at a time, the trainer for all: their log-probabilities must be equal.
TEST_P(Attention, OneQueryHasTheBitsOfMany) {
  for (const Sizes& size : kSizes) {
    const Packed packed(size, 1);
    const auto all = packed.run(k, 0, size.rows);
    const std::int64_t width = size.heads * size.head_dim;
    for (std::int64_t i = 0; i < size.rows; ++i) {
      const auto one = packed.run(k, i, 1);
      for (std::int64_t c = 0; c < width; ++c) ASSERT_EQ(one[c], all[i * width + c]) << "row " << i << " column " << c;
    }
    const auto tail = packed.run(k, size.rows / 2, size.rows - size.rows / 2);
    ASSERT_TRUE(
        std::equal(tail.begin(), tail.begin() + (size.rows - size.rows / 2) * width, all.begin() + size.rows / 2 * width));
  }
}

// Sequences in pages of a pool, of which some share the first ones: each row has the bits it has alone.
TEST_P(Attention, SharedPagesChangeNothing) {
  for (const Sizes& size :
       {Sizes{1, 9, 3, 16}, Sizes{1, 4, 4, 24}, Sizes{1, 8, 1, 8}, Sizes{1, 14, 2, 64}, Sizes{1, 2, 2, 10}}) {
    const std::int64_t hd = size.head_dim, width = size.heads * hd, page = size.kv_heads * hd * kPage;
    const auto pool = random_floats(40 * 2 * page + kSlackFloats, 3);
    const auto at = [&](std::int64_t i) { return KvPage{pool.data() + i * 2 * page, pool.data() + i * 2 * page}; };
    struct Sequence {
      std::vector<KvPage> pages;
      std::int64_t keys;
    };
    const std::vector<Sequence> sequences = {{{at(0), at(1), at(2)}, 48},
                                             {{at(0), at(1), at(3)}, 33},
                                             {{at(0), at(1), at(4), at(5)}, 50},
                                             {{at(0), at(6)}, 17},
                                             {{at(7)}, 1},
                                             {{at(8)}, 16},
                                             {{at(0), at(1), at(9), at(10)}, 64},
                                             {{at(0), at(1), at(9), at(11)}, 49}};
    const auto rows = static_cast<std::int64_t>(sequences.size());
    const auto q = random_floats(rows * width, 4);
    auto scratch = zeros(attention_scratch_floats(64, hd)), together = zeros(rows * width), alone = zeros(rows * width);
    const auto call = [&](std::vector<AttentionRow> which) {
      k.attention({which.data(), static_cast<std::int64_t>(which.size()), size.heads, size.kv_heads, hd, 0, hd * kPage, page,
                   hd * kPage, hd, scratch.data()});
    };
    std::vector<AttentionRow> all;
    for (std::int64_t i = 0; i < rows; ++i) {
      const Sequence& sequence = sequences[static_cast<std::size_t>(i)];
      all.push_back({q.data() + i * width, together.data() + i * width, sequence.pages.data(), sequence.keys});
      call({{q.data() + i * width, alone.data() + i * width, sequence.pages.data(), sequence.keys}});
    }
    call(all);
    for (std::int64_t i = 0; i < rows * width; ++i) ASSERT_EQ(together[i], alone[i]) << "row " << i / width;
  }
}

TEST_P(Attention, GradientMatchesDifferences) {
  for (const Sizes& size : kSizes) {
    if (size.rows > 20) continue;  // differences cost rows^3
    const Packed packed(size, 1);
    const std::int64_t width = size.heads * size.head_dim, all = size.rows * packed.stride;
    const auto dout = random_floats(size.rows * width, 2);
    auto dqkv = zeros(all), scratch = zeros(attention_grad_scratch_floats(size.rows, size.head_dim));
    AttentionGradCall call{size.rows,   size.heads,    size.kv_heads, size.head_dim, packed.qkv.data(),
                           dqkv.data(), packed.stride, dout.data(),   width,         scratch.data()};
    k.attention_grad(call);
    std::vector<double> x(packed.qkv.begin(), packed.qkv.begin() + all);
    const auto value = [&] {
      const auto out = naive(size, x);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * dout[i];
      return sum;
    };
    for (std::int64_t i = 0; i < all; i += 7) {
      const double keep = x[i], h = 1e-5;
      x[i] = keep + h;
      const double up = value();
      x[i] = keep - h;
      const double want = (up - value()) / (2 * h);
      x[i] = keep;
      ASSERT_NEAR(dqkv[i], want, 2e-5 * (1 + std::abs(want))) << "at " << i;
    }
  }
}

AD_FOR_EACH_ISA(Attention);

}  // namespace
}  // namespace autodidact
