#include "tools/json_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/table.hpp"

namespace autodidact {

namespace {

constexpr int kMaxIndent = 12;

bool is_flat(const Json& value) {
  const auto scalar = [](const Json& entry) { return !entry.is_structured(); };
  return !value.is_structured() || (value.is_array() && std::all_of(value.begin(), value.end(), scalar));
}

bool is_rows(const Json& value) {
  const auto object = [](const Json& entry) { return entry.is_object(); };
  return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), object);
}

std::string indented(const std::string& text, int indent) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    out += std::string(static_cast<std::size_t>(indent), ' ') + text.substr(begin, end - begin) + "\n";
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return out;
}

std::string rows_text(const Json& rows, const Style& style) {
  std::vector<std::string> names;
  for (const Json& row : rows) {
    for (const auto& [name, value] : row.items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const bool numbers = std::all_of(rows.begin(), rows.end(), [&](const Json& row) {
      const auto value = row.find(name);
      return value == row.end() || value->is_number() || value->is_null();
    });
    columns.push_back({escape_text(name), numbers, 60});
  }
  Table table(std::move(columns));
  for (const Json& row : rows) {
    std::vector<Cell> cells;
    for (const std::string& name : names) {
      const auto value = row.find(name);
      cells.push_back({value == row.end()                           ? ""
                       : value->is_structured() && !is_flat(*value) ? escape_text(value->dump())
                                                                    : scalar_text(*value)});
    }
    table.add(std::move(cells));
  }
  return table.take(style);
}

std::string object_text(const Json& object, const Style& style, int indent) {
  std::size_t widest = 0;
  for (const auto& [name, value] : object.items()) {
    if (is_flat(value)) widest = std::max(widest, display_width(escape_text(name)));
  }
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string out;
  for (const auto& [name, value] : object.items()) {
    const std::string label = escape_text(name);
    if (is_flat(value)) {
      out += margin + label + std::string(widest - display_width(label) + 2, ' ') + scalar_text(value) + "\n";
      continue;
    }
    out += margin + paint(style, Color::kBold, label) + "\n";
    if (is_rows(value)) {
      out += indented(rows_text(value, style), indent + 2);
    } else if (value.is_object() && indent < kMaxIndent) {
      out += object_text(value, style, indent + 2);
    } else {
      out += margin + "  " + escape_text(value.dump()) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string scalar_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string())
    return value.get_ref<const std::string&>().empty() ? "-" : escape_text(value.get_ref<const std::string&>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.5g", value.get<double>());
    return text;
  }
  if (!value.is_array()) return escape_text(value.dump());
  std::string list;
  for (const Json& entry : value) list += (list.empty() ? "" : ", ") + scalar_text(entry);
  return list.empty() ? "-" : list;
}

std::string view_json(const Json& value, const Style& style) {
  if (value.is_object()) return object_text(value, style, 0);
  if (is_rows(value)) return rows_text(value, style);
  return scalar_text(value) + "\n";
}

}  // namespace autodidact
