// The vector type of one instruction set. Included by isa_*.cpp only, inside the anonymous namespace, after AD_SIMD_WIDTH is
// defined; no other header may come in there, or its inline functions would be compiled for that instruction set and shared.
// Compiled with -ffp-contract=off: a fused multiply-add is where fma() stands and nowhere else, so results do not depend on
// what the optimiser makes of a loop.

#define AD_INLINE static inline __attribute__((always_inline))

constexpr std::int64_t kW = AD_SIMD_WIDTH;
typedef float V __attribute__((vector_size(AD_SIMD_WIDTH * 4)));
typedef float VLoad __attribute__((vector_size(AD_SIMD_WIDTH * 4), aligned(4), may_alias));
typedef std::int32_t VI __attribute__((vector_size(AD_SIMD_WIDTH * 4)));
typedef std::uint32_t VBits __attribute__((vector_size(AD_SIMD_WIDTH * 4)));

AD_INLINE V load(const float* p) { return *reinterpret_cast<const VLoad*>(p); }
AD_INLINE void store(float* p, V v) { *reinterpret_cast<VLoad*>(p) = v; }
AD_INLINE V splat(float x) { return x - V{}; }

// bfloat16: the upper half of a float, rounded to nearest even. A NaN stays one.
typedef std::uint16_t VHalf __attribute__((vector_size(AD_SIMD_WIDTH * 2), aligned(2), may_alias));
AD_INLINE V load(const std::uint16_t* p) {
#if AD_SIMD_WIDTH == 8 && defined(__AVX2__)  // what the compiler makes of the line below takes four instructions
  return (V)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), 16);
#else
  return (V)(__builtin_convertvector(*reinterpret_cast<const VHalf*>(p), VBits) << 16);
#endif
}
AD_INLINE V round_bf16(V v) {
  VBits bits = (VBits)v, kept = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  return v == v ? (V)kept : v;
}
AD_INLINE std::uint16_t to_bf16(float x) {
  std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
  if (x != x) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

AD_INLINE V fma(V a, V b, V c) {
#if AD_SIMD_WIDTH == 16 && defined(__AVX512F__)
  return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif AD_SIMD_WIDTH == 8 && defined(__FMA__)
  return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

// The other operand when one is NaN is not wanted: a NaN must come through.
AD_INLINE V max(V a, V b) { return a > b ? a : b; }

// The upper half is folded onto the lower until one lane is left: one fixed order.
#if AD_SIMD_WIDTH == 16
#define AD_HALVES(v, op) \
  op(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15))
#elif AD_SIMD_WIDTH == 8
#define AD_HALVES(v, op) (v)
#endif
#define AD_PLUS(a, b) ((a) + (b))
#define AD_LARGER(a, b) ((a) > (b) ? (a) : (b))
AD_INLINE float hsum(V v) {
#if AD_SIMD_WIDTH >= 8
  auto eight = AD_HALVES(v, AD_PLUS);
  auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#else
  V four = v;
#endif
  return (four[0] + four[2]) + (four[1] + four[3]);
}
AD_INLINE float hmax(V v) {  // a NaN may be lost here: sums show it
#if AD_SIMD_WIDTH >= 8
  auto eight = AD_HALVES(v, AD_LARGER);
  auto four = AD_LARGER(__builtin_shufflevector(eight, eight, 0, 1, 2, 3), __builtin_shufflevector(eight, eight, 4, 5, 6, 7));
#else
  V four = v;
#endif
  float a = AD_LARGER(four[0], four[2]), b = AD_LARGER(four[1], four[3]);
  return AD_LARGER(a, b);
}

// v in the first n lanes, `fill` in the others.
alignas(64) constexpr std::int32_t kLaneNumbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
AD_INLINE V keep_lanes(V v, std::int64_t n, float fill) {
  VI lane = *reinterpret_cast<const VI*>(kLaneNumbers);
  return lane < static_cast<std::int32_t>(n) ? v : splat(fill);
}

// The first n lanes of memory, `fill` in the others.
AD_INLINE V load_tail(const float* p, std::int64_t n, float fill) {
  float t[kW];
  for (std::int64_t i = 0; i < kW; ++i) t[i] = i < n ? p[i] : fill;
  return load(t);
}
AD_INLINE void store_tail(float* p, V v, std::int64_t n) {
  float t[kW];
  store(t, v);
  for (std::int64_t i = 0; i < kW; ++i)
    if (i < n) p[i] = t[i];
}

// For each vector of a row of n floats; get() and put() mind the tail.
#define AD_FOR_VECTORS(i, n) for (std::int64_t i = 0; i < (n); i += kW)
AD_INLINE V get(const float* p, std::int64_t i, std::int64_t n, float fill = 0) {
  return n - i >= kW ? load(p + i) : load_tail(p + i, n - i, fill);
}
AD_INLINE void put(float* p, std::int64_t i, std::int64_t n, V v) {
  if (n - i >= kW)
    store(p + i, v);
  else
    store_tail(p + i, v, n - i);
}

// exp(x): 2^n * e^r with |r| <= ln2 / 2 and the Taylor series to r^7 (truncation 5e-9); at most 1.5e-7 relative error over
// [-87, 88]. Below -87.3 it is 0 (attention masks with -inf); NaN stays NaN.
AD_INLINE V vexp(V x) {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
  V low = splat(-87.33f), high = splat(88.37f);
  VI under = x < low;
  V y = x < low ? low : x;
  y = y > high ? high : y;
  V t = fma(y, splat(1.44269504f), splat(kMagic));
  V n = t - kMagic;
  V r = fma(n, splat(-0.693359375f), y);
  r = fma(n, splat(2.12194440e-4f), r);
  V p = splat(1.0f / 5040);
  p = fma(p, r, splat(1.0f / 720));
  p = fma(p, r, splat(1.0f / 120));
  p = fma(p, r, splat(1.0f / 24));
  p = fma(p, r, splat(1.0f / 6));
  p = fma(p, r, splat(0.5f));
  p = fma(p * r, r, r) + 1.0f;
  V scale = (V)(((VBits)t << 23) + (127u << 23));
  V result = p * scale;
  return under ? V{} : result;
}
// A NaN stays one.
AD_INLINE V at_least(float low, V t) {
#if AD_SIMD_WIDTH == 8 && defined(__AVX2__)  // the compiler takes two instructions
  return (V)_mm256_max_ps(_mm256_set1_ps(low), (__m256)t);
#else
  const V least = splat(low);
  return least > t ? least : t;
#endif
}

// 2^t for t <= 0, at most 1.6e-7 relative error; 0 below -126.5 (for -inf too), NaN stays NaN. Fewer steps than exp(x): it is
// what every token of a vocabulary costs at every step.
AD_INLINE V vexp2_negative(V t) {
  constexpr float kMagic = 12582912.0f;
  const V y = at_least(-127.0f, t);
  const V rounded = y + kMagic;
  const V f = y - (rounded - kMagic);
  V p = splat(1.3264727e-3f);  // minimax over [-0.5, 0.5] with p(0) = 1
  p = fma(p, f, splat(9.671513e-3f));
  p = fma(p, f, splat(5.5507336e-2f));
  p = fma(p, f, splat(2.4022242e-1f));
  p = fma(p, f, splat(6.93147e-1f));
  p = fma(p, f, splat(1.0f));
  return p * (V)(((VBits)rounded << 23) + (127u << 23));
}
AD_INLINE V sigmoid(V x) { return 1.0f / (1.0f + vexp(-x)); }
