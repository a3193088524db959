#pragma once
// Little-endian bytes in and out, the alphabet of storage/codec.hpp. ByteReader is for hostile input: it never reads past its
// end, and once anything was wrong every later read gives zero and ok() stays false. Plain values; not thread-safe.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace autodidact {

static_assert(std::endian::native == std::endian::little, "the store's files are little-endian");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { raw(&value, sizeof value); }
  void u64(std::uint64_t value) { raw(&value, sizeof value); }
  void f32(float value) { raw(&value, sizeof value); }
  void f64(double value) { raw(&value, sizeof value); }
  // 7 bits a byte, lowest first: 1 byte below 128, at most 10.
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value));
  }
  // Signed numbers near zero stay short: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
  void zigzag(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(const void* bytes, std::size_t size) { out_.append(static_cast<const char*>(bytes), size); }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  float f32() { return fixed<float>(); }
  double f64() { return fixed<double>(); }
  std::uint64_t varint();
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  // A varint that must be at most `limit`.
  std::uint64_t varint_up_to(std::uint64_t limit);
  std::uint32_t varint32() { return static_cast<std::uint32_t>(varint_up_to(UINT32_MAX)); }
  std::string_view text() { return raw(varint()); }
  // Empty and failed when fewer than `size` bytes are left.
  std::string_view raw(std::uint64_t size);

 private:
  template <class T>
  T fixed() {
    T value{};
    const std::string_view bytes = raw(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// 32 bits over `bytes` and the key they are stored under: any single changed word changes it, and so does a swapped record.
std::uint32_t checksum(std::string_view bytes, std::uint64_t key);

}  // namespace autodidact
