// Causal attention with grouped queries, forward and backward. Included by isa_*.cpp only, see simd.hpp.
// Scores are taken 16 keys at a time from transposed key tiles, so no dot product ends in a horizontal sum; weights times
// values is a small matrix product. One query (decoding) and many (prompt, training) run the same chain per output.

AD_INLINE std::int64_t round_up(std::int64_t n) { return (n + kKeyTile - 1) / kKeyTile * kKeyTile; }

// Softmax of the first n scores, zero in the others up to `padded`, whole vectors all along: the row has room for them.
AD_INLINE void softmax_row(float* s, std::int64_t n, std::int64_t padded) {
  const std::int64_t whole = (n + kW - 1) / kW * kW;
  if (n < whole) store(s + whole - kW, keep_lanes(load(s + whole - kW), n - (whole - kW), -__builtin_inff()));
  V top = load(s);
  for (std::int64_t i = kW; i < whole; i += kW) top = max(top, load(s + i));
  const float most = hmax(top);
  V sum{};
  for (std::int64_t i = 0; i < whole; i += kW) {
    V e = vexp(load(s + i) - most);
    store(s + i, e);
    sum += e;
  }
  const float scale = 1.0f / hsum(sum);
  for (std::int64_t i = 0; i < whole; i += kW) store(s + i, load(s + i) * scale);
  for (std::int64_t i = whole; i < padded; i += kW) store(s + i, V{});
}

// Scores of one query against kTiles tiles side by side: alone, a chain's latency would be the speed.
template <int kTiles>
AD_INLINE void score_tiles(const float* q, const float* k_tiles, std::int64_t head_dim, float* s) {
  constexpr int kVecs = kKeyTile / kW;
  V acc[kTiles * kVecs];
#pragma GCC unroll 8
  for (int j = 0; j < kTiles * kVecs; ++j) acc[j] = V{};
  for (std::int64_t d = 0; d < head_dim; ++d) {
    V qv = splat(q[d]);
#pragma GCC unroll 8
    for (int j = 0; j < kTiles * kVecs; ++j)
      acc[j] = fma(qv, load(k_tiles + (j / kVecs) * head_dim * kKeyTile + d * kKeyTile + (j % kVecs) * kW), acc[j]);
  }
#pragma GCC unroll 8
  for (int j = 0; j < kTiles * kVecs; ++j) store(s + j * kW, acc[j]);
}

template <int kMost>
static void scores_of_one(const float* q, const float* k_tiles, std::int64_t tiles, std::int64_t head_dim, float* s) {
  for (; tiles >= kMost; tiles -= kMost, k_tiles += kMost * head_dim * kKeyTile, s += kMost * kKeyTile)
    score_tiles<kMost>(q, k_tiles, head_dim, s);
  if constexpr (kMost > 1) scores_of_one<kMost - 1>(q, k_tiles, tiles, head_dim, s);
}

// out[h] = weights[h] * values for kHeads heads of one query.
template <int kHeads>
static void weigh_values(const float* s, std::int64_t ld, std::int64_t n, const float* v, std::int64_t v_stride,
                         std::int64_t head, std::int64_t group, std::int64_t head_dim, float* out) {
  for (std::int64_t j = 0; j < head_dim; j += kPanel) {
    V acc[kHeads][kVecTile];
    const float* from[kHeads];
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h) {
      from[h] = v + (head + h) / group * head_dim + j;
#pragma GCC unroll 4
      for (int i = 0; i < kVecTile; ++i) acc[h][i] = V{};
    }
    for (std::int64_t p = 0; p < n; ++p)
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) {
        V w = splat(s[h * ld + p]);
#pragma GCC unroll 4
        for (int i = 0; i < kVecTile; ++i) acc[h][i] = fma(w, load(from[h] + p * v_stride + i * kW), acc[h][i]);
      }
    for (int h = 0; h < kHeads; ++h)
      for (int i = 0; i < kVecTile; ++i) {
        std::int64_t left = head_dim - j - i * kW;
        if (left > 0) put(out + h * head_dim + j + i * kW, 0, left, acc[h][i]);
      }
  }
}

static void attend_one(const AttentionCall& c) {
  const std::int64_t n = c.first + 1, tiles = round_up(n) / kKeyTile, ld = tiles * kKeyTile, group = c.heads / c.kv_heads;
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(c.head_dim));
  const std::int64_t width = c.heads * c.head_dim;
  float* q = c.scratch;
  float* s = c.scratch + width + kW;
  AD_FOR_VECTORS(i, width) put(q, i, width, get(c.q, i, width) * scale);
  for (std::int64_t h = 0; h < c.heads; h += group) {
    const float* k_tiles = c.k_tiles + h / group * c.k_head_stride;
    if (group == 1) {
      scores_of_one<8 * kW / kKeyTile>(q + h * c.head_dim, k_tiles, tiles, c.head_dim, s + h * ld);
    } else {
      for (std::int64_t t = 0; t < tiles; ++t)
        matmul<false, false>(q + h * c.head_dim, c.head_dim, group, k_tiles + t * c.head_dim * kKeyTile, kKeyTile, c.head_dim,
                             kKeyTile, s + h * ld + t * kKeyTile, ld);
    }
    for (std::int64_t i = h; i < h + group; ++i) softmax_row(s + i * ld, n, n);
  }
  std::int64_t h = 0;
  for (; h + 4 <= c.heads; h += 4)
    weigh_values<4>(s + h * ld, ld, n, c.v, c.v_stride, h, group, c.head_dim, c.out + h * c.head_dim);
  for (; h < c.heads; ++h) weigh_values<1>(s + h * ld, ld, n, c.v, c.v_stride, h, group, c.head_dim, c.out + h * c.head_dim);
}

static void attention(const AttentionCall& c) {
  if (c.rows == 1) return attend_one(c);
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(c.head_dim));
  const std::int64_t group = c.heads / c.kv_heads, ld = round_up(c.first + c.rows);
  float* q = c.scratch;
  float* s = c.scratch + kRowTile * c.head_dim + kW;
  for (std::int64_t h = 0; h < c.heads; ++h) {
    const float* k_tiles = c.k_tiles + h / group * c.k_head_stride;
    for (std::int64_t i = 0; i < c.rows; i += kRowTile) {
      const std::int64_t m = c.rows - i < kRowTile ? c.rows - i : kRowTile, n = c.first + i + m;
      for (std::int64_t r = 0; r < m; ++r) AD_FOR_VECTORS(d, c.head_dim)
      put(q + r * c.head_dim, d, c.head_dim, get(c.q + (i + r) * c.q_stride + h * c.head_dim, d, c.head_dim) * scale);
      for (std::int64_t t = 0; t * kKeyTile < n; ++t)
        matmul<false, false>(q, c.head_dim, m, k_tiles + t * c.head_dim * kKeyTile, kKeyTile, c.head_dim, kKeyTile,
                             s + t * kKeyTile, ld);
      for (std::int64_t r = 0; r < m; ++r) softmax_row(s + r * ld, c.first + i + r + 1, n);
      matmul<false, false>(s, ld, m, c.v + h / group * c.head_dim, c.v_stride, n, c.head_dim,
                           c.out + i * c.out_stride + h * c.head_dim, c.out_stride);
    }
  }
}

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
