#pragma once
// Small things about text that several tasks need. Pure functions; any thread; linear.

#include <cstddef>
#include <string>
#include <string_view>

namespace autodidact {

// Without ASCII white space at both ends.
std::string_view trimmed(std::string_view text);
// ASCII letters small; each run of white space one space, none at the ends: what makes two questions the same question.
std::string normalised(std::string_view text);
// White space runs as one space, none at the ends: a text of one line.
std::string one_line(std::string_view text);
std::string lower_case(std::string_view text);  // ASCII letters alone

// Words between white space, counted no further than `most`.
std::size_t count_words(std::string_view text, std::size_t most);

// Every printable ASCII character, and the newline: an alphabet for text of any wording.
std::string printable_ascii();

// For a message: at most 64 bytes, control characters as "?".
std::string readable(std::string_view text);

// The content of the last "\\boxed{…}" whose braces close, without its own braces; no data() when there is none.
std::string_view last_boxed(std::string_view text);

}  // namespace autodidact
