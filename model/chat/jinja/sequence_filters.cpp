// Filters over lists, dicts and what else can be iterated.

#include <algorithm>
#include <charconv>

#include "model/chat/jinja/builtins.hpp"

namespace autodidact::jinja {
namespace {

using Kind = Sequence::Kind;

// "a.b.0": the path that `attribute` arguments name.
Value along(Interpreter& self, Value value, const Value& path) {
  const Markup* text = as_string(path);
  if (text == nullptr) return self.item(value, path);
  for (const ByteRange& range : split(text->text, ".", -1)) {
    const std::string part = text->text.substr(range.begin, range.end - range.begin);
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool numeric = !part.empty() && part[0] != '-' && error == std::errc() && end == part.data() + part.size();
    value = self.item(value, numeric ? Value(index) : self.text(part));
  }
  return value;
}

// What sorting compares: strings without regard to case, unless told.
Value sort_key(Interpreter& self, const Value& value, bool case_sensitive) {
  const Markup* text = as_string(value);
  return text == nullptr || case_sensitive ? value : self.text(to_lower(text->text));
}

Value default_value(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  if (!is<Undefined>(input) && (!bound.flag(1, false) || is_true(input))) return input;
  return bound.find(0) != nullptr ? bound.at(0) : self.text(std::string());
}

Value length(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("length", arguments, {});
  if (const Markup* text = as_string(input)) self.budget().bytes(text->text.size() / 8);
  return length_of(input);
}

Value first(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("first", arguments, {});
  if (as_string(input) != nullptr || (as_sequence(input) != nullptr && as_sequence(input)->indexable())) {
    if (length_of(input) > 0) return self.item(input, std::int64_t{0});
  }
  const std::vector<Value> items = items_of(input, self.budget());
  return items.empty() ? undefined("No first item, sequence was empty.") : items[0];
}

Value last(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("last", arguments, {});
  if (!has_length(input)) fail("'" + type_name(input) + "' object is not reversible");
  const std::vector<Value> items = items_of(input, self.budget());
  return items.empty() ? undefined("No last item, sequence was empty.") : items.back();
}

Value list(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("list", arguments, {});
  return make_list(items_of(input, self.budget()), self.budget());
}

Value reverse(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("reverse", arguments, {});
  std::vector<Value> items = items_of(input, self.budget());
  std::reverse(items.begin(), items.end());
  if (as_string(input) == nullptr) return make_sequence(Kind::kIterator, std::move(items), self.budget());
  Markup out;
  for (const Value& character : items) append(out, *as_string(character));
  return self.text(std::move(out));
}

Value join(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const Markup between = bound.find(0) != nullptr ? to_text(bound.at(0), self.budget()) : Markup();
  Markup out;
  bool first = true;
  for (Value& item : items_of(input, self.budget())) {
    if (bound.find(1) != nullptr && !is<None>(bound.at(1))) item = along(self, item, bound.at(1));
    self.budget().bytes(between.text.size() + between.untrusted.size() * sizeof(ByteRange));
    if (!std::exchange(first, false)) append(out, between);
    append(out, to_text(item, self.budget()));
  }
  return self.text(std::move(out));
}

std::vector<Value> pairs_of(const Dict& dict, Interpreter& self) {
  std::vector<Value> pairs;
  for (const Dict::Entry& entry : dict.entries()) {
    pairs.push_back(make_sequence(Kind::kTuple, {entry.key, entry.value}, self.budget()));
  }
  return pairs;
}

Value items(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("items", arguments, {});
  if (is<Undefined>(input)) return make_sequence(Kind::kIterator, {}, self.budget());
  const Dict* dict = as_dict(input);
  if (dict == nullptr) fail("Can only get item pairs from a mapping.");
  return make_sequence(Kind::kIterator, pairs_of(*dict, self), self.budget());
}

// Values beside what they are compared by.
using Keyed = std::vector<std::pair<Value, Value>>;

Value sorted(Interpreter& self, Keyed keyed, bool backwards) {
  const auto before = [&](const auto& a, const auto& b) {
    return backwards ? ordered(b.first, a.first, "<", self.budget()) : ordered(a.first, b.first, "<", self.budget());
  };
  std::stable_sort(keyed.begin(), keyed.end(), before);
  std::vector<Value> out;
  for (auto& [key, value] : keyed) out.push_back(std::move(value));
  return make_list(std::move(out), self.budget());
}

Value sort(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  Keyed keyed;
  const Markup* path = bound.find(2) != nullptr ? as_string(bound.at(2)) : nullptr;
  for (Value& item : items_of(input, self.budget())) {
    std::vector<Value> keys;
    if (path != nullptr) {
      for (const ByteRange& range : split(path->text, ",", -1)) {
        const Value value = along(self, item, self.text(slice(*path, range.begin, range.end)));
        keys.push_back(sort_key(self, value, bound.flag(1, false)));
      }
    } else {
      keys.push_back(sort_key(self, bound.find(2) != nullptr && !is<None>(bound.at(2)) ? along(self, item, bound.at(2)) : item,
                              bound.flag(1, false)));
    }
    Value key = keys.size() == 1 ? keys[0] : make_list(std::move(keys), self.budget());
    keyed.emplace_back(std::move(key), std::move(item));
  }
  return sorted(self, std::move(keyed), bound.flag(0, false));
}

Value dictsort(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const Dict* dict = as_dict(input);
  if (dict == nullptr) fail("dictsort takes a mapping, not " + type_name(input));
  const std::string by = bound.string(1) == nullptr ? "key" : bound.string(1)->text;
  if (by != "key" && by != "value") fail("You can only sort by either \"key\" or \"value\"");
  Keyed keyed;
  for (const Dict::Entry& entry : dict->entries()) {
    keyed.emplace_back(sort_key(self, by == "key" ? entry.key : entry.value, bound.flag(0, false)),
                       make_sequence(Kind::kTuple, {entry.key, entry.value}, self.budget()));
  }
  return sorted(self, std::move(keyed), bound.flag(2, false));
}

Value unique(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  Dict seen;
  std::vector<Value> out;
  for (Value& item : items_of(input, self.budget())) {
    const Value value = bound.find(1) != nullptr && !is<None>(bound.at(1)) ? along(self, item, bound.at(1)) : item;
    const Value key = sort_key(self, value, bound.flag(0, false));
    if (seen.find(key, self.budget()) != nullptr) continue;
    seen.set(key, None{}, self.budget());
    out.push_back(std::move(item));
  }
  return make_sequence(Kind::kIterator, std::move(out), self.budget());
}

template <bool kMax>
Value extreme(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("min", arguments, {"case_sensitive", "attribute"});
  std::optional<std::pair<Value, Value>> best;
  for (Value& item : items_of(input, self.budget())) {
    const Value value = bound.find(1) != nullptr && !is<None>(bound.at(1)) ? along(self, item, bound.at(1)) : item;
    Value key = sort_key(self, value, bound.flag(0, false));
    if (!best || ordered(key, best->first, kMax ? ">" : "<", self.budget())) best.emplace(std::move(key), std::move(item));
  }
  return best ? best->second : undefined("No aggregated item, sequence was empty.");
}

Value sum(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  Value total = bound.find(1) != nullptr ? bound.at(1) : Value(std::int64_t{0});
  if (as_string(total) != nullptr) fail("sum() can't sum strings");
  for (const Value& item : items_of(input, self.budget())) {
    const bool path = bound.find(0) != nullptr && !is<None>(bound.at(0));
    total = arithmetic("+", total, path ? along(self, item, bound.at(0)) : item, self.budget());
  }
  return total;
}

// Groups of `size`, the last one filled up if there is something to fill it with.
Value batch(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const std::int64_t size = bound.integer(0, 0);
  if (size < 1) fail("batch: 'linecount' must be positive");
  std::vector<Value> groups, group;
  for (Value& item : items_of(input, self.budget())) {
    group.push_back(std::move(item));
    if (static_cast<std::int64_t>(group.size()) < size) continue;
    groups.push_back(make_list(std::exchange(group, {}), self.budget()));
  }
  if (!group.empty() && bound.find(1) != nullptr && !is<None>(bound.at(1))) {
    self.budget().bytes(static_cast<std::size_t>(size), sizeof(Value));
    group.resize(static_cast<std::size_t>(size), bound.at(1));
  }
  if (!group.empty()) groups.push_back(make_list(std::move(group), self.budget()));
  return make_sequence(Kind::kIterator, std::move(groups), self.budget());
}

Value attr(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  if (as_dict(input) == nullptr) return self.attribute(input, to_text(bound.at(0), self.budget()).text);
  return find_method(input, to_text(bound.at(0), self.budget()).text).value_or(undefined("no such attribute"));
}

Value map(Interpreter& self, const Value& input, Arguments& arguments) {
  std::vector<Value> out;
  if (!is_true(input)) return make_sequence(Kind::kIterator, {}, self.budget());  // not even looked at, as in jinja2
  if (arguments.positional.empty()) {
    const Bound bound("map", arguments, {"attribute", "default"}, 1);
    for (const Value& item : items_of(input, self.budget())) {
      Value value = along(self, item, bound.at(0));
      const bool missing = is<Undefined>(value) && bound.find(1) != nullptr && !is<None>(bound.at(1));
      out.push_back(missing ? bound.at(1) : std::move(value));
    }
    return make_sequence(Kind::kIterator, std::move(out), self.budget());
  }
  const std::string name = to_text(arguments.positional[0], self.budget()).text;
  arguments.positional.erase(arguments.positional.begin());
  for (const Value& item : items_of(input, self.budget())) out.push_back(self.call_filter(name, item, arguments));
  return make_sequence(Kind::kIterator, std::move(out), self.budget());
}

// select and reject, with an attribute or without, by a test or by truth.
template <bool kAttribute, bool kKeep>
Value select(Interpreter& self, const Value& input, Arguments& arguments) {
  if (!is_true(input)) return make_sequence(Kind::kIterator, {}, self.budget());
  std::vector<Value>& given = arguments.positional;
  if (kAttribute && given.empty()) fail("missing parameter for attribute name");
  const Value path = kAttribute ? given[0] : Value(None{});
  given.erase(given.begin(), given.begin() + (kAttribute ? 1 : 0));
  const std::string test = given.empty() ? "" : to_text(given[0], self.budget()).text;
  if (!given.empty()) given.erase(given.begin());
  std::vector<Value> out;
  for (Value& item : items_of(input, self.budget())) {
    const Value value = kAttribute ? along(self, item, path) : item;
    if ((test.empty() ? is_true(value) : self.call_test(test, value, arguments)) == kKeep) out.push_back(std::move(item));
  }
  return make_sequence(Kind::kIterator, std::move(out), self.budget());
}

}  // namespace

void add_sequence_filters(Filters& filters) {
  filters.insert({{"default", default_value},
                  {"d", default_value},
                  {"length", length},
                  {"count", length},
                  {"first", first},
                  {"last", last},
                  {"list", list},
                  {"reverse", reverse},
                  {"join", join},
                  {"items", items},
                  {"sort", sort},
                  {"dictsort", dictsort},
                  {"unique", unique},
                  {"min", extreme<false>},
                  {"max", extreme<true>},
                  {"sum", sum},
                  {"batch", batch},
                  {"attr", attr},
                  {"map", map},
                  {"select", select<false, true>},
                  {"reject", select<false, false>},
                  {"selectattr", select<true, true>},
                  {"rejectattr", select<true, false>}});
}

const Filter* find_filter(const std::string& name) {
  static const Filters all = [] {
    Filters filters;
    add_text_filters(filters);
    add_sequence_filters(filters);
    return filters;
  }();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace autodidact::jinja
