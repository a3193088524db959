#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "config/schema_tables.hpp"

namespace autodidact {
namespace {

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }

// The shortest text that reads back as the same number, with a point so that it stays a float in TOML.
std::string text_of(double value) {
  std::array<char, 40> buffer = {};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string text_of(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (c == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", byte);
      text += code;
    } else {
      text += c;
    }
  }
  return text + '"';
}

template <class T>
std::string text_of(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += (text.size() > 1 ? ", " : "") + text_of(value);
  return text + "]";
}

bool within(const Limits& limits, double value) {
  return value >= limits.min && value <= limits.max && !(limits.above_min && value == limits.min);
}

bool all_within(const Limits& limits, bool) { return true; }
bool all_within(const Limits& limits, std::int64_t value) { return within(limits, static_cast<double>(value)); }
bool all_within(const Limits& limits, double value) { return within(limits, value); }
bool all_within(const Limits& limits, const std::string& value) {
  return limits.choices.empty() || std::ranges::find(limits.choices, value) != limits.choices.end();
}
template <class T>
bool all_within(const Limits& limits, const std::vector<T>& values) {
  return std::ranges::all_of(values, [&](T value) { return all_within(limits, value); });
}

// A bound for reading: 10000000, not 1e+07.
std::string bound_text(double bound) {
  return bound == std::floor(bound) && std::abs(bound) < 1e16 ? std::to_string(static_cast<std::int64_t>(bound))
                                                              : text_of(bound);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const char* name(Reload reload) {
  switch (reload) {
    case Reload::kLive: return "live";
    case Reload::kNextRound: return "next round";
    case Reload::kRestart: return "restart";
  }
  return "restart";
}

std::string Field::section() const {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string Field::leaf() const { return key.substr(key.find('.') + 1); }

const char* Field::type() const {
  static constexpr std::array kNames = {"true or false", "integer",           "number",
                                        "string",        "array of integers", "array of numbers"};
  static const Options kDefaults;
  return kNames[access.get(kDefaults).index()];
}

const std::vector<Field>& schema() {
  static const std::vector<Field> fields = [] {
    std::vector<Field> all;
    add_run_fields(all);
    add_model_fields(all);
    add_host_fields(all);
    return all;
  }();
  return fields;
}

const std::vector<std::string>& sections() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Field& field : schema()) {
      const std::string section = field.section();
      if (!section.empty() && std::ranges::find(all, section) == all.end()) all.push_back(section);
    }
    return all;
  }();
  return names;
}

const Field* find_field(std::string_view key) {
  const auto found = std::ranges::find(schema(), key, &Field::key);
  return found == schema().end() ? nullptr : &*found;
}

std::string value_text(const Field& field, const Options& options) {
  return std::visit([](const auto* value) { return text_of(*value); }, field.access.get(options));
}

std::string limits_text(const Field& field) {
  const Limits& limits = field.limits;
  if (!limits.choices.empty()) {
    std::string text;
    for (const std::string& choice : limits.choices) text += (text.empty() ? "" : " | ") + choice;
    return text;
  }
  if (limits.min == limits.max) return bound_text(limits.min);
  const bool has_min = std::isfinite(limits.min), has_max = std::isfinite(limits.max);
  if (has_min && has_max && limits.above_min) return "above " + bound_text(limits.min) + " to " + bound_text(limits.max);
  if (has_min && has_max) return bound_text(limits.min) + " to " + bound_text(limits.max);
  if (has_min) return (limits.above_min ? "above " : "at least ") + bound_text(limits.min);
  return has_max ? "at most " + bound_text(limits.max) : "";
}

std::string limits_error(const Field& field, const Options& options) {
  const ConstFieldRef value = field.access.get(options);
  if (std::visit([&](const auto* v) { return all_within(field.limits, *v); }, value)) return "";
  const bool array = value.index() >= 4;
  const std::string expected = field.limits.choices.empty() ? limits_text(field) : "one of " + limits_text(field);
  return "expected " + std::string(array ? "each element " : "") + expected + (field.unit.empty() ? "" : " " + field.unit) +
         ", got " + value_text(field, options);
}

std::vector<std::string> near_misses(std::string_view unknown, const std::vector<std::string>& known) {
  // A third of the letters may be wrong: "batchsize" finds batch_size, "foo" finds nothing of three letters.
  const std::size_t most = std::max<std::size_t>(1, unknown.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(unknown, candidate);
    if (distance <= most && distance < candidate.size()) near.emplace_back(distance, candidate);
  }
  std::ranges::stable_sort(near, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < near.size() && i < 2 && near[i].first == near[0].first; ++i) names.push_back(near[i].second);
  return names;
}

}  // namespace autodidact
