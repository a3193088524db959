#include <algorithm>
#include <functional>
#include <limits>

#include "tests/kernels/kernel_fixtures.hpp"

namespace autodidact {
namespace {

using testing::random_floats;
using testing::zeros;

class Pointwise : public testing::KernelTest {};

// d f / d x[i] by central differences, f in double.
std::vector<double> differences(std::vector<double> x, const std::function<double(const std::vector<double>&)>& f) {
  std::vector<double> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double keep = x[i], h = 1e-5;
    x[i] = keep + h;
    const double up = f(x);
    x[i] = keep - h;
    out[i] = (up - f(x)) / (2 * h);
    x[i] = keep;
  }
  return out;
}
std::vector<double> doubles(const std::vector<float>& x, std::int64_t n) { return {x.begin(), x.begin() + n}; }

TEST_P(Pointwise, ExpIsWithinTwoUlpAndKeepsItsLimits) {
  std::vector<float> x;
  for (float v = -87; v <= 88; v += 0.0137f) x.push_back(v);
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<float> y(x.size());
  k.exp(x.data(), n, y.data());
  for (std::int64_t i = 0; i < n; ++i) {
    const double want = std::exp(static_cast<double>(x[i]));
    ASSERT_NEAR(y[i] / want, 1, 2.4e-7) << x[i];
  }
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> special = {-inf, -1000, std::nanf(""), 0};
  std::vector<float> out(4);
  k.exp(special.data(), 4, out.data());
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 0);
  EXPECT_TRUE(std::isnan(out[2]));
  EXPECT_EQ(out[3], 1);
}

TEST_P(Pointwise, RmsNormAndItsGradient) {
  for (std::int64_t d : {1, 7, 16, 30, 64, 100}) {
    const std::int64_t rows = 3;
    const auto x = random_floats(rows * d, 1), weight = random_floats(d, 2), dy = random_floats(rows * d, 3);
    auto y = zeros(rows * d), rstd = zeros(rows);
    k.rmsnorm(x.data(), rows, d, weight.data(), 1e-3f, y.data(), rstd.data());
    const auto norm = [&](const std::vector<double>& in, const std::vector<double>& w, std::int64_t r, std::int64_t i) {
      double ss = 0;
      for (std::int64_t j = 0; j < d; ++j) ss += in[r * d + j] * in[r * d + j];
      return in[r * d + i] / std::sqrt(ss / static_cast<double>(d) + static_cast<double>(1e-3f)) * w[i];
    };
    const auto xs = doubles(x, rows * d), ws = doubles(weight, d);
    std::vector<double> want;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t i = 0; i < d; ++i) want.push_back(norm(xs, ws, r, i));
    testing::expect_close(y, want, 1e-6);

    const auto dot = [&](const std::vector<double>& in, const std::vector<double>& w) {
      double sum = 0;
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t i = 0; i < d; ++i) sum += dy[r * d + i] * norm(in, w, r, i);
      return sum;
    };
    auto dx = zeros(rows * d), dweight = zeros(d);
    dx[0] = 5;  // it adds
    k.rmsnorm_grad(x.data(), rstd.data(), weight.data(), dy.data(), rows, d, dx.data(), dweight.data());
    dx[0] -= 5;
    testing::expect_close(dx, differences(xs, [&](const auto& in) { return dot(in, ws); }), 2e-5);
    testing::expect_close(dweight, differences(ws, [&](const auto& w) { return dot(xs, w); }), 2e-5);
  }
}

TEST_P(Pointwise, LayerNormAndItsGradient) {
  for (std::int64_t d : {1, 7, 16, 30, 100}) {
    const std::int64_t rows = 3;
    const auto x = random_floats(rows * d, 1), dy = random_floats(rows * d, 3);
    const auto parameters = random_floats(2 * d, 2);  // weight, then bias
    auto y = zeros(rows * d), mean = zeros(rows), rstd = zeros(rows);
    k.layernorm(x.data(), rows, d, parameters.data(), parameters.data() + d, 1e-3f, y.data(), mean.data(), rstd.data());
    const auto norm = [&](const std::vector<double>& in, const std::vector<double>& p, std::int64_t r, std::int64_t i) {
      double sum = 0, squares = 0;
      for (std::int64_t j = 0; j < d; ++j) sum += in[r * d + j] / static_cast<double>(d);
      for (std::int64_t j = 0; j < d; ++j) squares += (in[r * d + j] - sum) * (in[r * d + j] - sum) / static_cast<double>(d);
      return (in[r * d + i] - sum) / std::sqrt(squares + static_cast<double>(1e-3f)) * p[i] + p[d + i];
    };
    const auto xs = doubles(x, rows * d), ps = doubles(parameters, 2 * d);
    std::vector<double> want;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t i = 0; i < d; ++i) want.push_back(norm(xs, ps, r, i));
    testing::expect_close(y, want, 1e-5);

    const auto dot = [&](const std::vector<double>& in, const std::vector<double>& p) {
      double sum = 0;
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t i = 0; i < d; ++i) sum += dy[r * d + i] * norm(in, p, r, i);
      return sum;
    };
    auto dx = zeros(rows * d), dparameters = zeros(2 * d);
    dx[0] = 5;  // it adds
    k.layernorm_grad(x.data(), mean.data(), rstd.data(), parameters.data(), dy.data(), rows, d, dx.data(), dparameters.data(),
                     dparameters.data() + d);
    dx[0] -= 5;
    testing::expect_close(dx, differences(xs, [&](const auto& in) { return dot(in, ps); }), 1e-4);
    testing::expect_close(dparameters, differences(ps, [&](const auto& p) { return dot(xs, p); }), 2e-5);
  }
}

TEST_P(Pointwise, GeluAndItsGradient) {
  const auto gelu = [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); };
  for (std::int64_t n : {1, 5, 16, 37}) {
    auto x = random_floats(n, 1);
    for (float& v : x) v *= 3;
    const auto dact = random_floats(n, 2);
    auto act = zeros(n);
    k.gelu(x.data(), n, act.data());
    const auto xs = doubles(x, n);
    std::vector<double> want;
    for (const double v : xs) want.push_back(gelu(v));
    testing::expect_close(act, want, 2e-6);
    auto grad = x;
    k.gelu_grad(grad.data(), dact.data(), n);
    const auto sum = [&](const std::vector<double>& in) {
      double total = 0;
      for (std::int64_t i = 0; i < n; ++i) total += dact[i] * gelu(in[i]);
      return total;
    };
    testing::expect_close(grad, differences(xs, sum), 1e-5);
  }
}

TEST_P(Pointwise, BiasAddsToEachRowAndItsGradientSumsThem) {
  for (std::int64_t n : {1, 7, 16, 33}) {
    const std::int64_t rows = 4;
    const auto before = random_floats(rows * n, 1), bias = random_floats(n, 2);
    auto x = before, dbias = bias;
    k.add_bias(x.data(), rows, n, bias.data());
    k.bias_grad(before.data(), rows, n, dbias.data());
    std::vector<double> want, sums = doubles(bias, n);
    for (std::int64_t i = 0; i < rows * n; ++i) {
      want.push_back(static_cast<double>(before[i]) + bias[i % n]);
      sums[i % n] += before[i];
    }
    testing::expect_close(x, want, 1e-6);
    testing::expect_close(dbias, sums, 1e-6);
  }
}

TEST_P(Pointwise, RopeRotatesHalvesAndBack) {
  for (std::int64_t head_dim : {2, 6, 16, 40}) {
    const std::int64_t heads = 3, half = head_dim / 2;
    std::vector<float> cos, sin;
    for (std::int64_t i = 0; i < half; ++i) {
      cos.push_back(std::cos(0.3f * static_cast<float>(i + 1)));
      sin.push_back(std::sin(0.3f * static_cast<float>(i + 1)));
    }
    const auto before = random_floats(heads * head_dim, 1);
    auto x = before;
    k.rope(x.data(), heads, head_dim, cos.data(), sin.data(), 1);
    std::vector<double> want(static_cast<std::size_t>(heads * head_dim));
    for (std::int64_t h = 0; h < heads; ++h)
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = before[h * head_dim + i], b = before[h * head_dim + half + i];
        want[h * head_dim + i] = a * cos[i] - b * sin[i];
        want[h * head_dim + half + i] = b * cos[i] + a * sin[i];
      }
    testing::expect_close(x, want, 1e-6);
    k.rope(x.data(), heads, head_dim, cos.data(), sin.data(), -1);
    testing::expect_close(x, doubles(before, heads * head_dim), 1e-6);
  }
}

TEST_P(Pointwise, SwigluAndItsGradient) {
  for (std::int64_t f : {1, 5, 16, 37}) {
    const std::int64_t rows = 2;
    const auto gate_up = random_floats(rows * 2 * f, 1), dact = random_floats(rows * f, 2);
    auto act = zeros(rows * f);
    k.swiglu(gate_up.data(), rows, f, act.data());
    const auto value = [&](const std::vector<double>& gu, std::int64_t r, std::int64_t i) {
      const double g = gu[r * 2 * f + i];
      return g / (1 + std::exp(-g)) * gu[r * 2 * f + f + i];
    };
    const auto gus = doubles(gate_up, rows * 2 * f);
    std::vector<double> want;
    for (std::int64_t i = 0; i < rows * f; ++i) want.push_back(value(gus, i / f, i % f));
    testing::expect_close(act, want, 1e-6);
    auto grad = gate_up;
    k.swiglu_grad(grad.data(), dact.data(), rows, f);
    testing::expect_close(grad,
                          differences(gus,
                                      [&](const auto& gu) {
                                        double sum = 0;
                                        for (std::int64_t i = 0; i < rows * f; ++i) sum += dact[i] * value(gu, i / f, i % f);
                                        return sum;
                                      }),
                          1e-5);
  }
}

TEST_P(Pointwise, LogSumExpAndNllGradient) {
  for (std::int64_t n : {2, 7, 8, 9, 16, 17, 40, 1000}) {
    auto logits = random_floats(n, 1);
    logits[n / 2] += 60;  // no overflow far from zero
    const auto before = doubles(logits, n);
    double sum = 0;
    for (double v : before) sum += std::exp(v - before[n / 2]);
    const double lse = before[n / 2] + std::log(sum);
    EXPECT_NEAR(k.log_sum_exp(logits.data(), n), lse, 1e-6 * std::abs(lse));
    EXPECT_NEAR(k.nll_grad(logits.data(), n, n - 1, 0.5f), lse - before[n - 1], 1e-5);
    std::vector<double> want;
    for (std::int64_t i = 0; i < n; ++i) want.push_back(0.5 * (std::exp(before[i] - lse) - (i == n - 1 ? 1 : 0)));
    for (std::int64_t i = 0; i < n; ++i) ASSERT_NEAR(logits[i], want[i], 1e-5);
  }
}

TEST_P(Pointwise, LogSumExpIsNotFiniteWhenALogitIsNot) {
  for (float poison : {std::nanf(""), std::numeric_limits<float>::infinity()})
    for (std::int64_t at = 0; at < 19; ++at) {
      auto logits = random_floats(19, 1);
      logits[at] = poison;
      EXPECT_FALSE(std::isfinite(k.log_sum_exp(logits.data(), 19))) << at;
    }
}

TEST_P(Pointwise, SumsAndAdds) {
  for (std::int64_t n : {1, 8, 15, 5000}) {
    const auto x = random_floats(n, 1);
    auto y = random_floats(n, 2);
    double squares = 0;
    std::vector<double> want;
    for (std::int64_t i = 0; i < n; ++i) {
      squares += static_cast<double>(x[i]) * x[i];
      want.push_back(static_cast<double>(x[i]) + y[i]);
    }
    EXPECT_NEAR(k.sum_squares(x.data(), n) / squares, 1, 1e-5);
    k.add(y.data(), x.data(), n);
    testing::expect_close(y, want, 1e-6);
  }
}

// The update of Loshchilov and Hutter, three steps in double precision.
TEST_P(Pointwise, AdamWFollowsItsFormula) {
  const std::int64_t n = 21;
  auto param = random_floats(n, 1), m = zeros(n), v = zeros(n);
  std::vector<double> p = doubles(param, n), dm(n), dv(n);
  const double lr = 0.01, b1 = 0.9, b2 = 0.99, eps = 1e-8, decay = 0.1, clip = 0.5;
  for (int t = 1; t <= 3; ++t) {
    const auto grad = random_floats(n, static_cast<std::uint64_t>(10 + t));
    AdamWCall call{param.data(),
                   param.data(),
                   m.data(),
                   v.data(),
                   grad.data(),
                   n,
                   0.5f,
                   0.01f,
                   0.9f,
                   0.99f,
                   1e-8f,
                   0.1f,
                   static_cast<float>(1 - std::pow(b1, t)),
                   static_cast<float>(1 - std::pow(b2, t))};
    k.adamw(call);
    for (std::int64_t i = 0; i < n; ++i) {
      const double g = grad[i] * clip;
      dm[i] = b1 * dm[i] + (1 - b1) * g;
      dv[i] = b2 * dv[i] + (1 - b2) * g * g;
      p[i] = p[i] * (1 - lr * decay) - lr * dm[i] / (1 - std::pow(b1, t)) / (std::sqrt(dv[i] / (1 - std::pow(b2, t))) + eps);
    }
  }
  testing::expect_close(param, p, 1e-6);
  testing::expect_close(m, dm, 1e-6);
  testing::expect_close(v, dv, 1e-6);
}

AD_FOR_EACH_ISA(Pointwise);

}  // namespace
}  // namespace autodidact
