#include "config/loader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>
#include <utility>

#include "config/files.hpp"
#include "config/rules.hpp"
#include "config/schema.hpp"
#include "config/sha256.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;
// toml++ bounds nested arrays but not dotted keys: a line of 50,000 ".a" makes its recursive destructor overflow the stack.
constexpr std::size_t kMaxLineBytes = 4096;

const char* type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

// value_exact: plain value<bool>() would take the integer 1. Integers are taken where a number is wanted.
template <class T>
bool read_value(const toml::node& node, T& out) {
  if (const auto value = node.value_exact<T>()) return out = *value, true;
  if constexpr (std::is_same_v<T, double>) {
    if (const auto integer = node.value_exact<std::int64_t>()) return out = static_cast<double>(*integer), true;
  }
  return false;
}

template <class T>
bool read_value(const toml::node& node, std::vector<T>& out) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return false;
  out.clear();
  for (const toml::node& element : *array) {
    T value = {};
    if (!read_value(element, value)) return false;
    out.push_back(value);
  }
  return true;
}

std::string with_article(const std::string& type) {
  if (type == "true or false") return type;
  return (std::string("aeiou").find(type[0]) == std::string::npos ? "a " : "an ") + type;
}

class Loader {
 public:
  Loader(const std::string& file, LoadedConfig& out) : file_(file), out_(out) {}

  void run(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (std::ranges::find(sections(), name) != sections().end()) {
        read_section(name, key.source().begin, node);
      } else {
        read_key(name, key.source().begin, node);
      }
    }
    if (!places_.contains("config_version")) {
      error({1, 1}, "config_version", "required: add the line config_version = 1");
    }
    if (out_.errors.empty()) apply_rules();
  }

  // From now on complaints about `key` name the command line.
  void overridden(const std::string& key) { overridden_.insert(key); }

  void error(toml::source_position where, std::string key, std::string message, std::string suggestion = "") {
    out_.errors.push_back(complaint(where, std::move(key), std::move(message), std::move(suggestion)));
  }

  static std::string suggest(const std::string& key, bool is_table) {
    std::vector<std::string> known = is_table ? sections() : std::vector<std::string>();
    if (!is_table) {
      for (const Field& field : schema()) known.push_back(field.key);
    }
    std::vector<std::string> near = near_misses(key, known);
    if (near.empty()) near = same_leaf(key);
    std::string text;
    for (const std::string& name : near) text += (text.empty() ? "" : " or ") + (is_table ? "[" + name + "]" : name);
    return text;
  }

 private:
  ConfigError complaint(toml::source_position where, std::string key, std::string message, std::string suggestion) {
    const bool from_file = !overridden_.contains(key);
    if (!from_file) where = {};
    return {from_file ? file_ : "--set", where.line, where.column, std::move(key), std::move(message), std::move(suggestion)};
  }

  void read_section(const std::string& section, toml::source_position where, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      error(where, section, "expected the table [" + section + "], got " + type_name(node));
      return;
    }
    for (const auto& [key, value] : *table) {
      read_key(section + "." + std::string(key.str()), key.source().begin, value);
    }
  }

  void read_key(const std::string& key, toml::source_position where, const toml::node& node) {
    const Field* field = find_field(key);
    if (field == nullptr) {
      const bool is_table = node.is_table() && key.find('.') == std::string::npos;
      error(where, key, is_table ? "unknown section" : "unknown key", suggest(key, is_table));
      return;
    }
    const toml::source_position value_at = node.source().begin;
    places_[key] = value_at;
    const bool fits = std::visit([&](auto* target) { return read_value(node, *target); }, field->access.ref(out_.options));
    if (!fits) {
      error(value_at, key, "expected " + with_article(field->type()) + ", got " + describe(*field, node));
    } else if (const std::string problem = limits_error(*field, out_.options); !problem.empty()) {
      error(value_at, key, problem);
    }
  }

  static std::string describe(const Field& field, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr || std::string_view(field.type()).find("array") == std::string_view::npos) return type_name(node);
    const bool numbers = std::string_view(field.type()) == "array of numbers";
    for (const toml::node& element : *array) {
      if (!element.is_integer() && !(numbers && element.is_floating_point())) {
        return std::string("one with ") + type_name(element) + " at line " + std::to_string(element.source().begin.line);
      }
    }
    return type_name(node);
  }

  // A key in the wrong section: "temperature" at the top, or model.temperature.
  static std::vector<std::string> same_leaf(const std::string& key) {
    const std::string leaf = key.substr(key.rfind('.') + 1);
    std::vector<std::string> found;
    for (const Field& field : schema()) {
      if (field.leaf() == leaf && found.size() < 2) found.push_back(field.key);
    }
    return found;
  }

  void apply_rules() {
    for (RuleProblem& problem : check_rules(out_.options)) {
      const auto place = places_.find(problem.key);
      const toml::source_position where = place == places_.end() ? toml::source_position{} : place->second;
      auto& list = problem.error ? out_.errors : out_.warnings;
      list.push_back(complaint(where, std::move(problem.key), std::move(problem.message), ""));
    }
  }

  const std::string& file_;
  LoadedConfig& out_;
  std::map<std::string, toml::source_position, std::less<>> places_;  // of the values given
  std::set<std::string> overridden_;
};

// The first line that is too long, counted from 1; 0 = none.
std::uint32_t too_long_line(std::string_view text) {
  std::uint32_t line = 1;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    if (length > kMaxLineBytes) return line;
    text.remove_prefix(std::min(length + 1, text.size()));
    ++line;
  }
  return 0;
}

// "loop.rounds=3" into the table; what stands there is replaced. The value is TOML, or a bare word for a string.
void apply_override(const std::string& text, toml::table& root, Loader& loader) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  loader.overridden(key);
  const Field* field = find_field(key);
  if (equals == std::string::npos) return loader.error({}, key, "expected section.key=value");
  if (field == nullptr) return loader.error({}, key, "unknown key", Loader::suggest(key, false));
  toml::table* target = &root;
  if (!field->section().empty()) {
    root.insert(field->section(), toml::table{});
    target = root[field->section()].as_table();
  }
  if (target == nullptr) return;  // the file has something else under the section's name: reported when it is read
  const std::string value = text.substr(equals + 1);
  if (std::string_view(field->type()) == "string" && !value.starts_with('"')) {
    target->insert_or_assign(field->leaf(), value);
    return;
  }
  try {
    const toml::table parsed = toml::parse("value = " + value, std::string_view("--set"));
    target->insert_or_assign(field->leaf(), *parsed.get("value"));
  } catch (const toml::parse_error& failure) {
    loader.error({}, key, std::string(failure.description()));
  }
}

void parse_and_check(std::string_view text, const std::string& file, const std::vector<std::string>& overrides,
                     Loader& loader) {
  if (const std::uint32_t line = too_long_line(text); line > 0) {
    loader.error({line, static_cast<toml::source_index>(kMaxLineBytes + 1)}, "",
                 "line longer than " + std::to_string(kMaxLineBytes) + " bytes");
    return;
  }
  try {  // Debian's libtomlplusplus is built with exceptions, so its parser throws
    toml::table root = toml::parse(text, std::string_view(file));
    for (const std::string& override_text : overrides) apply_override(override_text, root, loader);
    loader.run(root);
  } catch (const toml::parse_error& failure) {
    loader.error(failure.source().begin, "", std::string(failure.description()));
  }
}

void sort_by_place(std::vector<ConfigError>& errors) {
  std::ranges::stable_sort(errors, {}, [](const ConfigError& e) { return std::pair(e.line, e.column); });
}

}  // namespace

std::string to_string(const ConfigError& error) {
  std::string text = error.file;
  if (error.line > 0) text += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  text += ": ";
  if (!error.key.empty()) text += error.key + ": ";
  text += error.message;
  if (!error.suggestion.empty()) text += "; did you mean " + error.suggestion + "?";
  return text;
}

Status LoadedConfig::status() const {
  std::string text;
  for (const ConfigError& error : errors) text += (text.empty() ? "" : "\n") + to_string(error);
  return {code, text};
}

LoadedConfig load_config(const std::string& path, const std::vector<std::string>& overrides) {
  Result<std::string> text = read_file(path, kMaxFileBytes);
  if (text.ok()) return parse_config(*text, path, overrides);
  LoadedConfig out;
  out.code = text.status().code() == Errc::kBadInput ? Errc::kConfig : text.status().code();
  out.errors.push_back({path, 0, 0, "", text.status().message(), ""});
  return out;
}

LoadedConfig parse_config(std::string_view text, const std::string& file, const std::vector<std::string>& overrides) {
  LoadedConfig out;
  out.digest = sha256_hex(text);
  Loader loader(file, out);
  parse_and_check(text, file, overrides, loader);
  sort_by_place(out.errors);
  sort_by_place(out.warnings);
  if (!out.errors.empty()) out.code = Errc::kConfig;
  return out;
}

}  // namespace autodidact
