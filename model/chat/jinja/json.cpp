#include "model/chat/jinja/json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/bpe/utf8.hpp"

namespace autodidact::jinja {
namespace {

using Json = nlohmann::ordered_json;

Value untrusted_string(const std::string& text, Budget& budget) {
  Markup out;
  append(out, replace_ill_formed(text), true);
  return make_string(std::move(out), budget);
}

Value convert(const Json& json, int depth, Budget& budget) {
  if (depth > kMaxNesting) fail("values nest deeper than " + std::to_string(kMaxNesting));
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return untrusted_string(json.get_ref<const std::string&>(), budget);
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    fail("a whole number beyond 64 bits");
  }
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json& item : json) items.push_back(convert(item, depth + 1, budget));
    return make_list(std::move(items), budget);
  }
  if (!json.is_object()) return None{};
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, value] : json.items()) {
    dict->set(untrusted_string(key, budget), convert(value, depth + 1, budget), budget);
  }
  return std::shared_ptr<const Dict>(std::move(dict));
}

class Writer {
 public:
  Writer(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {
    append(comma_, style.indent ? "," : ", ");
    append(colon_, ": ");
    if (style.item_separator) comma_ = *style.item_separator;
    if (style.key_separator) colon_ = *style.key_separator;
  }

  void value(const Value& value) {
    budget_.step();
    if (const Markup* text = as_string(value)) return string(*text);
    if (const Dict* dict = as_dict(value)) return object(*dict);
    const Sequence* list = as_sequence(value);
    if (list != nullptr && list->kind <= Sequence::Kind::kTuple) return array(*list);
    put(scalar(value));
  }
  Markup take() { return std::move(out_); }

 private:
  void put(std::string_view text, bool untrusted = false) {
    budget_.bytes(text.size());
    append(out_, text, untrusted);
  }
  void put(const Markup& text) {
    budget_.bytes(text.text.size());
    append(out_, text);
  }

  static std::string scalar(const Value& value) {
    if (is<None>(value)) return "null";
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    const double* number = std::get_if<double>(&value);
    if (number == nullptr) fail("Object of type " + type_name(value) + " is not JSON serializable");
    if (std::isnan(*number)) return "NaN";
    if (std::isinf(*number)) return *number < 0 ? "-Infinity" : "Infinity";
    return float_text(*number);
  }

  void string(const Markup& markup) {
    const std::string_view text = markup.text;
    std::string inner;
    for (std::size_t at = 0; at < text.size();) {
      const Character c = first_character(text.substr(at));
      inner += escaped(c.code, text.substr(at, c.bytes));
      at += c.bytes;
    }
    put("\"");
    put(inner, is_tainted(markup));
    put("\"");
  }
  std::string escaped(char32_t c, std::string_view bytes) const {
    switch (c) {
      case '"': return "\\\"";
      case '\\': return "\\\\";
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      case '\b': return "\\b";
      case '\f': return "\\f";
      default: break;
    }
    if (c >= 0x20 && (c < 0x7f || !style_.ensure_ascii || c == 0x7f)) return std::string(bytes);
    char out[16];
    if (c < 0x10000) {
      std::snprintf(out, sizeof out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      const auto rest = static_cast<unsigned>(c) - 0x10000;
      std::snprintf(out, sizeof out, "\\u%04x\\u%04x", 0xd800 | rest >> 10, 0xdc00 | (rest & 0x3ff));
    }
    return out;
  }

  void line(int level) {
    if (!style_.indent) return;
    put("\n");
    for (int i = 0; i < level; ++i) put(*style_.indent);
  }
  void array(const Sequence& list) {
    if (list.items.empty()) return put("[]");
    put("[");
    ++level_;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) put(comma_);
      line(level_);
      value(list.items[i]);
    }
    line(--level_);
    put("]");
  }
  void object(const Dict& dict) {
    if (dict.entries().empty()) return put("{}");
    put("{");
    ++level_;
    bool first = true;
    for (const Dict::Entry* entry : in_order(dict)) {
      if (!std::exchange(first, false)) put(comma_);
      line(level_);
      key(entry->key);
      put(colon_);
      value(entry->value);
    }
    line(--level_);
    put("}");
  }
  std::vector<const Dict::Entry*> in_order(const Dict& dict) {
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const Dict::Entry* a, const Dict::Entry* b) { return ordered(a->key, b->key, "<", budget_); });
    }
    return entries;
  }
  void key(const Value& key) {
    if (const Markup* text = as_string(key)) return string(*text);
    if (as_sequence(key) != nullptr) fail("keys must be str, int, float, bool or None, not " + type_name(key));
    put("\"" + scalar(key) + "\"");
  }

  const JsonStyle& style_;
  Budget& budget_;
  Markup comma_, colon_;
  int level_ = 0;
  Markup out_;
};

}  // namespace

Value from_json(const Json& json, Budget& budget) { return convert(json, 0, budget); }

Markup to_json(const Value& value, const JsonStyle& style, Budget& budget) {
  Writer writer(style, budget);
  writer.value(value);
  return writer.take();
}

}  // namespace autodidact::jinja
