#pragma once
// Words of the command line as values: versions, ranges, times. Pure functions; any thread. Errors are kUsage and say what
// would be right.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

Result<std::uint32_t> parse_version(const std::string& text);  // "12", "v12"
Result<std::uint64_t> parse_id(const std::string& text);       // of an attempt

template <class T>
struct Range {
  std::optional<T> low, high;
};
Result<Range<double>> parse_real_range(const std::string& text);          // "0.5..1", "0.5..", "..1", "1"
Result<Range<std::uint32_t>> parse_count_range(const std::string& text);  // likewise

// Microseconds since 1970: "2h" (ago; s m h d w), "2026-11-22", "2026-11-22 21:30", "2026-11-22T21:30:05" in local time.
Result<std::int64_t> parse_time(const std::string& text, std::int64_t now_us);

// Takes a data directory off the end of a list of words, if the last one is no number.
std::string take_directory(std::vector<std::string>& words);

}  // namespace autodidact
