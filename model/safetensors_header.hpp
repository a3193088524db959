#pragma once
// The JSON header of a safetensors file, read as a stream of events: a parser that builds a tree would drop duplicate names
// without a word. Free functions without state.

#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "model/safetensors.hpp"

namespace autodidact {

// Entries in file order; names are unique, dtypes known, dimensions not negative. Places are not checked here.
Result<std::vector<SafetensorsEntry>> parse_safetensors_header(std::string_view json);

// A name from a file, quoted, cut to 80 bytes, control characters replaced: fit for one line of a log.
std::string printable_name(std::string_view name);

}  // namespace autodidact
