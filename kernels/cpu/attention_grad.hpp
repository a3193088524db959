// The gradient of causal attention with grouped queries. Included by isa_*.cpp only, after attention.hpp.

// [rows, head_dim] with row stride -> [head_dim][ld], zero past rows.
AD_INLINE void transpose(const float* x, std::int64_t stride, std::int64_t count, std::int64_t head_dim, float* t,
                         std::int64_t ld) {
  for (std::int64_t d = 0; d < head_dim; ++d) {
    for (std::int64_t i = 0; i < count; ++i) t[d * ld + i] = x[i * stride + d];
    for (std::int64_t i = count; i < ld; ++i) t[d * ld + i] = 0;
  }
}

// Weights and score gradients of one head: p and ds, [rows][ld], ds scaled by 1/sqrt(head_dim); dq is written.
static void head_grad_rows(const AttentionGradCall& c, const float* q, const float* k, const float* kt, const float* vt,
                           const float* dout, float* dq, float* p, float* ds, std::int64_t ld) {
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(c.head_dim));
  for (std::int64_t i = 0; i < c.rows; i += kRowTile) {
    const std::int64_t m = c.rows - i < kRowTile ? c.rows - i : kRowTile, n = i + m, whole = round_up(n);
    float *pi = p + i * ld, *dsi = ds + i * ld;
    matmul<false, false>(q + i * c.head_dim, c.head_dim, m, kt, ld, c.head_dim, whole, pi, ld);
    matmul<false, false>(dout + i * c.dout_stride, c.dout_stride, m, vt, ld, c.head_dim, whole, dsi, ld);
    for (std::int64_t r = 0; r < m; ++r) {
      float *pr = pi + r * ld, *dsr = dsi + r * ld;
      softmax_row(pr, i + r + 1, whole);
      V dot{};
      for (std::int64_t j = 0; j < whole; j += kW) dot = fma(load(pr + j), load(dsr + j), dot);
      const float mean = hsum(dot);
      for (std::int64_t j = 0; j < whole; j += kW) store(dsr + j, (load(dsr + j) - mean) * load(pr + j) * scale);
    }
    matmul<false, false>(dsi, ld, m, k, c.stride, n, c.head_dim, dq + i * c.stride, c.stride);
  }
}

// out[j] (+)= sum over i >= j of a[i][j] * b[i]: the half below the diagonal, in strips of kRowTile columns.
template <bool kAdd>
static void lower_tn(const float* a, std::int64_t ld, const float* b, std::int64_t b_stride, std::int64_t n,
                     std::int64_t head_dim, float* out, std::int64_t out_stride) {
  for (std::int64_t j = 0; j < n; j += kRowTile) {
    const std::int64_t m = n - j < kRowTile ? n - j : kRowTile;
    matmul<true, kAdd>(a + j * ld + j, ld, m, b + j * b_stride, b_stride, n - j, head_dim, out + j * out_stride, out_stride);
  }
}

static void attention_grad(const AttentionGradCall& c) {
  const std::int64_t hd = c.head_dim, ld = round_up(c.rows), group = c.heads / c.kv_heads;
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(hd));
  float* q = c.scratch;
  float* kt = q + ld * hd;
  float* vt = kt + ld * hd;
  float* p = vt + ld * hd;
  float* ds = p + ld * ld;
  for (std::int64_t h = 0; h < c.heads; ++h) {
    const std::int64_t kv = h / group, k_at = (c.heads + kv) * hd, v_at = (c.heads + c.kv_heads + kv) * hd;
    const float *qh = c.qkv + h * hd, *k = c.qkv + k_at, *dout = c.dout + h * hd;
    if (h % group == 0) {
      transpose(k, c.stride, c.rows, hd, kt, ld);
      transpose(c.qkv + v_at, c.stride, c.rows, hd, vt, ld);
    }
    for (std::int64_t i = 0; i < c.rows; ++i)
      AD_FOR_VECTORS(d, hd) put(q + i * hd, d, hd, get(qh + i * c.stride, d, hd) * scale);
    head_grad_rows(c, q, k, kt, vt, dout, c.dqkv + h * hd, p, ds, ld);
    if (h % group == 0) {
      lower_tn<false>(p, ld, dout, c.dout_stride, c.rows, hd, c.dqkv + v_at, c.stride);
      lower_tn<false>(ds, ld, qh, c.stride, c.rows, hd, c.dqkv + k_at, c.stride);
    } else {
      lower_tn<true>(p, ld, dout, c.dout_stride, c.rows, hd, c.dqkv + v_at, c.stride);
      lower_tn<true>(ds, ld, qh, c.stride, c.rows, hd, c.dqkv + k_at, c.stride);
    }
  }
}
