#pragma once
// Any JSON answer as text for a person: scalars as "name  value", objects indented, lists of objects as tables. For answers
// whose members are the daemon's business (status, config, reload). Pure functions; any thread.

#include <nlohmann/json.hpp>
#include <string>

#include "tools/terminal.hpp"

namespace autodidact {

using Json = nlohmann::ordered_json;

// A scalar, or a short list of them, escaped: "12", "0.953", "a, b", "-" for null.
std::string scalar_text(const Json& value);
std::string view_json(const Json& value, const Style& style);

}  // namespace autodidact
