#pragma once
// The inside of a quoted string, its escapes resolved as Python resolves them. Pure function; any thread.

#include <string>
#include <string_view>

namespace autodidact::jinja {

// False, with the reason in `problem`, where an escape is cut off or names no character.
bool unescape(std::string_view quoted, std::string& out, std::string& problem);

}  // namespace autodidact::jinja
