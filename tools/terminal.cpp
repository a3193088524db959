#include "tools/terminal.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>

namespace autodidact {

namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The UTF-8 character at the front of `text`, which is not empty.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length, true};
}

bool unsafe(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF || code == 0x061C;
}

std::size_t width_of(char32_t code) {
  const auto in = [&](char32_t low, char32_t high) { return code >= low && code <= high; };
  if (in(0x300, 0x36F) || in(0xFE00, 0xFE0F)) return 0;
  const bool wide = in(0x1100, 0x115F) || in(0x2E80, 0xA4CF) || in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) ||
                    in(0xFE30, 0xFE6F) || in(0xFF00, 0xFF60) || in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1FAFF) ||
                    in(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

void append_escaped(std::string& out, char32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code == '\r') {
    out += "\\r";
  } else {
    char digits[16];
    std::snprintf(digits, sizeof digits, "\\u%04x", static_cast<unsigned>(code));
    out += digits;
  }
}

}  // namespace

std::string escape_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = decode(text);
    if (!character.valid) {
      char digits[8];
      std::snprintf(digits, sizeof digits, "\\x%02x", static_cast<unsigned char>(text[0]));
      out += digits;
    } else if (unsafe(character.code)) {
      append_escaped(out, character.code);
    } else {
      out.append(text.substr(0, character.bytes));
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::vector<std::string> escape_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const auto end = text.find('\n');
    lines.push_back(escape_text(text.substr(0, end)));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = decode(text);
    width += character.valid ? width_of(character.code) : 1;
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string clip(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t bytes = 0;
  std::size_t used = 1;  // the ellipsis
  while (bytes < text.size()) {
    const Character character = decode(text.substr(bytes));
    const std::size_t wide = character.valid ? width_of(character.code) : 1;
    if (used + wide > width) break;
    used += wide;
    bytes += character.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string paint(const Style& style, Color color, std::string_view text) {
  if (!style.color || color == Color::kNone) return std::string(text);
  static constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m"};
  return kCodes[static_cast<std::size_t>(color)] + std::string(text) + "\x1b[0m";
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 20);
  while (display_width(text) > width) {
    std::size_t bytes = 0;
    std::size_t used = 0;
    std::size_t space = 0;  // behind the last one that fits
    while (bytes < text.size()) {
      const Character character = decode(text.substr(bytes));
      used += character.valid ? width_of(character.code) : 1;
      if (used > width) break;
      bytes += character.bytes;
      if (character.code == ' ') space = bytes;
    }
    const std::size_t cut = space > 0 ? space : bytes;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  lines.emplace_back(text);
  return lines;
}

std::string format_time(long long unix_us) {
  const std::time_t seconds = static_cast<std::time_t>(unix_us / 1'000'000);
  std::tm local = {};
  char text[32];
  if (::localtime_r(&seconds, &local) == nullptr || std::strftime(text, sizeof text, "%F %T", &local) == 0) return "?";
  return text;
}

std::string format_count(unsigned long long number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string format_share(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

}  // namespace autodidact
