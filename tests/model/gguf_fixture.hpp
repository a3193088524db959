#pragma once
// GGUF files made byte by byte, sound ones and others.

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace autodidact {

class GgufBytes {
 public:
  enum Type : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

  template <class T>
  static std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  static std::string string(const std::string& text) { return raw<std::uint64_t>(text.size()) + text; }

  GgufBytes& field(const std::string& key, std::uint32_t type, const std::string& value) {
    fields_ += string(key) + raw(type) + value;
    ++field_count_;
    return *this;
  }
  GgufBytes& text(const std::string& key, const std::string& value) { return field(key, kString, string(value)); }
  GgufBytes& u32(const std::string& key, std::uint32_t value) { return field(key, kU32, raw(value)); }
  GgufBytes& f32(const std::string& key, float value) { return field(key, kF32, raw(value)); }
  GgufBytes& flag(const std::string& key, bool value) { return field(key, kBool, raw<std::uint8_t>(value)); }
  GgufBytes& array(const std::string& key, std::uint32_t type, std::uint64_t count, const std::string& elements) {
    return field(key, kArray, raw(type) + raw(count) + elements);
  }
  GgufBytes& texts(const std::string& key, const std::vector<std::string>& values) {
    std::string elements;
    for (const std::string& value : values) elements += string(value);
    return array(key, kString, values.size(), elements);
  }
  template <class T>
  GgufBytes& numbers(const std::string& key, std::uint32_t type, const std::vector<T>& values) {
    std::string elements;
    for (const T value : values) elements += raw(value);
    return array(key, type, values.size(), elements);
  }

  // The data is placed at the next multiple of 32.
  GgufBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& extents, std::uint32_t type,
                    const std::string& bytes) {
    data_.resize((data_.size() + 31) / 32 * 32);
    tensor_at(name, extents, type, data_.size());
    data_ += bytes;
    return *this;
  }
  GgufBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& extents, const std::vector<float>& values) {
    return tensor(name, extents, 0, std::string(reinterpret_cast<const char*>(values.data()), 4 * values.size()));
  }
  GgufBytes& tensor_at(const std::string& name, const std::vector<std::uint64_t>& extents, std::uint32_t type,
                       std::uint64_t offset) {
    tensors_ += string(name) + raw(static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) tensors_ += raw(extent);
    tensors_ += raw(type) + raw(offset);
    ++tensor_count_;
    return *this;
  }

  std::string bytes(std::uint32_t version = 3) const {
    std::string out = "GGUF" + raw(version) + raw(tensor_count_) + raw(field_count_) + fields_ + tensors_;
    if (tensor_count_ > 0) out.resize((out.size() + 31) / 32 * 32);
    return out + data_;
  }

 private:
  std::uint64_t field_count_ = 0, tensor_count_ = 0;
  std::string fields_, tensors_, data_;
};

}  // namespace autodidact
