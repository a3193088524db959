#include "config/report.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "config/schema.hpp"

namespace autodidact {
namespace {

using Json = nlohmann::ordered_json;

// Each key's text in TOML is JSON too, see value_text().
Json value_json(const std::string& text) { return Json::parse(text, nullptr, false); }

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// "1 to 64 digits; restart"
std::string note(const Field& field) {
  std::string text = limits_text(field);
  if (!field.unit.empty()) text += (text.empty() ? "" : " ") + field.unit;
  return text + (text.empty() ? "" : "; ") + name(field.reload);
}

// In a table cell a bar would start the next cell.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string row(const Field& field) {
  static const Options kDefaults;
  return "| `" + field.leaf() + "` | " + field.type() + " | `" + value_text(field, kDefaults) + "` | " +
         cell(limits_text(field)) + " | " + field.unit + " | " + name(field.reload) + " | " + cell(field.meaning) + " |\n";
}

std::string table_of(const std::string& section) {
  std::string text = "| key | type | default | allowed | unit | takes effect | meaning |\n|---|---|---|---|---|---|---|\n";
  for (const Field& field : schema()) {
    if (field.section() == section) text += row(field);
  }
  return text;
}

constexpr std::string_view kPageHead = R"(# Configuration

<!-- Written by autodidact-docgen from config/schema_*.cpp. Edit those, then: build/release/bin/autodidact-docgen > docs/configuration.md -->

One TOML file of at most 1 MiB holds the whole configuration. `autodidactd -c FILE` runs it; `autodidact check FILE` only
looks: it prints every error at once as `file:line:column: key: what was expected`, guesses what an unknown key was meant to
be, and exits 78 (0 when all is well). A file needs just `config_version = 1`; what it leaves out has the default below.
`config/presets/addition.toml` is a complete example; `autodidact config --defaults` prints a commented file to start from.
`--set section.key=value` on the daemon's command line overrides the file, also on reload.

Keys of a table below go under its heading: `rounds` of `[loop]` is `loop.rounds`.

**Reload.** `kill -HUP`, `autodidact reload`, or saving the file when `watch_config` is on. The file is read and checked as a
whole; if anything is wrong the running configuration stays as it is. What changed then takes effect as its row says:

- *live*: at the next batch boundary of the role that uses it. Work already issued ends under the settings it was issued with.
- *next round*: when the next round is planned.
- *restart*: stays pending until the daemon starts again; `autodidact status` lists such keys. The other changes are applied.

Each reload is stored as an event with the training step at which it happened.

Beyond each key's own limits the loader checks what settings demand of each other: lengths that fit `model.max_positions`,
heads that divide `model.d_model`, a ratio-limiter band that cannot lock both sides, `deterministic` only with the
`iterations` schedule, and the like.
)";

}  // namespace

std::string options_to_json(const Options& options) {
  Json root = Json::object();
  for (const Field& field : schema()) {
    Json& place = field.section().empty() ? root : root[field.section()];
    place[field.leaf()] = value_json(value_text(field, options));
  }
  return dump(root);
}

std::string changes_to_json(std::span<const Change> changes) {
  Json list = Json::array();
  for (const Change& change : changes) {
    list.push_back({{"key", change.key},
                    {"old", value_json(change.old_text)},
                    {"new", value_json(change.new_text)},
                    {"reload", name(change.reload)}});
  }
  return dump(list);
}

std::string errors_to_json(std::span<const ConfigError> errors) {
  Json list = Json::array();
  for (const ConfigError& e : errors) {
    list.push_back({{"file", e.file},
                    {"line", e.line},
                    {"column", e.column},
                    {"key", e.key},
                    {"message", e.message},
                    {"suggestion", e.suggestion}});
  }
  return dump(list);
}

std::string default_config_toml() {
  static const Options kDefaults;
  std::string text = "# Every setting with its default. Remove the # before those you change.\n\n";
  std::string section;
  for (const Field& field : schema()) {
    if (field.section() != section) {
      section = field.section();
      text += "\n[" + section + "]\n";
    }
    text += "# " + field.meaning + " (" + note(field) + ")\n";
    text += (field.key == "config_version" ? "" : "# ") + field.leaf() + " = " + value_text(field, kDefaults) + "\n";
  }
  return text;
}

std::string configuration_page() {
  std::string text(kPageHead);
  text += "\n## Top of the file\n\n" + table_of("");
  for (const std::string& section : sections()) text += "\n## [" + section + "]\n\n" + table_of(section);
  return text;
}

}  // namespace autodidact
