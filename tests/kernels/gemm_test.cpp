#include "tests/kernels/kernel_fixtures.hpp"

namespace autodidact {
namespace {

using testing::random_floats;
using testing::zeros;

class Gemm : public testing::KernelTest {
 protected:
  // y[m, n] = a[m, k] w[n, k]^T in double precision.
  static std::vector<double> naive(const std::vector<float>& a, const std::vector<float>& w, std::int64_t m, std::int64_t n,
                                   std::int64_t k) {
    std::vector<double> y(static_cast<std::size_t>(m * n));
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t p = 0; p < k; ++p) y[i * n + j] += static_cast<double>(a[i * k + p]) * w[j * k + p];
    return y;
  }
  std::vector<float> packed(const std::vector<float>& w, std::int64_t n, std::int64_t depth) const {
    std::vector<float> panels = zeros(packed_floats(k, n, depth));
    k.pack_nk(w.data(), depth, n, depth, panels.data());
    return panels;
  }
};

TEST_P(Gemm, MatchesNaiveLoopsOnOddSizes) {
  for (std::int64_t m : {1, 2, 5, 6, 7, 12, 13, 25, 130})
    for (std::int64_t n : {1, 7, 8, 15, 16, 17, 31, 33, 64})
      for (std::int64_t depth : {1, 3, 16, 65}) {
        const auto a = random_floats(m * depth, 1), w = random_floats(n * depth, 2);
        auto y = zeros(m * n);
        k.gemm(a.data(), depth, m, packed(w, n, depth).data(), depth, n, y.data(), n, false);
        testing::expect_close(y, naive(a, w, m, n, depth), 1e-5);
        for (std::int64_t i = m * n; i < m * n + kSlackFloats; ++i) ASSERT_EQ(y[i], 0) << "wrote past the end";
      }
}

TEST_P(Gemm, AddsToWhatIsThere) {
  const std::int64_t m = 125, n = 21;
  for (std::int64_t depth : {30, 900}) {  // in one piece and in three
    const auto a = random_floats(m * depth, 1), w = random_floats(n * depth, 2), before = random_floats(m * n, 3);
    auto y = before;
    k.gemm(a.data(), depth, m, packed(w, n, depth).data(), depth, n, y.data(), n, true);
    auto want = naive(a, w, m, n, depth);
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += before[i];
    testing::expect_close(y, want, 1e-4);
  }
}

TEST_P(Gemm, Bfloat16RoundsTheMatrixAndNothingElse) {
  const std::int64_t m = 13, n = 37, depth = 500;
  const auto a = random_floats(m * depth, 1), w = random_floats(n * depth, 2);
  auto rounded = w;
  for (float& value : rounded) value = testing::to_bf16_and_back(value);
  std::vector<std::uint16_t> panels(static_cast<std::size_t>(packed_floats(k, n, depth) + kSlackFloats));
  k.pack_nk_bf16(w.data(), depth, n, depth, panels.data());
  auto half = zeros(m * n), whole = zeros(m * n);
  k.gemm_bf16(a.data(), depth, m, panels.data(), depth, n, half.data(), n, false);
  k.gemm(a.data(), depth, m, packed(rounded, n, depth).data(), depth, n, whole.data(), n, false);
  EXPECT_EQ(half, whole);
}

TEST_P(Gemm, InputGradientMatchesNaiveLoops) {
  for (std::int64_t m : {1, 13, 130})
    for (std::int64_t n : {1, 16, 37})
      for (std::int64_t depth : {1, 40, 800})
        for (bool as_bf16 : {false, true}) {
          const auto a = random_floats(m * depth, 1), b = random_floats(depth * n, 2);
          std::vector<double> want(static_cast<std::size_t>(m * n));
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t p = 0; p < depth; ++p)
              for (std::int64_t j = 0; j < n; ++j)
                want[i * n + j] +=
                    static_cast<double>(a[i * depth + p]) * (as_bf16 ? testing::to_bf16_and_back(b[p * n + j]) : b[p * n + j]);
          auto y = zeros(m * n), scratch = zeros(gemm_scratch_floats(n));
          k.gemm_kn(a.data(), depth, m, b.data(), n, depth, n, y.data(), n, as_bf16, scratch.data());
          testing::expect_close(y, want, 1e-4);
          for (std::int64_t i = m * n; i < m * n + kSlackFloats; ++i) ASSERT_EQ(y[i], 0) << "wrote past the end";
        }
}

TEST_P(Gemm, BothPackingsAgree) {
  const std::int64_t n = 37, depth = 19;
  const auto w = random_floats(n * depth, 2);
  auto turned = zeros(n * depth), other = zeros(packed_floats(k, n, depth));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t p = 0; p < depth; ++p) turned[p * n + i] = w[i * depth + p];
  k.pack_kn(turned.data(), n, depth, n, other.data());
  EXPECT_EQ(packed(w, n, depth), other);
}

// What makes a request's tokens independent of its neighbours.
TEST_P(Gemm, ARowHasTheSameBitsInAnyBatch) {
  const std::int64_t m = 130, n = 40, depth = 1000;
  const auto a = random_floats(m * depth, 1);
  const auto panels = packed(random_floats(n * depth, 2), n, depth);
  auto all = zeros(m * n);
  k.gemm(a.data(), depth, m, panels.data(), depth, n, all.data(), n, false);
  for (std::int64_t i = 0; i < m; ++i) {
    auto one = zeros(n);
    k.gemm(a.data() + i * depth, depth, 1, panels.data(), depth, n, one.data(), n, false);
    for (std::int64_t j = 0; j < n; ++j) ASSERT_EQ(one[j], all[i * n + j]) << i << ", " << j;
  }
}

TEST_P(Gemm, WeightGradientMatchesNaiveLoops) {
  for (std::int64_t m : {1, 5, 127, 129, 300})
    for (std::int64_t n : {1, 6, 13, 40, 600})  // beyond 512 columns are packed
      for (std::int64_t depth : {1, 8, 17, 64, 530}) {
        const auto a = random_floats(m * n, 1), b = random_floats(m * depth, 2), before = random_floats(n * depth, 3);
        auto c = before, scratch = zeros(gemm_scratch_floats(depth));
        k.gemm_tn_add(a.data(), n, b.data(), depth, m, n, depth, c.data(), depth, scratch.data());
        std::vector<double> want(before.begin(), before.begin() + n * depth);
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j)
            for (std::int64_t p = 0; p < depth; ++p)
              want[j * depth + p] += static_cast<double>(a[i * n + j]) * b[i * depth + p];
        testing::expect_close(c, want, 5e-5);
      }
}

AD_FOR_EACH_ISA(Gemm);

}  // namespace
}  // namespace autodidact
