// The methods of strings. Each keeps which bytes are untrusted, or marks all of its result.

#include "model/chat/jinja/string_methods.hpp"

#include <algorithm>

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/format.hpp"

namespace autodidact::jinja {
namespace {

using Method = Value (*)(const Markup&, Interpreter&, Arguments&);
using Kind = Sequence::Kind;

Value parts_of(const Markup& text, const std::vector<ByteRange>& ranges, Interpreter& self, Kind kind = Kind::kList) {
  std::vector<Value> parts;
  for (const ByteRange& range : ranges) parts.push_back(self.text(slice(text, range.begin, range.end)));
  return make_sequence(kind, std::move(parts), self.budget());
}

// From the right the search is the naive one.
template <bool kFromRight>
void charge_search(const Markup& text, const Markup& part, Interpreter& self) {
  self.budget().bytes(text.text.size(), kFromRight ? 1 + part.text.size() / 16 : 1);
}

template <bool kLeft, bool kRight>
Value strip_method(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  return self.text(stripped(text, bound.string(0), kLeft, kRight, self.budget()));
}

template <bool kFromRight>
Value split_method(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const std::int64_t most = bound.integer(1, -1);
  const Markup* separator = bound.string(0);
  self.budget().bytes(text.text.size(), sizeof(ByteRange));
  if (separator == nullptr)
    return parts_of(text, kFromRight ? rsplit_space(text.text, most) : split_space(text.text, most), self);
  if (separator->text.empty()) fail("empty separator");
  charge_search<kFromRight>(text, *separator, self);
  return parts_of(text, (kFromRight ? rsplit : split)(text.text, separator->text, most), self);
}

Value splitlines(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  self.budget().bytes(text.text.size(), sizeof(ByteRange));
  return parts_of(text, split_lines(text.text, bound.flag(0, false)), self);
}

template <bool kFromRight>
Value partition(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"}, 1);
  const Markup* separator = bound.string(0);
  if (separator == nullptr || separator->text.empty()) fail("empty separator");
  charge_search<kFromRight>(text, *separator, self);
  const std::size_t size = text.text.size();
  const std::size_t at = kFromRight ? text.text.rfind(separator->text) : jinja::find(text.text, separator->text);
  std::vector<ByteRange> ranges = {{0, at}, {at, at + separator->text.size()}, {at + separator->text.size(), size}};
  if (at == std::string::npos && kFromRight) ranges = {{0, 0}, {0, 0}, {0, size}};
  if (at == std::string::npos && !kFromRight) ranges = {{0, size}, {size, size}, {size, size}};
  return parts_of(text, ranges, self, Kind::kTuple);
}

// The bytes that [start, end) of characters means, as in a slice.
bool window(const Markup& text, const Bound& bound, std::size_t start, ByteRange& out) {
  const auto length = static_cast<std::int64_t>(count_characters(text.text));
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + length : at, 0, INT64_MAX); };
  const std::int64_t first = place(bound.integer(start, 0)), last = std::min(place(bound.integer(start + 1, length)), length);
  if (first > length || first > last) return false;
  out = {offset_of(text.text, static_cast<std::size_t>(first)), offset_of(text.text, static_cast<std::size_t>(last))};
  return true;
}

template <bool kEnd>
Value affix(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("startswith", arguments, {"prefix", "start", "end"}, 1);
  ByteRange range;
  self.budget().bytes(text.text.size() / 8);
  std::vector<Value> options = {bound.at(0)};
  if (const Sequence* many = as_sequence(bound.at(0)); many != nullptr && many->kind == Kind::kTuple) options = many->items;
  const bool inside = window(text, bound, 1, range);
  const std::string_view part = inside ? std::string_view(text.text).substr(range.begin, range.end - range.begin) : "";
  bool found = false;
  for (const Value& option : options) {
    const Markup* affix = as_string(option);
    if (affix == nullptr) fail("startswith and endswith take a string or a tuple of strings, not " + type_name(option));
    found = found || (inside && (kEnd ? part.ends_with(affix->text) : part.starts_with(affix->text)));
  }
  return found;
}

template <bool kFromRight, bool kMustBeThere>
Value find(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("find", arguments, {"sub", "start", "end"}, 1);
  const Markup* part = bound.string(0);
  if (part == nullptr) fail("find(): 'sub' must be a string");
  charge_search<kFromRight>(text, *part, self);
  ByteRange range;
  std::size_t at = std::string::npos;
  if (window(text, bound, 1, range)) {
    const std::string_view inside = std::string_view(text.text).substr(range.begin, range.end - range.begin);
    at = kFromRight ? inside.rfind(part->text) : jinja::find(inside, part->text);
  }
  if (at == std::string::npos && kMustBeThere) fail("substring not found");
  if (at == std::string::npos) return std::int64_t{-1};
  return static_cast<std::int64_t>(count_characters(std::string_view(text.text).substr(0, range.begin + at)));
}

Value count(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("count", arguments, {"sub", "start", "end"}, 1);
  const Markup* part = bound.string(0);
  if (part == nullptr) fail("count(): 'sub' must be a string");
  self.budget().bytes(text.text.size(), sizeof(ByteRange));
  ByteRange range;
  if (!window(text, bound, 1, range)) return std::int64_t{0};
  const std::string_view inside = std::string_view(text.text).substr(range.begin, range.end - range.begin);
  if (part->text.empty()) return static_cast<std::int64_t>(count_characters(inside)) + 1;
  return static_cast<std::int64_t>(split(inside, part->text, -1).size()) - 1;
}

Value replace(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  if (bound.string(0) == nullptr || bound.string(1) == nullptr) fail("replace() takes strings");
  return self.text(replaced(text, *bound.string(0), *bound.string(1), bound.integer(2, -1), self.budget()));
}

Value join(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"}, 1);
  Markup out;
  bool first = true;
  if (is<Undefined>(bound.at(0))) return self.text(std::string());
  for (const Value& item : items_of(bound.at(0), self.budget())) {
    const Markup* part = as_string(item);
    if (part == nullptr) fail("join(): expected strings, found " + type_name(item));
    self.budget().bytes(text.text.size() + part->text.size());
    if (!std::exchange(first, false)) append(out, text);
    append(out, *part);
  }
  return self.text(std::move(out));
}

Value format(const Markup& text, Interpreter& self, Arguments& arguments) {
  return self.text(format_braces(text, arguments, self.budget()));
}

// Where the text goes in a wider field.
enum class Side { kLeft, kRight, kCenter };
template <Side kSide>
Value justify(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("ljust", arguments, {"width", "fillchar"}, 1);
  const Markup* fill = bound.string(1);
  if (fill != nullptr && count_characters(fill->text) != 1) fail("The fill character must be exactly one character long");
  const std::int64_t width = bound.integer(0, 0), length = static_cast<std::int64_t>(count_characters(text.text));
  if (kSide == Side::kCenter && fill == nullptr) return self.text(centered(text, width, self.budget()));
  const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(width - length, 0));
  const std::size_t left = kSide == Side::kRight ? missing : kSide == Side::kLeft ? 0 : left_of_center(width, missing);
  return self.text(padded(text, left, missing - left, fill == nullptr ? Markup{" ", {}} : *fill, self.budget()));
}

Value zfill(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"}, 1);
  const std::int64_t missing = bound.integer(0, 0) - static_cast<std::int64_t>(count_characters(text.text));
  if (missing <= 0) return self.text(text);
  const std::size_t sign = text.text.starts_with('-') || text.text.starts_with('+') ? 1 : 0;
  Markup out = slice(text, 0, sign);
  const Markup digits = slice(text, sign, text.text.size());
  append(out, padded(digits, static_cast<std::size_t>(missing), 0, {"0", {}}, self.budget()));
  return self.text(std::move(out));
}

template <bool kSuffix>
Value remove_affix(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("removeprefix", arguments, {"affix"}, 1);
  const Markup* affix = bound.string(0);
  if (affix == nullptr) fail("removeprefix() and removesuffix() take a string");
  const std::size_t size = affix->text.size();
  if (kSuffix && text.text.ends_with(affix->text)) return self.text(slice(text, 0, text.text.size() - size));
  if (!kSuffix && text.text.starts_with(affix->text)) return self.text(slice(text, size, text.text.size()));
  return self.text(text);
}

template <std::string (*kMap)(std::string_view)>
Value mapped(const Markup& text, Interpreter& self, Arguments& arguments) {
  const Bound bound("upper", arguments, {});
  self.budget().bytes(text.text.size());
  return self.text(made_of(text, kMap(text.text)));
}

const std::unordered_map<std::string, Method>& methods() {
  static const std::unordered_map<std::string, Method> all = {
      {"strip", strip_method<true, true>},
      {"lstrip", strip_method<true, false>},
      {"rstrip", strip_method<false, true>},
      {"split", split_method<false>},
      {"rsplit", split_method<true>},
      {"splitlines", splitlines},
      {"partition", partition<false>},
      {"rpartition", partition<true>},
      {"startswith", affix<false>},
      {"endswith", affix<true>},
      {"find", find<false, false>},
      {"rfind", find<true, false>},
      {"index", find<false, true>},
      {"rindex", find<true, true>},
      {"count", count},
      {"replace", replace},
      {"join", join},
      {"format", format},
      {"ljust", justify<Side::kLeft>},
      {"rjust", justify<Side::kRight>},
      {"center", justify<Side::kCenter>},
      {"zfill", zfill},
      {"removeprefix", remove_affix<false>},
      {"removesuffix", remove_affix<true>},
      {"upper", mapped<to_upper>},
      {"lower", mapped<to_lower>},
      {"casefold", mapped<to_lower>},
      {"title", mapped<to_title>},
      {"capitalize", mapped<to_capitalized>},
      {"swapcase", mapped<swap_case>},
  };
  return all;
}

bool is_property(const std::string& name) {
  for (const char* known :
       {"space", "alpha", "alnum", "digit", "decimal", "numeric", "upper", "lower", "title", "ascii", "identifier"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

Markup stripped(const Markup& text, const Markup* characters, bool left, bool right, Budget& budget) {
  budget.bytes(text.text.size() / 8, characters == nullptr ? 1 : characters->text.size());
  const ByteRange rest = strip(text.text, characters == nullptr ? nullptr : &characters->text, left, right);
  return slice(text, rest.begin, rest.end);
}

Markup replaced(const Markup& text, const Markup& old, const Markup& by, std::int64_t most, Budget& budget) {
  budget.bytes(text.text.size());
  Markup out;
  std::size_t begin = 0;
  std::int64_t count = 0;
  for (std::size_t at = 0; most < 0 || count < most; ++count) {
    // An empty string is found before every character and at the end.
    const std::size_t found = old.text.empty() ? at : jinja::find(text.text, old.text, begin);
    if (found == std::string::npos || found > text.text.size()) break;
    budget.bytes(by.text.size() + by.untrusted.size() * sizeof(ByteRange));
    append(out, slice(text, begin, found));
    append(out, by);
    begin = found + old.text.size();
    const std::string_view rest = std::string_view(text.text).substr(begin);
    at = rest.empty() ? begin + 1 : begin + first_character(rest).bytes;
  }
  if (begin < text.text.size()) append(out, slice(text, begin, text.text.size()));
  return out;
}

Markup padded(const Markup& text, std::size_t left, std::size_t right, const Markup& fill, Budget& budget) {
  budget.bytes(left, fill.text.size() + sizeof(ByteRange));
  budget.bytes(right, fill.text.size() + sizeof(ByteRange));
  Markup out;
  for (std::size_t i = 0; i < left; ++i) append(out, fill);
  append(out, text);
  for (std::size_t i = 0; i < right; ++i) append(out, fill);
  return out;
}

// CPython's own rounding.
std::size_t left_of_center(std::int64_t width, std::size_t missing) {
  return missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
}

Markup centered(const Markup& text, std::int64_t width, Budget& budget) {
  const auto length = static_cast<std::int64_t>(count_characters(text.text));
  const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(width - length, 0));
  const std::size_t left = left_of_center(width, missing);
  return padded(text, left, missing - left, {" ", {}}, budget);
}

std::optional<Value> find_string_method(const String& object, const std::string& name) {
  if (const auto found = methods().find(name); found != methods().end()) {
    const bool by_name = name == "split" || name == "rsplit" || name == "splitlines" || name == "format";
    return make_callable(name, 0, [object, by_name, method = found->second](Interpreter& self, Arguments& arguments) {
      if (!by_name && !arguments.named.empty()) fail("this method of strings takes no keyword arguments");
      return method(*object, self, arguments);
    });
  }
  if (name.starts_with("is") && is_property(name.substr(2))) {
    return make_callable(name, 0, [object, property = name.substr(2)](Interpreter& self, Arguments& arguments) -> Value {
      const Bound bound("is...", arguments, {});
      self.budget().bytes(object->text.size());
      return has_property(object->text, property);
    });
  }
  return std::nullopt;
}

}  // namespace autodidact::jinja
