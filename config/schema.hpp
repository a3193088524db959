#pragma once
// The one table of settings: for each field of Options its TOML key, unit, limits, meaning and what a reload does with it. The
// loader, the diff, the JSON dump, the default file and docs/configuration.md all walk it; there is no second list. Built on
// first use, immutable after: any thread.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.hpp"

namespace autodidact {

// When a changed value takes effect.
enum class Reload : std::uint8_t {
  kLive = 0,       // at the next batch boundary of whoever uses it
  kNextRound = 1,  // when the next round is planned; the one under way ends as it began
  kRestart = 2,    // not before the daemon starts again; until then the change is pending
};
const char* name(Reload reload);  // "live", "next round", "restart"

using FieldRef = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*, std::vector<double>*>;
using ConstFieldRef = std::variant<const bool*, const std::int64_t*, const double*, const std::string*,
                                   const std::vector<std::int64_t>*, const std::vector<double>*>;

// Where in Options a field lies.
struct Access {
  std::function<FieldRef(Options&)> ref;
  std::function<ConstFieldRef(const Options&)> get;
};

// What a value may be; for arrays it speaks of each element. Not-a-number is never allowed.
struct Limits {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;            // min itself is not allowed
  std::vector<std::string> choices;  // of a string; empty = any
};

struct Field {
  std::string key;  // "loop.max_in_flight"
  Access access;
  Reload reload = Reload::kRestart;
  std::string unit;  // "" = none
  Limits limits;
  std::string meaning;  // one line

  std::string section() const;  // "loop"; "" for a key at the top
  std::string leaf() const;     // "max_in_flight"
  const char* type() const;     // "integer", "number", "true or false", "string", "array of integers", "array of numbers"
};

const std::vector<Field>& schema();             // in the order of options.hpp
const std::vector<std::string>& sections();     // likewise, without ""
const Field* find_field(std::string_view key);  // nullptr when there is none

// The field's value as TOML (and, arrays and all, as JSON): 512, 0.002, true, "rope", [1, 2].
std::string value_text(const Field& field, const Options& options);
// "1 to 64", "above 0", "iterations | continuous"; "" when anything goes.
std::string limits_text(const Field& field);
// "" when the value is within its limits; else what was expected.
std::string limits_error(const Field& field, const Options& options);
// The known keys (or section names) most like `unknown`, best first, at most two; empty when none is near.
std::vector<std::string> near_misses(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace autodidact
