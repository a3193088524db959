// Filters that make text or numbers.

#include <charconv>
#include <cmath>
#include <cstdio>

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/format.hpp"
#include "model/chat/jinja/json.hpp"
#include "model/chat/jinja/number_text.hpp"
#include "model/chat/jinja/string_methods.hpp"

namespace autodidact::jinja {
namespace {

template <std::string (*kMap)(std::string_view)>
Value mapped(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("filter", arguments, {});
  const Markup text = to_text(input, self.budget());
  return self.text(made_of(text, kMap(text.text)));
}

// Not str.title(): words begin behind a space, a hyphen or an opening bracket only.
std::string title(std::string_view text) {
  std::string out;
  const std::string_view breaks = "-({[<";
  std::size_t begin = 0;
  bool was_break = true;
  const auto word = [&](std::size_t end) {
    if (end == begin) return;
    const std::size_t first = first_character(text.substr(begin)).bytes;
    out += to_upper(text.substr(begin, first)) + to_lower(text.substr(begin + first, end - begin - first));
    begin = end;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character c = first_character(text.substr(at));
    const bool is_break = is_space(c.code) || (c.bytes == 1 && breaks.find(text[at]) != std::string_view::npos);
    if (is_break != was_break) word(at);
    was_break = is_break;
    at += c.bytes;
  }
  word(text.size());
  return out;
}

Value trim(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  return self.text(stripped(to_text(input, self.budget()), bound.string(0), true, true, self.budget()));
}

Value replace(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  Budget& budget = self.budget();
  return self.text(replaced(to_text(input, budget), to_text(bound.at(0), budget), to_text(bound.at(1), budget),
                            bound.integer(2, -1), budget));
}

Value string(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("string", arguments, {});
  return self.text(to_text(input, self.budget()));
}

Value escape(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("escape", arguments, {});
  Markup text = to_text(input, self.budget());
  const std::pair<const char*, const char*> pairs[] = {
      {"&", "&amp;"}, {">", "&gt;"}, {"<", "&lt;"}, {"'", "&#39;"}, {"\"", "&#34;"}};
  for (const auto& [from, to] : pairs) text = replaced(text, {from, {}}, made_of(text, to), -1, self.budget());
  return self.text(std::move(text));
}

Value indent(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  Markup indention;
  if (bound.find(0) != nullptr && as_string(bound.at(0)) != nullptr) {
    indention = *as_string(bound.at(0));
  } else {
    indention =
        padded({}, static_cast<std::size_t>(std::max<std::int64_t>(bound.integer(0, 4), 0)), 0, {" ", {}}, self.budget());
  }
  if (as_string(input) == nullptr) fail("indent takes a string, not " + type_name(input));
  Markup text = to_text(input, self.budget());
  append(text, "\n");  // as jinja2 does, for the sake of splitlines()
  const auto lines = split_lines(text.text, false);
  self.budget().bytes(lines.size(), indention.text.size() + sizeof(ByteRange));
  Markup out;
  if (bound.flag(1, false)) append(out, indention);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) append(out, "\n");
    if (i > 0 && (bound.flag(2, false) || lines[i].begin < lines[i].end)) append(out, indention);
    append(out, slice(text, lines[i].begin, lines[i].end));
  }
  return self.text(std::move(out));
}

Value center(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  return self.text(centered(to_text(input, self.budget()), bound.integer(0, 80), self.budget()));
}

Value format(Interpreter& self, const Value& input, Arguments& arguments) {
  if (!arguments.named.empty() && !arguments.positional.empty()) fail("can't handle positional and keyword arguments at once");
  Value values = make_sequence(Sequence::Kind::kTuple, arguments.positional, self.budget());
  if (!arguments.named.empty()) {
    auto dict = std::make_shared<Dict>();
    for (auto& [name, value] : arguments.named) dict->set(self.text(name), value, self.budget());
    values = std::shared_ptr<const Dict>(std::move(dict));
  }
  return self.text(format_percent(to_text(input, self.budget()), values, self.budget()));
}

Value wordcount(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("wordcount", arguments, {});
  const std::string text = to_text(input, self.budget()).text;
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = first_character(std::string_view(text).substr(at));
    const std::string_view bytes = std::string_view(text).substr(at, c.bytes);
    const bool word = bytes == "_" || has_property(bytes, "alnum");
    if (word && !inside) ++count;
    inside = word;
    at += c.bytes;
  }
  return count;
}

Value to_int(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  const Value otherwise = bound.find(0) != nullptr ? bound.at(0) : Value(std::int64_t{0});
  if (const auto* missing = std::get_if<Undefined>(&input)) fail_undefined(*missing);
  std::int64_t whole = 0;
  if (to_integer(input, whole)) return whole;
  double real = 0;
  if (const Markup* text = as_string(input)) {
    if (parse_integer(text->text, bound.integer(1, 10), whole)) return whole;
    if (!parse_float(text->text, real)) return otherwise;
  } else if (!to_number(input, real)) {
    return otherwise;
  }
  if (std::isnan(real) || std::isinf(real)) return otherwise;
  if (std::abs(real) >= 9.2e18) fail("whole numbers beyond 64 bits are not supported");
  return static_cast<std::int64_t>(real);
}

Value to_float(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  if (const auto* missing = std::get_if<Undefined>(&input)) fail_undefined(*missing);
  double real = 0;
  if (to_number(input, real)) return real;
  if (const Markup* text = as_string(input); text != nullptr && parse_float(text->text, real)) return real;
  return bound.find(0) != nullptr ? bound.at(0) : Value(0.0);
}

Value absolute(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("abs", arguments, {});
  double real = 0;
  std::int64_t whole = 0;
  if (const auto* missing = std::get_if<Undefined>(&input)) fail_undefined(*missing);
  if (!to_number(input, real)) fail("bad operand type for abs(): '" + type_name(input) + "'");
  if (!to_integer(input, whole)) return std::abs(real);
  return whole < 0 ? negated(whole) : Value(whole);
}

Value round(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  const std::int64_t precision = bound.integer(0, 0);
  const std::string method = bound.string(1) == nullptr ? "common" : bound.string(1)->text;
  if (method != "common" && method != "ceil" && method != "floor") fail("method must be common, ceil or floor");
  if (const auto* missing = std::get_if<Undefined>(&input)) fail_undefined(*missing);
  double real = 0;
  std::int64_t whole = 0;
  if (!to_number(input, real)) fail("type " + type_name(input) + " doesn't define __round__ method");
  if (precision < 0 || precision > 100) fail("round: a precision of 0 to 100 is supported");
  if (method == "common" && to_integer(input, whole)) return whole;
  if (!std::isfinite(real)) return real;
  if (method == "common") return round_to(real, static_cast<int>(precision));
  const double scale = std::pow(10.0, static_cast<double>(precision));
  return (method == "ceil" ? std::ceil(real * scale) : std::floor(real * scale)) / scale;
}

std::optional<Markup> separator_of(const Value& value, Interpreter& self) {
  const Sequence* pair = as_sequence(value);
  if (pair == nullptr || pair->items.size() != 2) fail("tojson(): 'separators' must be a pair of strings");
  return to_text(pair->items[0], self.budget());
}

Value tojson(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag(0, false);
  style.sort_keys = bound.flag(3, false);
  if (const Value* width = bound.find(1); width != nullptr && !is<None>(*width)) {
    const auto spaces = as_string(*width) != nullptr ? 0 : std::clamp<std::int64_t>(bound.integer(1, 0), 0, 1000);
    style.indent =
        as_string(*width) != nullptr ? *as_string(*width) : Markup{std::string(static_cast<std::size_t>(spaces), ' '), {}};
  }
  if (const Value* pair = bound.find(2); pair != nullptr && !is<None>(*pair)) {
    style.item_separator = separator_of(*pair, self);
    style.key_separator = to_text(as_sequence(*pair)->items[1], self.budget());
  }
  return self.text(to_json(input, style, self.budget()));
}

}  // namespace

void add_text_filters(Filters& filters) {
  filters.insert({{"upper", mapped<to_upper>},
                  {"lower", mapped<to_lower>},
                  {"capitalize", mapped<to_capitalized>},
                  {"title", mapped<title>},
                  {"trim", trim},
                  {"replace", replace},
                  {"string", string},
                  {"safe", string},
                  {"escape", escape},
                  {"e", escape},
                  {"forceescape", escape},
                  {"indent", indent},
                  {"center", center},
                  {"format", format},
                  {"wordcount", wordcount},
                  {"int", to_int},
                  {"float", to_float},
                  {"abs", absolute},
                  {"round", round},
                  {"tojson", tojson}});
}

}  // namespace autodidact::jinja
