#pragma once
// The filters that ls, grep, tail, stats and export share, as options and as members of a request. One thread.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "config/status.hpp"
#include "tools/json_view.hpp"

namespace autodidact {

inline constexpr const char* kFilterGroup = "Filters";  // their heading in --help

struct FilterArguments {
  std::string problem, version, outcome, reason, score, length, since, until;
  std::optional<std::uint32_t> round;
  std::optional<bool> kept, hinted, seed, pinned;
};

void add_filters(CLI::App* command, FilterArguments& filters);
// {"command": command, ...filters}; kUsage names the option at fault.
Result<Json> filter_request(const std::string& command, const FilterArguments& filters);

}  // namespace autodidact
