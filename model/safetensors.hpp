#pragma once
// The safetensors file format. What is read is hostile: every length, offset, name, dtype and shape is checked before it is
// used. Tensors are read in place, one at a time: a file needs no room in memory beside the weights. Free functions without
// state: any thread may call them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "model/byte_source.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct SafetensorsEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes, from the start of the data section; disjoint, without holes
};

// The tensors of a file, in the order of their data, and where the data section begins. kBadInput says what is wrong
// at which tensor or byte.
struct SafetensorsIndex {
  std::vector<SafetensorsEntry> entries;
  std::size_t data_begin = 0;
};
Result<SafetensorsIndex> parse_safetensors(const ByteSource& file);

// Converts one entry to fp32. kBadInput on a value that is NaN or infinite.
Status read_tensor(const ByteSource& file, const SafetensorsIndex& index, const SafetensorsEntry& entry, std::span<float> to);

// A file of these tensors that `transformers` loads; what a layout marks as transposed is written [in, out].
std::string write_safetensors(const std::vector<TensorView>& layout, const float* data, Dtype dtype = Dtype::kF32);

}  // namespace autodidact
