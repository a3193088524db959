// Matrix products. Included by isa_*.cpp only, see simd.hpp.
// One register tile does them all: MR rows by NV vectors of C, one chain of multiply-adds over k per output; sums longer than
// kDepth are cut where depth_block() says, a function of their length alone, and the pieces added in order. Around it the usual
// blocking: a block of A in the second-level cache, a panel of B in the first.

#if AD_SIMD_WIDTH == 16
constexpr int kRowTile = 12;  // 24 of 32 registers
#else
constexpr int kRowTile = 6;  // 12 of 16 registers
#endif
constexpr int kVecTile = 2;
constexpr std::int64_t kPanel = kVecTile * kW;
constexpr std::int64_t kDepth = 384;     // of a panel: 24 KiB at 8 lanes
constexpr std::int64_t kRowBlock = 120;  // rows of A against all panels: at most 180 KiB
constexpr std::int64_t kFewRows = 32;    // are in the second-level cache at any depth a model has
// A weight gradient: rows summed and columns of A packed at a time; up to rows of kInPlace floats nothing is packed.
constexpr std::int64_t kGradDepth = 256, kGradColumns = 96, kInPlace = 512, kInPlaceDepth = 128;

AD_INLINE std::int64_t panels_wide(std::int64_t n) { return (n + kPanel - 1) / kPanel * kPanel; }
AD_INLINE std::int64_t depth_block(std::int64_t k) {
  const std::int64_t blocks = (k + kDepth - 1) / kDepth;
  return blocks <= 1 ? k : (k + blocks - 1) / blocks;
}

// What the processor should fetch while a tile is computed: `step` bytes on with each p.
struct Ahead {
  const char* at;
  std::int64_t step;
};

// C[MR, n] (+)= A B with n <= NV * kW. A[r][p] lies at a[r * lda + p], or at a[p * lda + r] when kTrans.
template <int MR, int NV, bool kTrans, bool kAdd, bool kAhead = false, class B>
AD_INLINE void tile(const float* a, std::int64_t lda, const B* b, std::int64_t ldb, std::int64_t k, float* c, std::int64_t ldc,
                    std::int64_t n, Ahead ahead = {}) {
  V acc[MR][NV];
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r) {
    if (kAdd) __builtin_prefetch(c + r * ldc, 1);  // else the sum would wait for it at the end
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) acc[r][j] = V{};
  }
  for (std::int64_t p = 0; p < k; ++p) {
    if (kAhead) __builtin_prefetch(ahead.at + p * ahead.step, 0, 2);
    V bv[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) bv[j] = load(b + p * ldb + j * kW);
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r) {
      V av = splat(kTrans ? a[p * lda + r] : a[r * lda + p]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[r][j] = fma(av, bv[j], acc[r][j]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      float* to = c + r * ldc + j * kW;
      std::int64_t left = n - j * kW;
      if (left >= kW) {
        store(to, kAdd ? load(to) + acc[r][j] : acc[r][j]);
      } else if (left > 0) {
        store_tail(to, kAdd ? load_tail(to, left, 0) + acc[r][j] : acc[r][j], left);
      }
    }
}

template <int NV, bool kTrans, bool kAdd, bool kAhead = false, class B>
static void rows_tail(const float* a, std::int64_t lda, std::int64_t m, const B* b, std::int64_t ldb, std::int64_t k, float* c,
                      std::int64_t ldc, std::int64_t n, Ahead ahead = {}) {
  switch (m) {
    case 1: return tile<1, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    case 2: return tile<2, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    case 3: return tile<3, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    case 4: return tile<4, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    case 5: return tile<5, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    default: break;
  }
  if constexpr (kRowTile > 6) {
    constexpr std::int64_t half = kRowTile / 2;
    tile<half, NV, kTrans, kAdd, kAhead>(a, lda, b, ldb, k, c, ldc, n, ahead);
    if (m > half)
      rows_tail<NV, kTrans, kAdd, kAhead>(a + half * (kTrans ? 1 : lda), lda, m - half, b, ldb, k, c + half * ldc, ldc, n,
                                          ahead);
  }
}

// All m rows against one panel of n <= NV * kW columns.
template <int NV, bool kTrans, bool kAdd, class B>
static void rows(const float* a, std::int64_t lda, std::int64_t m, const B* b, std::int64_t ldb, std::int64_t k, float* c,
                 std::int64_t ldc, std::int64_t n) {
  std::int64_t r = 0;
  const std::int64_t step = kTrans ? 1 : lda;
  if (n == NV * kW) {  // a constant n lets the compiler drop the tail stores
    for (; r + kRowTile <= m; r += kRowTile)
      tile<kRowTile, NV, kTrans, kAdd>(a + r * step, lda, b, ldb, k, c + r * ldc, ldc, NV * kW);
  } else {
    for (; r + kRowTile <= m; r += kRowTile)
      tile<kRowTile, NV, kTrans, kAdd>(a + r * step, lda, b, ldb, k, c + r * ldc, ldc, n);
  }
  if (r < m) rows_tail<NV, kTrans, kAdd>(a + r * step, lda, m - r, b, ldb, k, c + r * ldc, ldc, n);
}

// C[m, n] (+)= A B with B row-major [k, n], in place. Reads up to kW - 1 floats past the end of B's rows.
template <bool kTrans, bool kAdd>
static void matmul(const float* a, std::int64_t lda, std::int64_t m, const float* b, std::int64_t ldb, std::int64_t k,
                   std::int64_t n, float* c, std::int64_t ldc) {
  std::int64_t j = 0;
  for (; n - j > kW; j += kPanel)
    rows<kVecTile, kTrans, kAdd>(a, lda, m, b + j, ldb, k, c + j, ldc, n - j < kPanel ? n - j : kPanel);
  if (j < n) rows<1, kTrans, kAdd>(a, lda, m, b + j, ldb, k, c + j, ldc, n - j);
}

// One piece of a panel as the tiles read it. Converted once for many rows; for a few, the tiles convert as they go.
AD_INLINE const float* widened(const float* b, std::int64_t, float*) { return b; }
AD_INLINE const float* widened(const std::uint16_t* b, std::int64_t deep, float* wide) {
  AD_FOR_VECTORS(i, deep * kPanel) store(wide + i, load(b + i));
  return wide;
}

// How many of m rows go into the next tile. One or two left over would wait for their own few chains: they take two from the
// tile before.
AD_INLINE std::int64_t tile_rows(std::int64_t m) {
  if (m < kRowTile) return m;
  const std::int64_t over = m - kRowTile;
  return over == 1 || over == 2 ? kRowTile - 2 : kRowTile;
}

// Rows of A against one piece of a panel, `next` being what is read after it: fetched meanwhile, a part with each tile, since
// the sums would wait for it.
template <bool kAdd, class B>
static void piece_rows(const float* a, std::int64_t lda, std::int64_t m, const B* b, std::int64_t k, float* c, std::int64_t ldc,
                       std::int64_t n, const char* next, std::int64_t bytes) {
  const std::int64_t step = bytes * kRowTile / (m < kRowTile ? kRowTile : m) / k;
  for (std::int64_t r = 0, count; r < m; r += count, next += step * k) {
    count = tile_rows(m - r);
    if (count < kRowTile)
      rows_tail<kVecTile, false, kAdd, true>(a + r * lda, lda, count, b, kPanel, k, c + r * ldc, ldc, n, {next, step});
    else if (n == kPanel)  // a constant lets the compiler drop the tail stores
      tile<kRowTile, kVecTile, false, kAdd, true>(a + r * lda, lda, b, kPanel, k, c + r * ldc, ldc, kPanel, {next, step});
    else
      tile<kRowTile, kVecTile, false, kAdd, true>(a + r * lda, lda, b, kPanel, k, c + r * ldc, ldc, n, {next, step});
  }
}

// A product's operands, B in panels of depth k.
template <class B>
struct Product {
  const float* a;
  std::int64_t lda, k, n;
  const B* packed;
  float* c;
  std::int64_t ldc;
  bool add;
};

// Rows [i, i + count) against `deep` values of the panel at column j, from p on.
template <class B>
AD_INLINE void piece(const Product<B>& x, std::int64_t i, std::int64_t count, std::int64_t j, std::int64_t p, std::int64_t deep,
                     std::int64_t to_next, float* wide) {
  const B* b = x.packed + j * x.k + p * kPanel;
  const std::int64_t width = x.n - j < kPanel ? x.n - j : kPanel;
  const float* a = x.a + i * x.lda + p;
  float* c = x.c + i * x.ldc + j;
  const auto* next = reinterpret_cast<const char*>(b + to_next);
  const auto bytes = deep * kPanel * static_cast<std::int64_t>(sizeof(B));
  const auto run = [&](const auto* values) __attribute__((always_inline)) {
    if (x.add || p > 0)
      piece_rows<true>(a, x.lda, count, values, deep, c, x.ldc, width, next, bytes);
    else
      piece_rows<false>(a, x.lda, count, values, deep, c, x.ldc, width, next, bytes);
  };
  if (count > kFewRows)
    run(widened(b, deep, wide));
  else
    run(b);
}

// C[m, n] (+)= A B. A few rows take a panel whole, so that B is one stream; many go by its pieces, and stay in the cache.
template <class B>
static void gemm_panels(const float* a, std::int64_t lda, std::int64_t m, const B* packed, std::int64_t k, std::int64_t n,
                        float* c, std::int64_t ldc, bool add) {
  alignas(64) float wide[kDepth * kPanel];
  const Product<B> x{a, lda, k, n, packed, c, ldc, add};
  const std::int64_t depth = depth_block(k);
  const auto deep = [&](std::int64_t p) { return k - p < depth ? k - p : depth; };
  for (std::int64_t i = 0; i < m; i += kRowBlock) {
    const std::int64_t count = m - i < kRowBlock ? m - i : kRowBlock;
    if (count <= kFewRows) {
      for (std::int64_t j = 0; j < n; j += kPanel)
        for (std::int64_t p = 0; p < k; p += depth) piece(x, i, count, j, p, deep(p), deep(p) * kPanel, wide);
    } else {
      for (std::int64_t p = 0; p < k; p += depth)
        for (std::int64_t j = 0; j < n; j += kPanel) piece(x, i, count, j, p, deep(p), k * kPanel, wide);
    }
  }
}

static void gemm(const float* a, std::int64_t lda, std::int64_t m, const float* packed, std::int64_t k, std::int64_t n,
                 float* c, std::int64_t ldc, bool add) {
  gemm_panels(a, lda, m, packed, k, n, c, ldc, add);
}

static void gemm_bf16(const float* a, std::int64_t lda, std::int64_t m, const std::uint16_t* packed, std::int64_t k,
                      std::int64_t n, float* c, std::int64_t ldc, bool add) {
  gemm_panels(a, lda, m, packed, k, n, c, ldc, add);
}

static void pack_kn(const float* b, std::int64_t ldb, std::int64_t k, std::int64_t n, float* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel, packed += k * kPanel) {
    const std::int64_t width = n - j < kPanel ? n - j : kPanel;
    for (std::int64_t p = 0; p < k; ++p)
      for (std::int64_t i = 0; i < kPanel; i += kW) store(packed + p * kPanel + i, get(b + p * ldb + j, i, width));
  }
}

static void pack_nk(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, float* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel, packed += k * kPanel)
    for (std::int64_t i = 0; i < kPanel; ++i)
      for (std::int64_t p = 0; p < k; ++p) packed[p * kPanel + i] = j + i < n ? b[(j + i) * ldb + p] : 0.0f;
}

static void pack_nk_bf16(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, std::uint16_t* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel, packed += k * kPanel)
    for (std::int64_t i = 0; i < kPanel; ++i)
      for (std::int64_t p = 0; p < k; ++p) packed[p * kPanel + i] = j + i < n ? to_bf16(b[(j + i) * ldb + p]) : 0;
}

// B is packed a block of its rows at a time: 1 / m of the work.
static void gemm_kn(const float* a, std::int64_t lda, std::int64_t m, const float* b, std::int64_t ldb, std::int64_t k,
                    std::int64_t n, float* c, std::int64_t ldc, bool as_bf16, float* scratch) {
  const std::int64_t depth = depth_block(k);
  for (std::int64_t p = 0; p < k; p += depth) {
    const std::int64_t deep = k - p < depth ? k - p : depth;
    pack_kn(b + p * ldb, ldb, deep, n, scratch);
    if (as_bf16) AD_FOR_VECTORS(i, deep * panels_wide(n)) store(scratch + i, round_bf16(load(scratch + i)));
    gemm_panels(a + p, lda, m, scratch, deep, n, c, ldc, p > 0);
  }
}

// Columns of A as [column / kRowTile][row][kRowTile]: in place, rows a power of two apart would share one cache set.
AD_INLINE void pack_columns(const float* a, std::int64_t lda, std::int64_t deep, std::int64_t columns, float* packed) {
  for (std::int64_t r = 0; r < columns; r += kRowTile, packed += deep * kRowTile) {
    const std::int64_t width = columns - r < kRowTile ? columns - r : kRowTile;
    for (std::int64_t p = 0; p < deep; ++p)
      for (std::int64_t i = 0; i < width; ++i) packed[p * kRowTile + i] = a[p * lda + r + i];
  }
}

// Columns of C[n, k] go by panels of B (packed), rows by tiles of A (packed).
AD_INLINE void grad_block(const float* a, const float* b, std::int64_t deep, std::int64_t n, std::int64_t k, float* c,
                          std::int64_t ldc) {
  for (std::int64_t j = 0; j < k; j += kPanel) {
    const std::int64_t width = k - j < kPanel ? k - j : kPanel;
    for (std::int64_t r = 0; r < n; r += kRowTile) {
      const std::int64_t count = n - r < kRowTile ? n - r : kRowTile;
      rows<kVecTile, true, true>(a + r * deep, kRowTile, count, b + j * deep, kPanel, deep, c + r * ldc + j, ldc, width);
    }
  }
}

static void gemm_tn_add(const float* a, std::int64_t lda, const float* b, std::int64_t ldb, std::int64_t m, std::int64_t n,
                        std::int64_t k, float* c, std::int64_t ldc, float* scratch) {
  if (lda <= kInPlace && k <= kInPlace) {
    for (std::int64_t i = 0; i < m; i += kInPlaceDepth)
      matmul<true, true>(a + i * lda, lda, n, b + i * ldb, ldb, m - i < kInPlaceDepth ? m - i : kInPlaceDepth, k, c, ldc);
    return;
  }
  float* columns = scratch + kGradDepth * panels_wide(k);
  for (std::int64_t i = 0; i < m; i += kGradDepth) {
    const std::int64_t deep = m - i < kGradDepth ? m - i : kGradDepth;
    pack_kn(b + i * ldb, ldb, deep, k, scratch);
    for (std::int64_t r = 0; r < n; r += kGradColumns) {
      const std::int64_t count = n - r < kGradColumns ? n - r : kGradColumns;
      pack_columns(a + i * lda + r, lda, deep, count, columns);
      grad_block(columns, scratch, deep, count, k, c + r * ldc, ldc);
    }
  }
}
