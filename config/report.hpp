#pragma once
// Options and what is said about them, as JSON for the admin API and events, as a commented TOML file, and as the reference
// page docs/configuration.md. All walk schema(). Pure functions: any thread.

#include <span>
#include <string>

#include "config/diff.hpp"
#include "config/loader.hpp"
#include "config/options.hpp"

namespace autodidact {

// {"config_version": 1, ..., "loop": {"rounds": 8, ...}, ...}
std::string options_to_json(const Options& options);
// [{"key", "old", "new", "reload"}], values as JSON values
std::string changes_to_json(std::span<const Change> changes);
// [{"file", "line", "column", "key", "message", "suggestion"}]
std::string errors_to_json(std::span<const ConfigError> errors);

// A file with every key, its meaning and its default, all commented out but config_version.
std::string default_config_toml();
// docs/configuration.md
std::string configuration_page();

}  // namespace autodidact
