#pragma once
// Strings of the template language: well-formed UTF-8 that is counted and cut by characters, as Python does, and knows which
// of its bytes came from strangers (model/markup.hpp). Pure functions; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/markup.hpp"

namespace autodidact::jinja {

void append(Markup& to, const Markup& from);
void append(Markup& to, std::string_view text, bool untrusted = false);
// Bytes [begin, end) with their provenance.
Markup slice(const Markup& text, std::size_t begin, std::size_t end);
// What was made of `origin` in a way that lost the positions: all of it is untrusted if any of `origin` was.
Markup made_of(const Markup& origin, std::string text);
inline bool is_tainted(const Markup& text) { return !text.untrusted.empty(); }

// The character at the front of `text`, which is not empty, and its length in bytes.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};
Character first_character(std::string_view text);
std::size_t count_characters(std::string_view text);
// The offset of character `index`; the size when there are fewer.
std::size_t offset_of(std::string_view text, std::size_t index);
std::size_t previous_offset(std::string_view text, std::size_t offset);  // of the character that ends at `offset`

// The first `part` at or behind `from`, or npos; in linear time, whatever the two are.
std::size_t find(std::string_view text, std::string_view part, std::size_t from = 0);

bool is_space(char32_t c);       // str.isspace()
bool is_line_break(char32_t c);  // where str.splitlines() breaks
bool is_printable(char32_t c);   // what repr() leaves as it is

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);        // str.title()
std::string to_capitalized(std::string_view text);  // str.capitalize()
std::string swap_case(std::string_view text);

// str.isalpha() and its like, by name without "is"; false for an unknown name.
bool has_property(std::string_view text, std::string_view property);

// The range that str.strip(characters) leaves; null: white space.
ByteRange strip(std::string_view text, const std::string* characters, bool left, bool right);
// The ranges that str.split() and its like leave.
std::vector<ByteRange> split_space(std::string_view text, std::int64_t max_splits);
std::vector<ByteRange> rsplit_space(std::string_view text, std::int64_t max_splits);
std::vector<ByteRange> split(std::string_view text, std::string_view separator, std::int64_t max_splits);
std::vector<ByteRange> rsplit(std::string_view text, std::string_view separator, std::int64_t max_splits);
std::vector<ByteRange> split_lines(std::string_view text, bool keep_ends);

}  // namespace autodidact::jinja
