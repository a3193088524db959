#include "model/chat/jinja/value.hpp"

#include <algorithm>
#include <cmath>

#include "model/chat/jinja/loop.hpp"

namespace autodidact::jinja {
namespace {

int check_nesting(int nesting) {
  if (nesting > kMaxNesting) fail("values nest deeper than " + std::to_string(kMaxNesting));
  return nesting;
}

std::vector<Value> characters_of(const Markup& text, Budget& budget) {
  std::vector<Value> out;
  budget.bytes(text.text.size(), sizeof(Value) + sizeof(Markup));
  for (std::size_t at = 0; at < text.text.size();) {
    const std::size_t end = at + first_character(std::string_view(text.text).substr(at)).bytes;
    out.emplace_back(std::make_shared<const Markup>(slice(text, at, end)));
    at = end;
  }
  return out;
}

}  // namespace

void Dict::set(Value key, Value value, Budget& budget) {
  nesting_ = std::max({nesting_, check_nesting(1 + nesting_of(value)), check_nesting(1 + nesting_of(key))});
  budget.bytes(2 * sizeof(Entry));
  const auto [place, is_new] = index_.try_emplace(hash_key(key, budget), entries_.size());
  if (is_new) {
    entries_.push_back({std::move(key), std::move(value)});
  } else {
    entries_[place->second].value = std::move(value);
  }
}

const Value* Dict::find(const Value& key, Budget& budget) const {
  const auto found = index_.find(hash_key(key, budget));
  return found == index_.end() ? nullptr : &entries_[found->second].value;
}

const Value* Dict::find(const std::string& key) const {
  const auto found = index_.find("s" + key);
  return found == index_.end() ? nullptr : &entries_[found->second].value;
}

int nesting_of(const Value& value) {
  if (const Sequence* list = as_sequence(value)) return list->nesting;
  if (const Dict* dict = as_dict(value)) return dict->nesting();
  if (const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&value)) return (*callable)->nesting;
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&value)) return (*loop)->nesting();
  return 0;
}

Value make_string(std::string text, Budget& budget) {
  budget.bytes(sizeof(Markup) + text.size());
  auto out = std::make_shared<Markup>();
  out->text = std::move(text);
  return String(std::move(out));
}

Value make_string(Markup text, Budget& budget) {
  budget.bytes(sizeof(Markup) + text.text.size() + text.untrusted.size() * sizeof(ByteRange));
  return String(std::make_shared<const Markup>(std::move(text)));
}

Value make_sequence(Sequence::Kind kind, std::vector<Value> items, Budget& budget) {
  budget.bytes(sizeof(Sequence) + items.size() * sizeof(Value));
  auto out = std::make_shared<Sequence>();
  for (const Value& item : items) out->nesting = std::max(out->nesting, check_nesting(1 + nesting_of(item)));
  out->kind = kind;
  out->items = std::move(items);
  return std::shared_ptr<const Sequence>(std::move(out));
}

Value make_callable(std::string name, int nesting, std::function<Value(Interpreter&, Arguments&)> call) {
  return std::make_shared<const Callable>(Callable{std::move(name), std::move(call), check_nesting(1 + nesting)});
}

std::string type_name(const Value& value) {
  if (const Sequence* list = as_sequence(value)) {
    static const char* const kNames[] = {"list", "tuple", "range", "dict_keys", "dict_values", "dict_items", "generator"};
    return kNames[static_cast<int>(list->kind)];
  }
  static const char* const kNames[] = {"Undefined", "NoneType", "bool",      "int",      "float",      "str",
                                       "list",      "dict",     "Namespace", "function", "LoopContext"};
  return kNames[value.index()];
}

bool is_true(const Value& value) {
  if (is<Undefined>(value) || is<None>(value)) return false;
  if (const bool* flag = std::get_if<bool>(&value)) return *flag;
  double number = 0;
  if (to_number(value, number)) return number != 0;
  return !has_length(value) || length_of(value) != 0;
}

std::string hash_key(const Value& value, Budget& budget) {
  budget.step();
  std::int64_t integer = 0;
  if (is<None>(value)) return "n";
  if (is<Undefined>(value)) return "u";
  if (to_integer(value, integer)) return "i" + std::to_string(integer);
  if (const double* number = std::get_if<double>(&value)) {
    const bool whole = std::abs(*number) < 9e18 && *number == std::floor(*number);
    return whole ? "i" + std::to_string(static_cast<std::int64_t>(*number)) : "f" + float_text(*number);
  }
  if (const Markup* text = as_string(value)) {
    budget.bytes(text->text.size());
    return "s" + text->text;
  }
  const Sequence* list = as_sequence(value);
  if (list == nullptr || list->kind != Sequence::Kind::kTuple) fail("unhashable type: '" + type_name(value) + "'");
  std::string key = "t";
  for (const Value& item : list->items) {
    const std::string inner = hash_key(item, budget);
    budget.bytes(inner.size());
    key += std::to_string(inner.size()) + ":" + inner;
  }
  return key;
}

std::vector<Value> items_of(const Value& value, Budget& budget) {
  if (is<Undefined>(value)) return {};
  if (const Markup* text = as_string(value)) return characters_of(*text, budget);
  std::vector<Value> out;
  if (const Sequence* list = as_sequence(value)) {
    budget.bytes(list->items.size() * sizeof(Value));
    if (list->kind != Sequence::Kind::kIterator) return list->items;
    if (!std::exchange(list->used_up, true)) out = list->items;
    return out;
  }
  if (const Dict* dict = as_dict(value)) {
    budget.bytes(dict->entries().size() * sizeof(Value));
    for (const Dict::Entry& entry : dict->entries()) out.push_back(entry.key);
    return out;
  }
  fail("'" + type_name(value) + "' object is not iterable");
}

bool is_iterable(const Value& value) {
  return is<Undefined>(value) || as_string(value) != nullptr || as_sequence(value) != nullptr || as_dict(value) != nullptr;
}

bool has_length(const Value& value) {
  const Sequence* list = as_sequence(value);
  return list == nullptr ? is_iterable(value) : list->kind != Sequence::Kind::kIterator;
}

std::int64_t length_of(const Value& value) {
  if (!has_length(value)) fail("object of type '" + type_name(value) + "' has no len()");
  if (const Markup* text = as_string(value)) return static_cast<std::int64_t>(count_characters(text->text));
  if (const Sequence* list = as_sequence(value)) return static_cast<std::int64_t>(list->items.size());
  if (const Dict* dict = as_dict(value)) return static_cast<std::int64_t>(dict->entries().size());
  return 0;
}

bool to_integer(const Value& value, std::int64_t& out) {
  if (const bool* flag = std::get_if<bool>(&value)) {
    out = *flag ? 1 : 0;
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    out = *integer;
  } else {
    return false;
  }
  return true;
}

bool to_number(const Value& value, double& out) {
  std::int64_t integer = 0;
  if (to_integer(value, integer)) {
    out = static_cast<double>(integer);
  } else if (const double* number = std::get_if<double>(&value)) {
    out = *number;
  } else {
    return false;
  }
  return true;
}

void fail_undefined(const Undefined& value) { fail(value.why != nullptr ? *value.why : "the value is undefined"); }

}  // namespace autodidact::jinja
