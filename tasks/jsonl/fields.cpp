#include "tasks/jsonl/fields.hpp"

#include <nlohmann/json.hpp>

#include "tasks/text.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

std::string quoted(const std::string& path) { return "field \"" + readable(path) + "\""; }

// The last turn of a chat in this role, nullptr when there is none or the array is no chat.
const json* last_turn(const json& chat, const char* role) {
  for (auto turn = chat.rbegin(); turn != chat.rend(); ++turn) {
    if (!turn->is_object()) return nullptr;
    const auto said = turn->find("role");
    if (said == turn->end() || !said->is_string() || said->get_ref<const std::string&>() != role) continue;
    const auto content = turn->find("content");
    return content != turn->end() && content->is_string() ? &*content : nullptr;
  }
  return nullptr;
}

}  // namespace

const json* find_field(const json& row, std::string_view path) {
  const json* place = &row;
  for (;;) {
    if (!place->is_object()) return nullptr;
    if (const auto whole = place->find(std::string(path)); whole != place->end()) return &*whole;
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) return nullptr;
    const auto inner = place->find(std::string(path.substr(0, dot)));
    if (inner == place->end()) return nullptr;
    place = &*inner;
    path.remove_prefix(dot + 1);
  }
}

Result<std::string> text_field(const LineReader& at, const json& row, const std::string& path, const char* role) {
  const json* value = find_field(row, path);
  if (value == nullptr) return at.error(quoted(path) + " is missing");
  return text_of(at, *value, path, role);
}

Result<std::string> text_of(const LineReader& at, const json& value, const std::string& path, const char* role) {
  const json* text = &value;
  if (value.is_array()) {
    text = last_turn(value, role);
    if (text == nullptr) {
      return at.error(quoted(path) + R"( is no chat with a turn {"role": ")" + role + R"(", "content": "…"})");
    }
  }
  if (text->is_number()) return text->dump();
  if (!text->is_string()) {
    return at.error(quoted(path) + " must hold a string, a number or a chat, not " + value.type_name());
  }
  const auto& string = text->get_ref<const std::string&>();
  if (string.find('\0') != std::string::npos) return at.error(quoted(path) + " holds a NUL character");
  if (string.size() > kMaxTextBytes) {
    return at.error(quoted(path) + " is longer than " + std::to_string(kMaxTextBytes >> 10) + " KiB");
  }
  return string;
}

}  // namespace autodidact
