#pragma once
// Checks a precompiled_charsmap: a 32-bit size, a double-array trie (Darts) of that many bytes, then the replacements, each
// ended by a zero. The library follows it without looking at its bounds. Pure function; any thread.

#include <string_view>

#include "config/status.hpp"

namespace autodidact {

// ok: no text makes the library leave the trie, find more than the 32 rules it has room for, or read a replacement that is not
// there.
Status check_charsmap(std::string_view charsmap);

}  // namespace autodidact
