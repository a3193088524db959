// Loops over whole blocks with constant bounds, without branches: the compiler makes vector code of them. No contraction into
// fused multiply-adds (see CMakeLists.txt): it would give other last bits.

#include "model/gguf/quantized.hpp"

#include <bit>
#include <cstring>

namespace autodidact {
namespace {

using Byte = std::uint8_t;
static_assert(std::endian::native == std::endian::little, "GGUF data is little-endian and is read as it is");

constexpr int kSuper = 256;  // values in a block of the K types

inline std::uint16_t bits_at(const Byte* from) {
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}

// Below 2^-14 a half has no hidden bit: adding and taking away 2^-14 makes the number of it.
inline float widen(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, rest = (half & 0x7fffu) << 13;
  const std::uint32_t exponent = rest & 0x0f800000u;
  const float tiny = std::bit_cast<float>(rest + (113u << 23)) - std::bit_cast<float>(113u << 23);
  const std::uint32_t wide = rest + (exponent == 0x0f800000u ? 224u << 23 : 112u << 23);
  return std::bit_cast<float>(sign | (exponent == 0 ? std::bit_cast<std::uint32_t>(tiny) : wide));
}
inline float half_at(const Byte* from) { return widen(bits_at(from)); }

void from_f32(const Byte* from, std::size_t blocks, float* to) { std::memcpy(to, from, blocks * sizeof(float)); }
void from_f16(const Byte* from, std::size_t blocks, float* to) {
  for (std::size_t i = 0; i < blocks; ++i) to[i] = widen(bits_at(from + 2 * i));
}
void from_bf16(const Byte* from, std::size_t blocks, float* to) {
  for (std::size_t i = 0; i < blocks; ++i)
    to[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits_at(from + 2 * i)) << 16);
}

// f16 scale, 32 signed bytes.
void from_q8_0(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 34, to += 32) {
    const float d = half_at(from);
    for (int i = 0; i < 32; ++i) to[i] = d * static_cast<float>(static_cast<std::int8_t>(from[2 + i]));
  }
}

// f16 scale; byte i holds values i (low half) and i + 16 (high half).
void from_q4_0(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 18, to += 32) {
    const float d = half_at(from);
    for (int i = 0; i < 16; ++i) to[i] = d * static_cast<float>((from[2 + i] & 15) - 8);
    for (int i = 0; i < 16; ++i) to[16 + i] = d * static_cast<float>((from[2 + i] >> 4) - 8);
  }
}
// The same with an f16 minimum.
void from_q4_1(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 20, to += 32) {
    const float d = half_at(from), least = half_at(from + 2);
    for (int i = 0; i < 16; ++i) to[i] = d * static_cast<float>(from[4 + i] & 15) + least;
    for (int i = 0; i < 16; ++i) to[16 + i] = d * static_cast<float>(from[4 + i] >> 4) + least;
  }
}

// The fifth bits stand in 32 bits of their own, value i's in bit i.
inline std::uint32_t fifth_bits(const Byte* from) {
  std::uint32_t high;
  std::memcpy(&high, from, sizeof high);
  return high;
}
inline int low5(Byte packed, std::uint32_t high, int i) { return (packed & 15) | static_cast<int>((high >> i) & 1) << 4; }
inline int high5(Byte packed, std::uint32_t high, int i) {
  return (packed >> 4) | static_cast<int>((high >> (i + 16)) & 1) << 4;
}
void from_q5_0(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 22, to += 32) {
    const float d = half_at(from);
    const std::uint32_t high = fifth_bits(from + 2);
    for (int i = 0; i < 16; ++i) to[i] = d * static_cast<float>(low5(from[6 + i], high, i) - 16);
    for (int i = 0; i < 16; ++i) to[16 + i] = d * static_cast<float>(high5(from[6 + i], high, i) - 16);
  }
}
void from_q5_1(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 24, to += 32) {
    const float d = half_at(from), least = half_at(from + 2);
    const std::uint32_t high = fifth_bits(from + 4);
    for (int i = 0; i < 16; ++i) to[i] = d * static_cast<float>(low5(from[8 + i], high, i)) + least;
    for (int i = 0; i < 16; ++i) to[16 + i] = d * static_cast<float>(high5(from[8 + i], high, i)) + least;
  }
}

// 16 groups of 16: a byte of scale (low half) and minimum (high half) each, then the values by twos of bits, then d and dmin.
void from_q2_k(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 84, to += kSuper) {
    const Byte* packed = from + 16;
    const float d = half_at(from + 80), dmin = half_at(from + 82);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(from[group] & 15), least = dmin * static_cast<float>(from[group] >> 4);
      const Byte* bytes = packed + group / 8 * 32 + group % 2 * 16;
      const int shift = group % 8 / 2 * 2;
      for (int i = 0; i < 16; ++i) to[16 * group + i] = scale * static_cast<float>((bytes[i] >> shift) & 3) - least;
    }
  }
}

// Third bits (32 bytes, inverted), values by twos of bits (64), 16 scales of six bits (12), d.
inline int scale_of_q3_k(const Byte* scales, int group) {
  const int low = (scales[group % 8] >> (group / 8 * 4)) & 15, high = (scales[8 + group % 4] >> (group / 4 * 2)) & 3;
  return (low | high << 4) - 32;
}
void from_q3_k(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 110, to += kSuper) {
    const float d = half_at(from + 108);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(scale_of_q3_k(from + 96, group));
      const Byte *high = from + group % 2 * 16, *low = from + 32 + group / 8 * 32 + group % 2 * 16;
      const int shift = group % 8 / 2 * 2, bit = group / 2;
      for (int i = 0; i < 16; ++i)
        to[16 * group + i] = scale * static_cast<float>(((low[i] >> shift) & 3) - (~(high[i] >> bit) & 1) * 4);
    }
  }
}

// Q4_K and Q5_K: 8 groups of 32 with a scale and a minimum of six bits each, packed into 12 bytes.
struct Group {
  float scale, least;
};
inline Group group_of_k(const Byte* scales, int group, float d, float dmin) {
  int scale, least;
  if (group < 4) {
    scale = scales[group] & 63;
    least = scales[4 + group] & 63;
  } else {
    scale = (scales[4 + group] & 15) | (scales[group - 4] >> 6) << 4;
    least = (scales[4 + group] >> 4) | (scales[group] >> 6) << 4;
  }
  return {d * static_cast<float>(scale), dmin * static_cast<float>(least)};
}
void from_q4_k(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 144, to += kSuper) {
    const float d = half_at(from), dmin = half_at(from + 2);
    for (int group = 0; group < 8; ++group) {
      const auto [scale, least] = group_of_k(from + 4, group, d, dmin);
      const Byte* bytes = from + 16 + group / 2 * 32;
      const int shift = group % 2 * 4;
      for (int i = 0; i < 32; ++i) to[32 * group + i] = scale * static_cast<float>((bytes[i] >> shift) & 15) - least;
    }
  }
}
void from_q5_k(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 176, to += kSuper) {
    const float d = half_at(from), dmin = half_at(from + 2);
    const Byte* high = from + 16;
    for (int group = 0; group < 8; ++group) {
      const auto [scale, least] = group_of_k(from + 4, group, d, dmin);
      const Byte* bytes = from + 48 + group / 2 * 32;
      const int shift = group % 2 * 4;
      for (int i = 0; i < 32; ++i)
        to[32 * group + i] = scale * static_cast<float>(((bytes[i] >> shift) & 15) | ((high[i] >> group) & 1) << 4) - least;
    }
  }
}

// Low halves (128 bytes), upper twos of bits (64), 16 signed scales, d.
void from_q6_k(const Byte* from, std::size_t blocks, float* to) {
  for (; blocks > 0; --blocks, from += 210, to += kSuper) {
    const float d = half_at(from + 208);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(static_cast<std::int8_t>(from[192 + group]));
      const int half = group / 8, quarter = group % 8 / 2, column = group % 2 * 16;
      const Byte *low = from + half * 64 + quarter % 2 * 32 + column, *high = from + 128 + half * 32 + column;
      const int low_shift = quarter / 2 * 4, high_shift = quarter * 2;
      for (int i = 0; i < 16; ++i)
        to[16 * group + i] =
            scale * static_cast<float>((((low[i] >> low_shift) & 15) | ((high[i] >> high_shift) & 3) << 4) - 32);
    }
  }
}

}  // namespace

const QuantizedType* quantized_type(std::uint32_t type) {
  static constexpr QuantizedType kF32{"F32", 1, 4, from_f32}, kF16{"F16", 1, 2, from_f16}, kBf16{"BF16", 1, 2, from_bf16},
      kQ4_0{"Q4_0", 32, 18, from_q4_0}, kQ4_1{"Q4_1", 32, 20, from_q4_1}, kQ5_0{"Q5_0", 32, 22, from_q5_0},
      kQ5_1{"Q5_1", 32, 24, from_q5_1}, kQ8_0{"Q8_0", 32, 34, from_q8_0}, kQ2_K{"Q2_K", kSuper, 84, from_q2_k},
      kQ3_K{"Q3_K", kSuper, 110, from_q3_k}, kQ4_K{"Q4_K", kSuper, 144, from_q4_k}, kQ5_K{"Q5_K", kSuper, 176, from_q5_k},
      kQ6_K{"Q6_K", kSuper, 210, from_q6_k};
  switch (type) {
    case 0: return &kF32;
    case 1: return &kF16;
    case 2: return &kQ4_0;
    case 3: return &kQ4_1;
    case 6: return &kQ5_0;
    case 7: return &kQ5_1;
    case 8: return &kQ8_0;
    case 10: return &kQ2_K;
    case 11: return &kQ3_K;
    case 12: return &kQ4_K;
    case 13: return &kQ5_K;
    case 14: return &kQ6_K;
    case 30: return &kBf16;
    default: return nullptr;
  }
}

std::size_t first_not_finite(const float* values, std::size_t count) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  const auto off = [](float value) { return (std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent; };
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < count; ++i) any |= off(values[i]) ? 1u : 0u;
  if (any == 0) return count;
  std::size_t at = 0;
  while (!off(values[at])) ++at;
  return at;
}

}  // namespace autodidact
