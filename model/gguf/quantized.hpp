#pragma once
// ggml's tensor types: blocks of quantized values with their scales, and how they become fp32. The arithmetic, its order
// included, is that of ggml and of the Python package gguf: the same bits come out. Pure functions; any thread.

#include <cstddef>
#include <cstdint>

namespace autodidact {

struct QuantizedType {
  const char* name;  // "Q4_K"
  std::uint32_t block_values, block_bytes;
  void (*dequantize)(const std::uint8_t* from, std::size_t blocks, float* to);
};
// By ggml's number; null for one that is not read (see kQuantizedTypes).
const QuantizedType* quantized_type(std::uint32_t type);
inline constexpr const char* kQuantizedTypes = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K and Q6_K";

// The first value that is NaN or infinite; `count` when all are finite.
std::size_t first_not_finite(const float* values, std::size_t count);

}  // namespace autodidact
