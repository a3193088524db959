#pragma once
// JSON into values, and the filter tojson: json.dumps() of Python, byte for byte. Pure functions; any thread.

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

// Strings and keys are untrusted, and mended where they are no UTF-8. Fails on an integer beyond 64 bits.
Value from_json(const nlohmann::ordered_json& json, Budget& budget);

struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<Markup> indent;  // none: one line
  std::optional<Markup> item_separator, key_separator;
  bool sort_keys = false;
};
Markup to_json(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace autodidact::jinja
