#pragma once
// From TOML to Options, with every complaint at once. Free functions without state: any thread may call them. Nothing outside
// the returned value is touched, so a bad file changes nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"

namespace autodidact {

// One complaint. Lines and columns count from 1; 0 = the file as a whole.
struct ConfigError {
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string key;         // "loop.max_in_flight"; "" when it is not about one key
  std::string message;     // what was expected
  std::string suggestion;  // for an unknown key: the near miss, "" = none
};
// "run.toml:3:1: loop.max_inflight: unknown key; did you mean loop.max_in_flight?"
std::string to_string(const ConfigError& error);

struct LoadedConfig {
  Options options;                    // meaningful when ok()
  std::string digest;                 // SHA-256 of the text
  Errc code = Errc::kOk;              // why not: kConfig, or what reading the file came to (kNotFound, kPermission ...)
  std::vector<ConfigError> errors;    // in the order of the file
  std::vector<ConfigError> warnings;  // the run is possible, but probably not meant

  bool ok() const { return code == Errc::kOk; }
  // All errors, one per line.
  Status status() const;
};

// A file of at most 1 MiB.
// `overrides` ("loop.rounds=3", from --set) replace what the file says.
LoadedConfig load_config(const std::string& path, const std::vector<std::string>& overrides = {});
// `file` only names the text in errors.
LoadedConfig parse_config(std::string_view text, const std::string& file, const std::vector<std::string>& overrides = {});

}  // namespace autodidact
