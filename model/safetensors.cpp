#include "model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "model/safetensors_header.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100 << 20;  // the format's own limit
static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is copied as it is");

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

std::size_t item_bytes(Dtype dtype) { return dtype == Dtype::kF32 ? 4 : 2; }

// The byte length that dtype and shape demand; false when it overflows.
bool demanded_bytes(const SafetensorsEntry& entry, std::uint64_t& bytes) {
  bytes = item_bytes(entry.dtype);
  for (std::int64_t n : entry.shape)
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes)) return false;
  return true;
}

// Sorted by place, each of the size its shape says, end to end from 0 to the end of the file.
Status check_places(std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  std::uint64_t at = 0;
  for (const SafetensorsEntry& entry : entries) {
    const std::string where = "tensor " + printable_name(entry.name) + ": ";
    std::uint64_t bytes = 0;
    if (!demanded_bytes(entry, bytes)) return bad(where + "its shape overflows");
    if (entry.begin > entry.end || entry.end > data_bytes)
      return bad(where + "data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "] leave the " +
                 std::to_string(data_bytes) + " data bytes (truncated file?)");
    if (entry.end - entry.begin != bytes)
      return bad(where + "data_offsets span " + std::to_string(entry.end - entry.begin) + " bytes, its shape needs " +
                 std::to_string(bytes));
    if (entry.begin != at)
      return bad(where + (entry.begin < at ? "overlaps the tensor before it" : "leaves a hole of bytes before it"));
    at = entry.end;
  }
  if (at != data_bytes) return bad(std::to_string(data_bytes - at) + " bytes after the last tensor");
  return {};
}

float widen_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16, exponent = (half >> 10) & 0x1fu,
                      mantissa = half & 0x3ffu;
  if (exponent == 0) {
    const float tiny = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -tiny : tiny;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

// Values read at a time: they are checked while they are in the cache. Plain loops, which compilers turn into vectors.
constexpr std::size_t kBlock = 32768;

Status read_block(const ByteSource& file, std::uint64_t offset, Dtype dtype, std::span<float> to) {
  if (dtype == Dtype::kF32) return file.read(offset, {reinterpret_cast<char*>(to.data()), to.size() * sizeof(float)});
  std::uint16_t bits[kBlock];
  AD_RETURN_IF_ERROR(file.read(offset, {reinterpret_cast<char*>(bits), to.size() * sizeof *bits}));
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = dtype == Dtype::kBf16 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits[i]) << 16) : widen_f16(bits[i]);
  return {};
}

bool all_finite(std::span<const float> values) {
  bool finite = true;
  for (const float value : values) finite &= (std::bit_cast<std::uint32_t>(value) & 0x7f800000u) != 0x7f800000u;
  return finite;
}

// The other way, to the nearest, ties to even. What is too large for fp16 becomes infinite.
std::uint16_t narrow_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
std::uint16_t narrow_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00));
  if (magnitude < 0x38800000) {  // below the normal ones: let an addition do the rounding
    const float scaled = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(scaled) - 0x3f000000));
  }
  return static_cast<std::uint16_t>(sign | ((magnitude + 0xc8000fff + (magnitude >> 13 & 1)) >> 13));
}

const char* dtype_name(Dtype dtype) { return dtype == Dtype::kF32 ? "F32" : dtype == Dtype::kF16 ? "F16" : "BF16"; }

// One tensor's bytes, in a checkpoint's order.
void write_tensor(const TensorView& tensor, const float* data, Dtype dtype, char* to) {
  const std::int64_t rows = tensor.transposed ? tensor.shape[1] : 1;
  const auto columns = static_cast<std::int64_t>(tensor.size) / rows;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const float value = data[tensor.offset + static_cast<std::size_t>(tensor.transposed ? c * rows + r : c)];
      if (dtype == Dtype::kF32) {
        std::memcpy(to, &value, 4);
      } else {
        const std::uint16_t narrow = dtype == Dtype::kBf16 ? narrow_bf16(value) : narrow_f16(value);
        std::memcpy(to, &narrow, 2);
      }
      to += item_bytes(dtype);
    }
}

}  // namespace

Result<SafetensorsIndex> parse_safetensors(const ByteSource& file) {
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes) return bad("shorter than the 8 bytes of the header length");
  AD_RETURN_IF_ERROR(file.read(0, {reinterpret_cast<char*>(&header_bytes), sizeof header_bytes}));
  const std::uint64_t rest = file.size() - sizeof header_bytes;
  if (header_bytes > kMaxHeaderBytes || header_bytes > rest)
    return bad("header length " + std::to_string(header_bytes) + " exceeds " + (header_bytes > rest ? "the file" : "100 MiB"));
  std::string header(header_bytes, '\0');
  AD_RETURN_IF_ERROR(file.read(sizeof header_bytes, header));
  if (header.empty() || header.front() != '{') return bad("the header does not begin with {");
  SafetensorsIndex index;
  AD_ASSIGN_OR_RETURN(index.entries, parse_safetensors_header(header));
  index.data_begin = sizeof header_bytes + header_bytes;
  AD_RETURN_IF_ERROR(check_places(index.entries, file.size() - index.data_begin));
  return index;
}

Status read_tensor(const ByteSource& file, const SafetensorsIndex& index, const SafetensorsEntry& entry, std::span<float> to) {
  const std::size_t step = item_bytes(entry.dtype);
  AD_REQUIRE(entry.end - entry.begin == to.size() * step, "read_tensor: size mismatch");
  for (std::size_t begin = 0; begin < to.size(); begin += kBlock) {
    const std::span<float> block = to.subspan(begin, std::min(kBlock, to.size() - begin));
    AD_RETURN_IF_ERROR(read_block(file, index.data_begin + entry.begin + begin * step, entry.dtype, block));
    if (all_finite(block)) continue;
    std::size_t i = begin;
    while (std::isfinite(to[i])) ++i;
    return bad("tensor " + printable_name(entry.name) + ": value " + std::to_string(i) + " is " +
               (std::isnan(to[i]) ? "NaN" : "infinite"));
  }
  return {};
}

std::string write_safetensors(const std::vector<TensorView>& layout, const float* data, Dtype dtype) {
  std::string header = "{\"__metadata__\":{\"format\":\"pt\"}";
  std::size_t bytes = 0;
  for (const TensorView& tensor : layout) {
    std::vector<std::int64_t> shape = tensor.shape;
    if (tensor.transposed) std::reverse(shape.begin(), shape.end());
    header += ",\"" + tensor.name + "\":{\"dtype\":\"" + dtype_name(dtype) + "\",\"shape\":[";
    for (std::size_t i = 0; i < shape.size(); ++i) header += (i ? "," : "") + std::to_string(shape[i]);
    header += "],\"data_offsets\":[" + std::to_string(bytes);
    bytes += tensor.size * item_bytes(dtype);
    header += "," + std::to_string(bytes) + "]}";
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // data on an 8-byte boundary, as the reference writer does
  std::string file(8 + header.size() + bytes, '\0');
  const std::uint64_t header_bytes = header.size();
  std::memcpy(file.data(), &header_bytes, 8);
  std::memcpy(file.data() + 8, header.data(), header.size());
  char* to = file.data() + 8 + header.size();
  for (const TensorView& tensor : layout) {
    write_tensor(tensor, data, dtype, to);
    to += tensor.size * item_bytes(dtype);
  }
  return file;
}

}  // namespace autodidact
