// The header of a GGUF file: magic, version, counts, keys with values, tensors.

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "model/gguf/gguf_file.hpp"
#include "model/gguf/quantized.hpp"
#include "model/safetensors_header.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 256 << 20;  // a vocabulary of 256,000 tokens takes about 10 MB
constexpr std::uint64_t kMaxElements = 1 << 23;       // of all arrays together
constexpr std::uint64_t kMaxFields = 1 << 16, kMaxTensors = 1 << 16;
constexpr std::uint64_t kMaxNameBytes = 255, kMaxDimension = std::uint64_t{1} << 40, kMaxAlignment = 1 << 20;
constexpr int kMaxNesting = 4;  // arrays in arrays; no known key has any
constexpr std::size_t kWindowBytes = 1 << 18;

enum Type : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };
constexpr std::uint32_t kWidths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};  // of numbers

Status bad_at(std::uint64_t byte, const std::string& what) {
  return {Errc::kBadInput, "byte " + std::to_string(byte) + ": " + what};
}

// Reads forward through a window, so that a header of a million strings is not a million reads of the file.
class Cursor {
 public:
  explicit Cursor(const ByteSource& source) : source_(source), end_(std::min(source.size(), kMaxHeaderBytes)) {}

  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return end_ - at_; }
  Status take(char* to, std::uint64_t bytes) {
    if (bytes > left())
      return bad_at(at_, std::to_string(bytes) + " bytes are wanted, " +
                             (end_ < source_.size() ? "a header has at most 256 MiB" : std::to_string(left()) + " are left"));
    while (bytes > 0) {
      if (at_ - window_at_ >= window_.size()) AD_RETURN_IF_ERROR(refill());
      const std::uint64_t from = at_ - window_at_, now = std::min<std::uint64_t>(bytes, window_.size() - from);
      std::memcpy(to, window_.data() + from, now);
      to += now;
      at_ += now;
      bytes -= now;
    }
    return {};
  }
  template <class T>
  Result<T> number() {
    T value;
    char bytes[sizeof value];
    AD_RETURN_IF_ERROR(take(bytes, sizeof value));
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  Result<std::string> text(std::uint64_t most) {
    const std::uint64_t begin = at_;
    AD_ASSIGN_OR_RETURN(const auto bytes, number<std::uint64_t>());
    if (bytes > std::min(most, left())) return bad_at(begin, "a string of " + std::to_string(bytes) + " bytes is too long");
    std::string out(bytes, '\0');
    AD_RETURN_IF_ERROR(take(out.data(), bytes));
    return out;
  }

 private:
  Status refill() {
    window_.resize(std::min<std::uint64_t>(kWindowBytes, left()));
    window_at_ = at_;
    return source_.read(at_, {window_.data(), window_.size()});
  }
  const ByteSource& source_;
  const std::uint64_t end_;
  std::string window_;
  std::uint64_t window_at_ = 0, at_ = 0;
};

template <class T>
T from_bytes(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

double shortest_decimal(float value) {
  char text[48];
  const auto written = std::to_chars(text, text + sizeof text, value);
  double out = value;
  if (std::isfinite(value)) std::from_chars(text, written.ptr, out);
  return out;
}

std::int64_t integer_from(std::uint32_t type, const char* bytes) {
  switch (type) {
    case kU8: return from_bytes<std::uint8_t>(bytes);
    case kI8: return from_bytes<std::int8_t>(bytes);
    case kU16: return from_bytes<std::uint16_t>(bytes);
    case kI16: return from_bytes<std::int16_t>(bytes);
    case kU32: return from_bytes<std::uint32_t>(bytes);
    case kI32: return from_bytes<std::int32_t>(bytes);
    case kI64: return from_bytes<std::int64_t>(bytes);
    case kBool: return from_bytes<std::uint8_t>(bytes);
    default:
      return static_cast<std::int64_t>(
          std::min<std::uint64_t>(from_bytes<std::uint64_t>(bytes), std::numeric_limits<std::int64_t>::max()));
  }
}

bool is_float(std::uint32_t type) { return type == kF32 || type == kF64; }

class HeaderParser {
 public:
  explicit HeaderParser(const ByteSource& source) : in_(source), file_bytes_(source.size()) {}

  Result<GgufHeader> parse() {
    AD_ASSIGN_OR_RETURN(const auto counts, preamble());
    for (std::uint64_t i = 0; i < counts.second; ++i) AD_RETURN_IF_ERROR(field());
    AD_RETURN_IF_ERROR(read_alignment());
    for (std::uint64_t i = 0; i < counts.first; ++i) AD_RETURN_IF_ERROR(tensor());
    AD_RETURN_IF_ERROR(check_names());
    AD_RETURN_IF_ERROR(place_tensors());
    return std::move(header_);
  }

 private:
  // Counts of tensors and of fields.
  Result<std::pair<std::uint64_t, std::uint64_t>> preamble() {
    AD_ASSIGN_OR_RETURN(const auto magic, in_.number<std::uint32_t>());
    if (magic != 0x46554747) return bad_at(0, "no GGUF file: it does not begin with \"GGUF\"");
    AD_ASSIGN_OR_RETURN(const auto version, in_.number<std::uint32_t>());
    if ((version & 0xffff) == 0) return bad_at(4, "a big-endian GGUF file; convert it for this machine");
    if (version != 2 && version != 3)
      return bad_at(4, "GGUF version " + std::to_string(version) + "; versions 2 and 3 are read");
    AD_ASSIGN_OR_RETURN(const auto tensors, in_.number<std::uint64_t>());
    AD_ASSIGN_OR_RETURN(const auto fields, in_.number<std::uint64_t>());
    if (tensors > kMaxTensors) return bad_at(8, std::to_string(tensors) + " tensors are too many");
    if (fields > kMaxFields) return bad_at(16, std::to_string(fields) + " metadata keys are too many");
    return std::pair(tensors, fields);
  }

  Status field() {
    GgufField field;
    field.at = in_.at();
    auto key = in_.text(kMaxNameBytes);
    if (!key.ok()) return key.status().with_context("metadata key");
    const std::string where = "key " + printable_name(*key);
    const Status read = [&]() -> Status {
      AD_ASSIGN_OR_RETURN(const auto type, in_.number<std::uint32_t>());
      AD_ASSIGN_OR_RETURN(field.value, type == kArray ? array(1) : scalar(type));
      return {};
    }();
    if (!read.ok()) return read.with_context(where);
    const std::uint64_t at = field.at;
    if (!header_.fields.emplace(std::move(*key), std::move(field)).second) return bad_at(at, where + " stands twice");
    return {};
  }

  Result<GgufValue> scalar(std::uint32_t type) {
    const std::uint64_t begin = in_.at();
    if (type > kF64) return bad_at(begin - 4, "value type " + std::to_string(type) + " is unknown");
    if (type == kString) {
      AD_ASSIGN_OR_RETURN(std::string text, in_.text(kMaxHeaderBytes));
      return GgufValue(std::move(text));
    }
    char bytes[8];
    AD_RETURN_IF_ERROR(in_.take(bytes, kWidths[type]));
    if (type == kF64) return GgufValue(from_bytes<double>(bytes));
    if (type == kF32) return GgufValue(shortest_decimal(from_bytes<float>(bytes)));
    if (type != kBool) return GgufValue(integer_from(type, bytes));
    if (static_cast<unsigned char>(bytes[0]) > 1) return bad_at(begin, "a boolean is 0 or 1");
    return GgufValue(bytes[0] != 0);
  }

  Result<GgufValue> array(int depth) {
    const std::uint64_t begin = in_.at();
    AD_ASSIGN_OR_RETURN(const auto type, in_.number<std::uint32_t>());
    AD_ASSIGN_OR_RETURN(const auto count, in_.number<std::uint64_t>());
    if (type > kF64) return bad_at(begin, "array element type " + std::to_string(type) + " is unknown");
    const std::uint64_t least = type == kString ? 8 : type == kArray ? 12 : kWidths[type];
    if (count > in_.left() / least || count > kMaxElements - elements_)
      return bad_at(begin + 4, "an array of " + std::to_string(count) + " elements is too long");
    elements_ += count;
    if (type == kArray) return nested(count, depth);
    if (type == kString) return strings(count);
    return numbers(type, count);
  }
  Result<GgufValue> nested(std::uint64_t count, int depth) {
    if (depth == kMaxNesting) return bad_at(in_.at(), "arrays nested too deep");
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto inner = array(depth + 1);
      if (!inner.ok()) return inner.status();
    }
    return GgufValue();
  }
  Result<GgufValue> strings(std::uint64_t count) {
    std::vector<std::string> out;
    out.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      auto text = in_.text(kMaxHeaderBytes);
      if (!text.ok()) return text.status().with_context("element " + std::to_string(i));
      out.push_back(std::move(*text));
    }
    return GgufValue(std::move(out));
  }
  Result<GgufValue> numbers(std::uint32_t type, std::uint64_t count) {
    const std::uint32_t width = kWidths[type];
    std::string bytes(count * width, '\0');
    AD_RETURN_IF_ERROR(in_.take(bytes.data(), bytes.size()));
    std::vector<std::int64_t> integers(is_float(type) ? 0 : count);
    std::vector<double> floats(is_float(type) ? count : 0);
    for (std::size_t i = 0; i < integers.size(); ++i) integers[i] = integer_from(type, &bytes[i * width]);
    for (std::size_t i = 0; i < floats.size(); ++i)
      floats[i] = type == kF64 ? from_bytes<double>(&bytes[i * width]) : double{from_bytes<float>(&bytes[i * width])};
    return is_float(type) ? GgufValue(std::move(floats)) : GgufValue(std::move(integers));
  }

  Status read_alignment() {
    const auto found = header_.fields.find("general.alignment");
    if (found == header_.fields.end()) return {};
    const auto* value = std::get_if<std::int64_t>(&found->second.value);
    if (value == nullptr || *value < 1 || *value > static_cast<std::int64_t>(kMaxAlignment) ||
        !std::has_single_bit(static_cast<std::uint64_t>(*value)))
      return GgufFile::bad_field(found->first, &found->second, "expected a power of two up to 2^20");
    alignment_ = static_cast<std::uint64_t>(*value);
    return {};
  }

  Status tensor() {
    const std::uint64_t begin = in_.at();
    GgufTensor tensor;
    auto name = in_.text(kMaxNameBytes);
    if (!name.ok()) return name.status().with_context("tensor name");
    tensor.name = std::move(*name);
    const Status read = shape_and_place(tensor);
    if (!read.ok()) return read.with_context("tensor " + printable_name(tensor.name) + " at byte " + std::to_string(begin));
    header_.tensors.push_back(std::move(tensor));
    return {};
  }

  Status shape_and_place(GgufTensor& tensor) {
    AD_ASSIGN_OR_RETURN(const auto dimensions, in_.number<std::uint32_t>());
    if (dimensions < 1 || dimensions > 4)
      return bad_at(in_.at() - 4, std::to_string(dimensions) + " dimensions; 1 to 4 are read");
    tensor.values = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      AD_ASSIGN_OR_RETURN(const auto extent, in_.number<std::uint64_t>());
      if (extent < 1 || extent > kMaxDimension || __builtin_mul_overflow(tensor.values, extent, &tensor.values))
        return bad_at(in_.at() - 8, "an impossible shape");
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(extent));
    }
    AD_ASSIGN_OR_RETURN(tensor.type, in_.number<std::uint32_t>());
    const QuantizedType* type = quantized_type(tensor.type);
    if (type == nullptr)
      return bad_at(in_.at() - 4, "ggml type " + std::to_string(tensor.type) + " is not read; " + kQuantizedTypes + " are");
    if (tensor.shape.back() % type->block_values != 0)
      return bad_at(in_.at() - 4, std::string("rows of ") + type->name + " are whole blocks of " +
                                      std::to_string(type->block_values) + ", these have " +
                                      std::to_string(tensor.shape.back()));
    if (__builtin_mul_overflow(tensor.values / type->block_values, std::uint64_t{type->block_bytes}, &tensor.bytes))
      return bad_at(in_.at() - 4, "an impossible shape");
    AD_ASSIGN_OR_RETURN(tensor.at, in_.number<std::uint64_t>());  // from the beginning of the data, for now
    if (tensor.at % alignment_ != 0)
      return bad_at(in_.at() - 8, "offset " + std::to_string(tensor.at) + " is no multiple of " + std::to_string(alignment_));
    return {};
  }

  Status check_names() const {
    std::vector<std::string_view> names;
    for (const GgufTensor& tensor : header_.tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    return twice == names.end() ? Status() : bad_at(in_.at(), "tensor " + printable_name(*twice) + " stands twice");
  }

  // From the beginning of the file; each inside it, no two overlap.
  Status place_tensors() {
    const std::uint64_t data = (in_.at() + alignment_ - 1) / alignment_ * alignment_;
    std::vector<const GgufTensor*> in_order;
    for (GgufTensor& tensor : header_.tensors) {
      if (data > file_bytes_ || tensor.at > file_bytes_ - data || tensor.bytes > file_bytes_ - data - tensor.at)
        return bad_at(file_bytes_, "the file ends before the data of tensor " + printable_name(tensor.name) + " (" +
                                       std::to_string(tensor.bytes) + " bytes at offset " + std::to_string(tensor.at) +
                                       "; truncated?)");
      tensor.at += data;
      in_order.push_back(&tensor);
    }
    std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->at < b->at; });
    for (std::size_t i = 1; i < in_order.size(); ++i)
      if (in_order[i - 1]->at + in_order[i - 1]->bytes > in_order[i]->at)
        return bad_at(in_order[i]->at, "tensor " + printable_name(in_order[i]->name) + " overlaps tensor " +
                                           printable_name(in_order[i - 1]->name));
    return {};
  }

  Cursor in_;
  const std::uint64_t file_bytes_;
  std::uint64_t alignment_ = 32, elements_ = 0;
  GgufHeader header_;
};

}  // namespace

Result<GgufHeader> parse_gguf_header(const ByteSource& source) { return HeaderParser(source).parse(); }

}  // namespace autodidact
