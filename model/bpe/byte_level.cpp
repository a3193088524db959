#include "model/bpe/byte_level.hpp"

#include <array>
#include <cstdint>

#include "model/bpe/utf8.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kCharacters = 0x100 + 68;

struct Table {
  std::array<std::uint16_t, 256> character{};
  std::array<std::int16_t, kCharacters> byte{};
  Table() {
    byte.fill(-1);
    std::uint16_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      const auto c = printable ? static_cast<std::uint16_t>(b) : next++;
      character[static_cast<std::size_t>(b)] = c;
      byte[c] = static_cast<std::int16_t>(b);
    }
  }
};

const Table& table() {
  static const Table made;
  return made;
}

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view spelled) {
  std::string bytes;
  bytes.reserve(spelled.size());
  for (std::size_t at = 0; at < spelled.size();) {
    const std::size_t length = utf8_length(spelled.substr(at));
    if (length == 0 || length > 2) return std::nullopt;  // none of them lies above U+07FF
    const auto first = static_cast<std::uint8_t>(spelled[at]);
    std::uint32_t c = first;
    if (length == 2) c = (first & 0x1fu) << 6 | (static_cast<std::uint8_t>(spelled[at + 1]) & 0x3fu);
    if (c >= kCharacters || table().byte[c] < 0) return std::nullopt;
    bytes += static_cast<char>(table().byte[c]);
    at += length;
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  std::string spelled;
  for (const char byte : bytes) append_utf8(spelled, table().character[static_cast<std::uint8_t>(byte)]);
  return spelled;
}

}  // namespace autodidact
