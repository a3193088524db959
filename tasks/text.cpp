#include "tasks/text.hpp"

namespace autodidact {
namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool space = false;
  for (const char c : trimmed(text)) {
    if (!is_space(c)) line += c;
    if (is_space(c) && !space) line += ' ';
    space = is_space(c);
  }
  return line;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = small(c);
  return lower;
}

std::string normalised(std::string_view text) { return lower_case(one_line(text)); }

std::size_t count_words(std::string_view text, std::size_t most) {
  std::size_t words = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size() && words < most; ++i) {
    words += !is_space(text[i]) && !in_word ? 1 : 0;
    in_word = !is_space(text[i]);
  }
  return words;
}

std::string printable_ascii() {
  std::string characters = "\n";
  for (char c = ' '; c <= '~'; ++c) characters += c;
  return characters;
}

std::string readable(std::string_view text) {
  constexpr std::size_t kMost = 64;
  std::string shown(text.substr(0, kMost));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  // Not in the middle of a character.
  while (text.size() > kMost && !shown.empty() && static_cast<unsigned char>(shown.back()) >= 0x80) shown.pop_back();
  return text.size() > kMost ? shown + "…" : shown;
}

std::string_view last_boxed(std::string_view text) {
  constexpr std::string_view kBoxed = "\\boxed{";
  const std::size_t at = text.rfind(kBoxed);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kBoxed.size());
  std::size_t depth = 1;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;  // what it escapes, \{ among them
    } else if (rest[i] == '{') {
      ++depth;
    } else if (rest[i] == '}' && --depth == 0) {
      return rest.substr(0, i);
    }
  }
  return {};
}

}  // namespace autodidact
