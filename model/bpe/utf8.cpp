#include "model/bpe/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace autodidact {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Of the character that `first` begins: its length, and what its second byte may be. Length 0: no character begins so.
struct Lead {
  std::size_t length;
  std::uint8_t low, high;
};

Lead lead_of(std::uint8_t first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xc2) return {0, 0, 0};
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first < 0xf0)
    return {3, first == 0xe0 ? std::uint8_t{0xa0} : std::uint8_t{0x80},
            first == 0xed ? std::uint8_t{0x9f} : std::uint8_t{0xbf}};
  if (first < 0xf5)
    return {4, first == 0xf0 ? std::uint8_t{0x90} : std::uint8_t{0x80},
            first == 0xf4 ? std::uint8_t{0x8f} : std::uint8_t{0xbf}};
  return {0, 0, 0};
}

// Bytes at the front that belong to one character, whole or begun; `whole` says which. At least 1.
std::size_t sequence(std::string_view text, bool& whole) {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
  whole = lead.length == 1;
  if (lead.length < 2) return 1;
  std::size_t good = 1;
  while (good < lead.length && good < text.size()) {
    const auto byte = static_cast<std::uint8_t>(text[good]);
    const std::uint8_t low = good == 1 ? lead.low : std::uint8_t{0x80}, high = good == 1 ? lead.high : std::uint8_t{0xbf};
    if (byte < low || byte > high) break;
    ++good;
  }
  whole = good == lead.length;
  return good;
}

// Bytes at the front that are ASCII, eight at a time.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080ull) != 0) break;
  }
  return at;
}

// The first ill-formed byte, or the end.
std::size_t well_formed_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    at += ascii_prefix(text.substr(at));
    if (at == text.size()) break;
    bool whole = false;
    const std::size_t length = sequence(text.substr(at), whole);
    if (!whole) return at;
    at += length;
  }
  return at;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  bool whole = false;
  const std::size_t length = sequence(text, whole);
  return whole ? length : 0;
}

bool is_well_formed(std::string_view text) { return well_formed_prefix(text) == text.size(); }

std::string replace_ill_formed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t good = well_formed_prefix(text);
    out += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    bool whole = false;
    text.remove_prefix(sequence(text, whole));
    out += kReplacement;
  }
  return out;
}

std::size_t complete_prefix(std::string_view text) {
  const std::size_t reach = text.size() < 3 ? text.size() : 3;
  for (std::size_t back = 1; back <= reach; ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const Lead lead = lead_of(static_cast<std::uint8_t>(tail[0]));
    if (lead.length < 2) continue;
    bool whole = false;
    return sequence(tail, whole) == back && !whole ? text.size() - back : text.size();
  }
  return text.size();
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

}  // namespace autodidact
