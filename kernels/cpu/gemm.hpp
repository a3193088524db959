// Matrix products. One register tile does them all: MR rows by NV vectors of C, one chain of multiply-adds over k per output.
// Included by isa_*.cpp only, see simd.hpp.

#if AD_SIMD_WIDTH == 16
constexpr int kRowTile = 12;  // 24 of 32 registers
#else
constexpr int kRowTile = 6;  // 12 of 16 registers
#endif
constexpr int kVecTile = 2;
constexpr std::int64_t kPanel = kVecTile * kW;

// C[MR, n] (+)= A B with n <= NV * kW. A[r][p] lies at a[r * lda + p], or at a[p * lda + r] when kTrans.
template <int MR, int NV, bool kTrans, bool kAdd>
AD_INLINE void tile(const float* a, std::int64_t lda, const float* b, std::int64_t ldb, std::int64_t k, float* c,
                    std::int64_t ldc, std::int64_t n) {
  V acc[MR][NV];
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) acc[r][j] = V{};
  for (std::int64_t p = 0; p < k; ++p) {
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

template <int NV, bool kTrans, bool kAdd>
static void rows_tail(const float* a, std::int64_t lda, std::int64_t m, const float* b, std::int64_t ldb, std::int64_t k,
                      float* c, std::int64_t ldc, std::int64_t n) {
  switch (m) {
    case 1: return tile<1, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    case 2: return tile<2, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    case 3: return tile<3, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    case 4: return tile<4, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    case 5: return tile<5, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    default: break;
  }
  if constexpr (kRowTile > 6) {
    constexpr std::int64_t half = kRowTile / 2;
    tile<half, NV, kTrans, kAdd>(a, lda, b, ldb, k, c, ldc, n);
    if (m > half) rows_tail<NV, kTrans, kAdd>(a + half * (kTrans ? 1 : lda), lda, m - half, b, ldb, k, c + half * ldc, ldc, n);
  }
}

// All m rows against one panel of n <= NV * kW columns.
template <int NV, bool kTrans, bool kAdd>
static void rows(const float* a, std::int64_t lda, std::int64_t m, const float* b, std::int64_t ldb, std::int64_t k, float* c,
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

static void gemm(const float* a, std::int64_t lda, std::int64_t m, const float* packed, std::int64_t k, std::int64_t n,
                 float* c, std::int64_t ldc, bool add) {
  for (std::int64_t j = 0; j < n; j += kPanel) {
    const float* b = packed + j * k;
    std::int64_t width = n - j < kPanel ? n - j : kPanel;
    if (add)
      rows<kVecTile, false, true>(a, lda, m, b, kPanel, k, c + j, ldc, width);
    else
      rows<kVecTile, false, false>(a, lda, m, b, kPanel, k, c + j, ldc, width);
  }
}

// Rows are taken 128 at a time so that a panel of B stays in the first-level cache.
static void gemm_tn_add(const float* a, std::int64_t lda, const float* b, std::int64_t ldb, std::int64_t m, std::int64_t n,
                        std::int64_t k, float* c, std::int64_t ldc) {
  constexpr std::int64_t kBlock = 128;
  for (std::int64_t i = 0; i < m; i += kBlock) {
    std::int64_t count = m - i < kBlock ? m - i : kBlock;
    matmul<true, true>(a + i * lda, lda, n, b + i * ldb, ldb, count, k, c, ldc);
  }
}

static void pack_nk(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, float* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel)
    for (std::int64_t p = 0; p < k; ++p)
      for (std::int64_t i = 0; i < kPanel; ++i) *packed++ = j + i < n ? b[(j + i) * ldb + p] : 0.0f;
}

static void pack_kn(const float* b, std::int64_t ldb, std::int64_t k, std::int64_t n, float* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel)
    for (std::int64_t p = 0; p < k; ++p)
      for (std::int64_t i = 0; i < kPanel; ++i) *packed++ = j + i < n ? b[p * ldb + j + i] : 0.0f;
}
