#pragma once
// A look at hostile JSON before it is parsed. Pure; any thread; linear, without recursion.

#include <cstddef>
#include <string_view>

namespace autodidact {

// True when no bracket of `json` nests deeper than `depth`: parsers and destructors recurse.
bool json_depth_within(std::string_view json, std::size_t depth);

}  // namespace autodidact
