// RMSNorm, LayerNorm, rotary positions, SwiGLU, GELU, biases, softmax rows, AdamW. Included by isa_*.cpp only, see simd.hpp.

static void rmsnorm(const float* x, std::int64_t count, std::int64_t d, const float* weight, float eps, float* y, float* rstd) {
  for (std::int64_t r = 0; r < count; ++r, x += d, y += d) {
    V sum{};
    AD_FOR_VECTORS(i, d) {
      V v = get(x, i, d);
      sum = fma(v, v, sum);
    }
    float scale = 1.0f / __builtin_sqrtf(hsum(sum) / static_cast<float>(d) + eps);
    AD_FOR_VECTORS(i, d) put(y, i, d, get(x, i, d) * scale * get(weight, i, d));
    if (rstd != nullptr) rstd[r] = scale;
  }
}

static void rmsnorm_grad(const float* x, const float* rstd, const float* weight, const float* dy, std::int64_t count,
                         std::int64_t d, float* dx, float* dweight) {
  for (std::int64_t r = 0; r < count; ++r, x += d, dy += d, dx += d) {
    V dot{};
    AD_FOR_VECTORS(i, d) {
      V xhat = get(x, i, d) * rstd[r], g = get(dy, i, d);
      put(dweight, i, d, fma(g, xhat, get(dweight, i, d)));
      dot = fma(g * get(weight, i, d), xhat, dot);
    }
    float mean = hsum(dot) / static_cast<float>(d);
    AD_FOR_VECTORS(i, d) {
      V xhat = get(x, i, d) * rstd[r];
      V g = get(dy, i, d) * get(weight, i, d) - xhat * mean;
      put(dx, i, d, fma(g, splat(rstd[r]), get(dx, i, d)));
    }
  }
}

static void layernorm(const float* x, std::int64_t count, std::int64_t d, const float* weight, const float* bias, float eps,
                      float* y, float* mean, float* rstd) {
  for (std::int64_t r = 0; r < count; ++r, x += d, y += d) {
    V sum{}, squares{};
    AD_FOR_VECTORS(i, d) sum += get(x, i, d);
    const float mu = hsum(sum) / static_cast<float>(d);
    AD_FOR_VECTORS(i, d) {
      V v = get(x, i, d, mu) - mu;
      squares = fma(v, v, squares);
    }
    const float scale = 1.0f / __builtin_sqrtf(hsum(squares) / static_cast<float>(d) + eps);
    AD_FOR_VECTORS(i, d) put(y, i, d, fma((get(x, i, d) - mu) * scale, get(weight, i, d), get(bias, i, d)));
    if (mean != nullptr) mean[r] = mu;
    if (rstd != nullptr) rstd[r] = scale;
  }
}

static void layernorm_grad(const float* x, const float* mean, const float* rstd, const float* weight, const float* dy,
                           std::int64_t count, std::int64_t d, float* dx, float* dweight, float* dbias) {
  for (std::int64_t r = 0; r < count; ++r, x += d, dy += d, dx += d) {
    V dot{}, sum{};
    AD_FOR_VECTORS(i, d) {
      V xhat = (get(x, i, d, mean[r]) - mean[r]) * rstd[r], g = get(dy, i, d);
      put(dweight, i, d, fma(g, xhat, get(dweight, i, d)));
      put(dbias, i, d, get(dbias, i, d) + g);
      V gw = g * get(weight, i, d);
      dot = fma(gw, xhat, dot);
      sum += gw;
    }
    const float mean_dot = hsum(dot) / static_cast<float>(d), mean_sum = hsum(sum) / static_cast<float>(d);
    AD_FOR_VECTORS(i, d) {
      V xhat = (get(x, i, d) - mean[r]) * rstd[r];
      V g = get(dy, i, d) * get(weight, i, d) - mean_sum - xhat * mean_dot;
      put(dx, i, d, fma(g, splat(rstd[r]), get(dx, i, d)));
    }
  }
}

static void rope(float* x, std::int64_t heads, std::int64_t head_dim, const float* cos, const float* sin, float sign) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t h = 0; h < heads; ++h, x += head_dim) AD_FOR_VECTORS(i, half) {
      V a = get(x, i, half), b = get(x + half, i, half), c = get(cos, i, half), s = get(sin, i, half) * sign;
      put(x, i, half, a * c - b * s);
      put(x + half, i, half, b * c + a * s);
    }
}

static void swiglu(const float* gate_up, std::int64_t count, std::int64_t f, float* act) {
  for (std::int64_t r = 0; r < count; ++r, gate_up += 2 * f, act += f) AD_FOR_VECTORS(i, f) {
      V g = get(gate_up, i, f);
      put(act, i, f, g * sigmoid(g) * get(gate_up + f, i, f));
    }
}

static void swiglu_grad(float* gate_up, const float* dact, std::int64_t count, std::int64_t f) {
  for (std::int64_t r = 0; r < count; ++r, gate_up += 2 * f, dact += f) AD_FOR_VECTORS(i, f) {
      V g = get(gate_up, i, f), u = get(gate_up + f, i, f), d = get(dact, i, f), s = sigmoid(g);
      put(gate_up, i, f, d * u * s * (1.0f + g * (1.0f - s)));
      put(gate_up + f, i, f, d * g * s);
    }
}

// gelu(x) = x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3): the tanh formula, as tanh(u) = 2 sigmoid(2 u) - 1.
constexpr float kGeluRate = 1.5957691216057308f, kGeluCube = 0.044715f;  // 2 sqrt(2 / pi)
AD_INLINE V gelu_gate(V x) { return sigmoid(x * kGeluRate * fma(x * x, splat(kGeluCube), splat(1.0f))); }

static void gelu(const float* x, std::int64_t n, float* act) {
  AD_FOR_VECTORS(i, n) {
    V v = get(x, i, n);
    put(act, i, n, v * gelu_gate(v));
  }
}

static void gelu_grad(float* x, const float* dact, std::int64_t n) {
  AD_FOR_VECTORS(i, n) {
    V v = get(x, i, n), s = gelu_gate(v);
    V slope = kGeluRate * fma(v * v, splat(3 * kGeluCube), splat(1.0f));
    put(x, i, n, get(dact, i, n) * s * fma(v * (1.0f - s), slope, splat(1.0f)));
  }
}

static void add_bias(float* x, std::int64_t count, std::int64_t n, const float* bias) {
  for (std::int64_t r = 0; r < count; ++r, x += n) AD_FOR_VECTORS(i, n) put(x, i, n, get(x, i, n) + get(bias, i, n));
}

static void bias_grad(const float* dy, std::int64_t count, std::int64_t n, float* dbias) {
  for (std::int64_t r = 0; r < count; ++r, dy += n) AD_FOR_VECTORS(i, n) put(dbias, i, n, get(dbias, i, n) + get(dy, i, n));
}

AD_INLINE float row_max(const float* x, std::int64_t n) {
  V m[4] = {splat(-__builtin_inff()), splat(-__builtin_inff()), splat(-__builtin_inff()), splat(-__builtin_inff())};
  std::int64_t i = 0;
  for (; i + 4 * kW <= n; i += 4 * kW)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) m[j] = max(m[j], load(x + i + j * kW));
  for (; i < n; i += kW) m[0] = max(m[0], get(x, i, n, -__builtin_inff()));
  return hmax(max(max(m[0], m[1]), max(m[2], m[3])));
}

static std::int64_t argmax(const float* x, std::int64_t n) {
  const float most = row_max(x, n);
  AD_FOR_VECTORS(i, n) {
    VI equal = get(x, i, n, __builtin_nanf("")) == splat(most);
    std::int32_t lanes[kW];
    __builtin_memcpy(lanes, &equal, sizeof lanes);
    std::int32_t any = 0;
    for (std::int64_t j = 0; j < kW; ++j) any |= lanes[j];
    if (any == 0) continue;
    for (std::int64_t j = 0; j < kW; ++j)
      if (lanes[j] != 0) return i + j;
  }
  return -1;
}

// Sums of e^((logit - most) rate / log2(e)), a row kSumBlock tokens at a time, one fixed order. The row is read once: `most` is
// the largest logit so far, and sums made with a smaller one are scaled when a larger turns up.
constexpr float kLog2E = 1.44269504f;
struct Weigher {
  float rate;  // log2(e) / temperature
  V total{};

  inline __attribute__((always_inline)) V operator()(V logits, float most) const {
    return vexp2_negative((logits - most) * rate);
  }
  inline __attribute__((always_inline)) float scale(float from, float to) const {
    return vexp2_negative(splat((from - to) * rate))[0];
  }
  // x[b .. end) of a row of n.
  inline __attribute__((always_inline)) V add_block(const float* x, std::int64_t b, std::int64_t end, std::int64_t n,
                                                    float most) {
    V part[4] = {};
    std::int64_t i = b;
    for (; i + 4 * kW <= end; i += 4 * kW)
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) part[j] += (*this)(load(x + i + j * kW), most);
    for (; i < end; i += kW) part[0] += (*this)(get(x, i, n, -__builtin_inff()), most);
    const V sum = (part[0] + part[1]) + (part[2] + part[3]);
    total += sum;
    return sum;
  }
};

// `raw` has temperature 1. weight: another temperature's or null; sums: each block's, of `weight` if there is one, or null.
AD_INLINE float weigh_blocks(const float* x, std::int64_t n, Weigher& raw, Weigher* weight, float* sums) {
  float most = -__FLT_MAX__;  // as -inf, but -inf - most is no NaN
  for (std::int64_t b = 0; b < n; b += kSumBlock) {
    const std::int64_t end = n - b < kSumBlock ? n : b + kSumBlock;
    if (const float larger = row_max(x + b, end - b); larger > most) {
      const float by = (weight == nullptr ? raw : *weight).scale(most, larger);
      raw.total *= raw.scale(most, larger);
      if (weight != nullptr) weight->total *= by;
      for (std::int64_t before = 0; sums != nullptr && before < b / kSumBlock; ++before) sums[before] *= by;
      most = larger;
    }
    V sum = raw.add_block(x, b, end, n, most);
    if (weight != nullptr) sum = weight->add_block(x, b, end, n, most);
    if (sums != nullptr) sums[b / kSumBlock] = hsum(sum);
  }
  return most;
}

static float log_sum_exp(const float* logits, std::int64_t n) {
  Weigher raw{kLog2E};
  const float most = weigh_blocks(logits, n, raw, nullptr, nullptr);
  return most + __builtin_logf(hsum(raw.total));
}

static Weighed weigh(const float* logits, std::int64_t n, float inv_temperature, float* sums) {
  Weigher raw{kLog2E}, weight{kLog2E * inv_temperature};
  const float most =
      inv_temperature == 1 ? weigh_blocks(logits, n, raw, nullptr, sums) : weigh_blocks(logits, n, raw, &weight, sums);
  return {most, most + __builtin_logf(hsum(raw.total))};
}

static void weights(const float* logits, std::int64_t n, float most, float inv_temperature, float* to) {
  const Weigher weight{kLog2E * inv_temperature};
  AD_FOR_VECTORS(i, n) put(to, i, n, weight(get(logits, i, n), most));
}

static float nll_grad(float* logits, std::int64_t n, std::int64_t target, float scale) {
  float lse = log_sum_exp(logits, n);
  float nll = lse - logits[target];
  AD_FOR_VECTORS(i, n) put(logits, i, n, vexp(get(logits, i, n) - lse) * scale);
  logits[target] -= scale;
  return nll;
}

static void add(float* dst, const float* src, std::int64_t n) {
  AD_FOR_VECTORS(i, n) put(dst, i, n, get(dst, i, n) + get(src, i, n));
}

// Blocks of 4096 in fp32, blocks in fp64.
static double sum_squares(const float* x, std::int64_t n) {
  double total = 0;
  for (std::int64_t b = 0; b < n; b += 4096) {
    std::int64_t count = n - b < 4096 ? n - b : 4096;
    V sum{};
    AD_FOR_VECTORS(i, count) {
      V v = get(x + b, i, count);
      sum = fma(v, v, sum);
    }
    total += hsum(sum);
  }
  return total;
}

AD_INLINE V vsqrt(V v) {
#if AD_SIMD_WIDTH == 16 && defined(__AVX512F__)
  return (V)_mm512_maskz_sqrt_ps(0xffff, (__m512)v);  // plain _mm512_sqrt_ps warns in g++ 12
#elif AD_SIMD_WIDTH == 8 && defined(__AVX__)
  return (V)_mm256_sqrt_ps((__m256)v);
#else
  for (std::int64_t i = 0; i < kW; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

static void adamw(const AdamWCall& call) {
  const float step = call.lr / call.bias1, root = 1.0f / __builtin_sqrtf(call.bias2), keep = 1.0f - call.lr * call.weight_decay;
  AD_FOR_VECTORS(i, call.n) {
    V g = get(call.grad, i, call.n) * call.grad_scale;
    V m = fma(get(call.m, i, call.n), splat(call.beta1), g * (1.0f - call.beta1));
    V v = fma(get(call.v, i, call.n), splat(call.beta2), g * g * (1.0f - call.beta2));
    V p = get(call.from, i, call.n) * keep - m * step / (vsqrt(v) * root + call.eps);
    put(call.m, i, call.n, m);
    put(call.v, i, call.n, v);
    put(call.param, i, call.n, p);
  }
}

static void exp_row(const float* x, std::int64_t n, float* y) { AD_FOR_VECTORS(i, n) put(y, i, n, vexp(get(x, i, n))); }
