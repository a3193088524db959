#include "model/chat/jinja/string_literal.hpp"

#include <charconv>
#include <cstdint>

#include "model/bpe/utf8.hpp"

namespace autodidact::jinja {
namespace {

// The character that an escape stands for, if its letter alone says it.
char simple_escape(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case '\\':
    case '\'':
    case '"': return letter;
    default: return 0;
  }
}

std::size_t hex_digits(char letter) { return letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0; }

bool append_number(std::string_view digits, int base, std::string& out, std::string& problem) {
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
  if (error != std::errc() || end != digits.data() + digits.size() || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    problem = "\"\\" + std::string(digits) + "\" is no character";
    return false;
  }
  append_utf8(out, code);
  return true;
}

}  // namespace

bool unescape(std::string_view quoted, std::string& out, std::string& problem) {
  for (std::size_t at = 0; at < quoted.size();) {
    if (quoted[at] != '\\' || at + 1 == quoted.size()) {
      out += quoted[at++];
      continue;
    }
    const char letter = quoted[at + 1];
    const std::size_t hex = hex_digits(letter);
    if (const char c = simple_escape(letter)) {
      out += c;
      at += 2;
    } else if (letter == '\n') {
      at += 2;
    } else if (letter >= '0' && letter <= '7') {
      std::size_t end = at + 2;
      while (end < quoted.size() && end < at + 4 && quoted[end] >= '0' && quoted[end] <= '7') ++end;
      if (!append_number(quoted.substr(at + 1, end - at - 1), 8, out, problem)) return false;
      at = end;
    } else if (hex > 0) {
      const std::string_view digits = quoted.substr(at + 2, hex);
      if (digits.size() < hex) {
        problem = std::string("the escape \\") + letter + " is cut off";
        return false;
      }
      if (!append_number(digits, 16, out, problem)) return false;
      at += 2 + hex;
    } else if (letter == 'N') {
      problem = "characters by name, \\N{...}, are not supported; write the character";
      return false;
    } else {
      out += '\\';  // Python keeps what it does not know
      ++at;
    }
  }
  return true;
}

}  // namespace autodidact::jinja
