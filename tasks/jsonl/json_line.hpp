#pragma once
// One line of a JSONL file as JSON, checked. Pure; any thread; linear in the line, without recursion.

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "config/status.hpp"
#include "tasks/jsonl/line_reader.hpp"

namespace autodidact {

constexpr std::size_t kMaxJsonDepth = 32;

// An object. kBadInput, with place and column, for what is no UTF-8 or no JSON (cut short, a NUL byte …), for a key that
// stands twice in one object (one of the two would silently win) and for nesting deeper than kMaxJsonDepth.
Result<nlohmann::json> parse_json_line(const LineReader& at, std::string_view line);

}  // namespace autodidact
