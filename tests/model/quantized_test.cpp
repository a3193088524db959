// Blocks made by hand, value by value from the description of each format; the Python package gguf is the other judge
// (gguf_peers.py).

#include "model/gguf/quantized.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace autodidact {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint16_t kOne = 0x3c00, kHalf = 0x3800, kMinusTwo = 0xc000;  // as f16

std::vector<float> values_of(std::uint32_t type, const Bytes& bytes) {
  const QuantizedType& format = *quantized_type(type);
  EXPECT_EQ(bytes.size() % format.block_bytes, 0u);
  std::vector<float> out(bytes.size() / format.block_bytes * format.block_values);
  format.dequantize(bytes.data(), bytes.size() / format.block_bytes, out.data());
  return out;
}
Bytes halves(std::initializer_list<std::uint16_t> values) {
  Bytes out;
  for (const std::uint16_t value : values) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  return out;
}
Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST(Quantized, EveryHalfBecomesTheNumberItIs) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = values_of(1, halves({static_cast<std::uint16_t>(bits)}))[0];
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double size = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent < 31) {
      ASSERT_EQ(value, static_cast<float>(bits >> 15 ? -size : size)) << bits;
    } else {
      ASSERT_EQ(std::isnan(value), mantissa != 0) << bits;
    }
    ASSERT_EQ(std::signbit(value), bits >> 15 == 1) << bits;
    ASSERT_EQ(std::isfinite(value), exponent < 31) << bits;
  }
}

TEST(Quantized, Bf16AndF32AreCopied) {
  EXPECT_EQ(values_of(30, halves({0x3f80, 0xc040})), (std::vector<float>{1, -3}));
  EXPECT_EQ(values_of(0, halves({0x0000, 0x4048})), (std::vector<float>{3.125f}));
}

TEST(Quantized, Q8_0) {
  Bytes bytes = halves({kHalf});
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 8 - 128));
  const auto values = values_of(8, bytes);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 0.5f * static_cast<float>(i * 8 - 128));
}

TEST(Quantized, FourBits) {
  Bytes packed;
  for (int i = 0; i < 16; ++i) packed.push_back(static_cast<std::uint8_t>(i | (15 - i) << 4));
  const auto q4_0 = values_of(2, halves({kHalf}) + packed), q4_1 = values_of(3, halves({kHalf, kMinusTwo}) + packed);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(q4_0[i], 0.5f * static_cast<float>(i - 8));
    EXPECT_EQ(q4_0[16 + i], 0.5f * static_cast<float>(7 - i));
    EXPECT_EQ(q4_1[i], 0.5f * static_cast<float>(i) - 2);
    EXPECT_EQ(q4_1[16 + i], 0.5f * static_cast<float>(15 - i) - 2);
  }
}

TEST(Quantized, FiveBits) {
  Bytes packed(16, 0x21);                       // 1 below, 2 above
  const Bytes high = {0x01, 0x80, 0x00, 0x80};  // of values 0, 15 and 31
  const auto q5_0 = values_of(6, halves({kOne}) + high + packed), q5_1 = values_of(7, halves({kOne, kHalf}) + high + packed);
  for (int i = 0; i < 32; ++i) {
    const int whole = (i < 16 ? 1 : 2) + (i == 0 || i == 15 || i == 31 ? 16 : 0);
    EXPECT_EQ(q5_0[i], static_cast<float>(whole - 16)) << i;
    EXPECT_EQ(q5_1[i], static_cast<float>(whole) + 0.5f) << i;
  }
}

// Bytes at random places of super-blocks, taken apart bit by bit.
Bytes scrambled(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 12345;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}
int bits(const std::uint8_t* from, int index, int shift, int width) { return from[index] >> shift & ((1 << width) - 1); }

TEST(Quantized, Q2_KAndQ3_K) {
  const Bytes two = scrambled(80) + halves({kHalf, kOne}), three = scrambled(108) + halves({kHalf});
  const auto q2 = values_of(10, two), q3 = values_of(11, three);
  for (int i = 0; i < 256; ++i) {
    const int group = i / 16, byte = i / 128 * 32 + i % 32, shift = i % 128 / 32 * 2;
    EXPECT_EQ(q2[i], 0.5f * static_cast<float>(two[group] & 15) * static_cast<float>(bits(&two[16], byte, shift, 2)) -
                         static_cast<float>(two[group] >> 4));
    const int scale = bits(&three[96], group % 8, group / 8 * 4, 4) + 16 * bits(&three[104], group % 4, group / 4 * 2, 2) - 32;
    const int value = bits(&three[32], byte, shift, 2) - 4 * (1 - bits(&three[0], i % 32, i / 32, 1));
    EXPECT_EQ(q3[i], 0.5f * static_cast<float>(scale) * static_cast<float>(value)) << i;
  }
}

TEST(Quantized, Q4_KAndQ5_K) {
  const Bytes four = halves({kHalf, kOne}) + scrambled(140), five = halves({kHalf, kOne}) + scrambled(172);
  const auto q4 = values_of(12, four), q5 = values_of(13, five);
  const auto scale_of = [](const std::uint8_t* packed, int group, int shift) {  // 0: scale, 4: minimum
    return group < 4 ? bits(packed, group + shift, 0, 6)
                     : bits(packed, group + 4, shift, 4) + 16 * bits(packed, group - 4 + shift, 6, 2);
  };
  for (int i = 0; i < 256; ++i) {
    const int group = i / 32, byte = i / 64 * 32 + i % 32, shift = group % 2 * 4;
    EXPECT_EQ(q4[i],
              0.5f * static_cast<float>(scale_of(&four[4], group, 0)) * static_cast<float>(bits(&four[16], byte, shift, 4)) -
                  static_cast<float>(scale_of(&four[4], group, 4)))
        << i;
    const int value = bits(&five[48], byte, shift, 4) + 16 * bits(&five[16], i % 32, group, 1);
    EXPECT_EQ(q5[i], 0.5f * static_cast<float>(scale_of(&five[4], group, 0)) * static_cast<float>(value) -
                         static_cast<float>(scale_of(&five[4], group, 4)))
        << i;
  }
}

TEST(Quantized, Q6_K) {
  const Bytes bytes = scrambled(208) + halves({kHalf});
  const auto values = values_of(14, bytes);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, in_half = i % 128;
    const int low = bits(bytes.data(), half * 64 + in_half % 64, in_half / 64 * 4, 4);
    const int high = bits(&bytes[128], half * 32 + in_half % 32, in_half / 32 * 2, 2);
    const auto scale = static_cast<std::int8_t>(bytes[192 + i / 16]);
    EXPECT_EQ(values[i], 0.5f * static_cast<float>(scale) * static_cast<float>(low + 16 * high - 32)) << i;
  }
}

TEST(Quantized, OtherTypesAreNotRead) {
  for (const std::uint32_t type : {4u, 5u, 9u, 15u, 16u, 24u, 28u, 31u, ~0u}) EXPECT_EQ(quantized_type(type), nullptr);
}

TEST(Quantized, FindsTheFirstValueThatIsNotFinite) {
  std::vector<float> values(1000, std::numeric_limits<float>::max());
  EXPECT_EQ(first_not_finite(values.data(), values.size()), values.size());
  values[999] = -INFINITY;
  values[501] = std::nanf("");
  EXPECT_EQ(first_not_finite(values.data(), values.size()), 501u);
  EXPECT_EQ(first_not_finite(values.data(), 0), 0u);
}

}  // namespace
}  // namespace autodidact
