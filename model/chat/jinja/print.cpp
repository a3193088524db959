// str(), repr() and json.dumps() of Python.

#include <charconv>
#include <cmath>
#include <cstdio>

#include "model/bpe/utf8.hpp"
#include "model/chat/jinja/loop.hpp"
#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {
namespace {

class Printer {
 public:
  explicit Printer(Budget& budget) : budget_(budget) {}

  void repr(const Value& value) {
    budget_.step();
    if (const Markup* text = as_string(value)) return quoted(*text);
    if (const Sequence* list = as_sequence(value)) return sequence(*list);
    if (const Dict* dict = as_dict(value)) return mapping(*dict);
    if (is<Undefined>(value)) return put("Undefined");
    put(scalar(value));
  }
  Markup take() { return std::move(out_); }

  static std::string scalar(const Value& value) {
    if (is<None>(value)) return "None";
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const double* number = std::get_if<double>(&value)) return float_text(*number);
    return "<" + type_name(value) + ">";  // Python shows an address here
  }

 private:
  void put(std::string_view text, bool untrusted = false) {
    budget_.bytes(text.size());
    append(out_, text, untrusted);
  }

  void quoted(const Markup& markup) {
    const std::string& text = markup.text;
    const bool apostrophe = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
    std::string inner;
    for (std::size_t at = 0; at < text.size();) {
      const Character c = first_character(std::string_view(text).substr(at));
      inner += escaped(c.code, std::string_view(text).substr(at, c.bytes), apostrophe);
      at += c.bytes;
    }
    put(apostrophe ? "\"" : "'");
    put(inner, is_tainted(markup));
    put(apostrophe ? "\"" : "'");
  }
  static std::string escaped(char32_t c, std::string_view bytes, bool apostrophe) {
    if (c == '\\') return "\\\\";
    if (c == '\'') return apostrophe ? "'" : "\\'";
    if (c == '\n') return "\\n";
    if (c == '\r') return "\\r";
    if (c == '\t') return "\\t";
    if (c == ' ' || is_printable(c)) return std::string(bytes);
    char text[12];
    std::snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", static_cast<unsigned>(c));
    return text;
  }

  void sequence(const Sequence& list) {
    using Kind = Sequence::Kind;
    if (list.kind == Kind::kRange) return range(list);
    if (list.kind == Kind::kIterator) return put("<generator object>");
    if (list.kind >= Kind::kKeys) {
      put(list.kind == Kind::kKeys ? "dict_keys" : list.kind == Kind::kValues ? "dict_values" : "dict_items");
      put("(");
    }
    const bool tuple = list.kind == Kind::kTuple;
    put(tuple ? "(" : "[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) put(", ");
      repr(list.items[i]);
    }
    if (tuple && list.items.size() == 1) put(",");
    put(tuple ? ")" : "]");
    if (list.kind >= Kind::kKeys) put(")");
  }
  // Of its numbers, since the bounds it was made with are not kept.
  void range(const Sequence& list) {
    const auto at = [&](std::size_t i) { return std::get<std::int64_t>(list.items[i]); };
    const std::int64_t first = list.items.empty() ? 0 : at(0), step = list.items.size() < 2 ? 1 : at(1) - first;
    const std::int64_t end = list.items.empty() ? 0 : at(list.items.size() - 1) + (step > 0 ? 1 : -1);
    put("range(" + std::to_string(first) + ", " + std::to_string(end));
    put(step == 1 ? ")" : ", " + std::to_string(step) + ")");
  }
  void mapping(const Dict& dict) {
    put("{");
    bool first = true;
    for (const Dict::Entry& entry : dict.entries()) {
      if (!std::exchange(first, false)) put(", ");
      repr(entry.key);
      put(": ");
      repr(entry.value);
    }
    put("}");
  }

  Budget& budget_;
  Markup out_;
};

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  const auto plain = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  std::string out(buffer, plain);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

Markup to_text(const Value& value, Budget& budget) {
  if (is<Undefined>(value)) return {};
  if (const Markup* text = as_string(value)) {
    budget.bytes(text->text.size());
    return *text;
  }
  return to_repr(value, budget);
}

Markup to_repr(const Value& value, Budget& budget) {
  Printer printer(budget);
  printer.repr(value);
  return printer.take();
}

}  // namespace autodidact::jinja
