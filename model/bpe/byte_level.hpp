#pragma once
// GPT-2's spelling of bytes: tokenizer files are JSON, so each byte of a token is written as a printable character. Printable
// Latin-1 stands for itself, the other 68 bytes for U+0100 onwards in order (a space is "Ġ"). Pure functions; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace autodidact {

// Nothing when a character of `spelled` stands for no byte.
std::optional<std::string> bytes_of_spelling(std::string_view spelled);
std::string spelling_of_bytes(std::string_view bytes);

}  // namespace autodidact
