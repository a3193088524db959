#pragma once
// Reading a field of a JSON line that somebody else wrote. Pure; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "config/status.hpp"
#include "tasks/jsonl/line_reader.hpp"

namespace autodidact {

// Longer texts are no question and no answer: a prompt of that length fits no model.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 10;

// "a.b": the field b of the object in field a (or the field of that very name). nullptr when it is not there.
const nlohmann::json* find_field(const nlohmann::json& row, std::string_view path);

// A string or a number as text; of a chat the content of its last turn in `role`. kBadInput names the field when it is
// missing, of another type, too long, or holds a NUL.
Result<std::string> text_field(const LineReader& at, const nlohmann::json& row, const std::string& path, const char* role);
Result<std::string> text_of(const LineReader& at, const nlohmann::json& value, const std::string& path, const char* role);

}  // namespace autodidact
