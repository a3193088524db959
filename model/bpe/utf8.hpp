#pragma once
// UTF-8 from strangers. Pure functions; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace autodidact {

// Bytes of the well-formed character at the front of `text` (1 to 4); 0 when there is none.
std::size_t utf8_length(std::string_view text);
// Each ill-formed sequence becomes one U+FFFD for its longest well-formed beginning, as the Unicode standard advises (table
// 3-8) and Python's errors="replace" does.
std::string replace_ill_formed(std::string_view text);
bool is_well_formed(std::string_view text);
// How much of `text` can be shown before more bytes are known: all of it but a character that has only begun.
std::size_t complete_prefix(std::string_view text);
void append_utf8(std::string& out, char32_t character);

}  // namespace autodidact
