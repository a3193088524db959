#pragma once
// Values of the template language: Python's, as far as templates see them. Immutable but for namespaces, loops and iterators,
// which belong to one rendering; so values made of JSON or of literals may be shared by threads. No container nests deeper
// than kMaxNesting, so that nothing that walks or frees them recurses without bound.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "model/chat/jinja/limits.hpp"
#include "model/chat/jinja/text.hpp"

namespace autodidact::jinja {

struct Sequence;
class Dict;
struct Namespace;
struct Callable;
class Loop;

struct Undefined {
  std::shared_ptr<const std::string> why;  // e.g. "'x' is undefined"
};
struct None {};
using String = std::shared_ptr<const Markup>;
using Value = std::variant<Undefined, None, bool, std::int64_t, double, String, std::shared_ptr<const Sequence>,
                           std::shared_ptr<const Dict>, std::shared_ptr<Namespace>, std::shared_ptr<const Callable>,
                           std::shared_ptr<Loop>>;

struct Sequence {
  enum class Kind { kList, kTuple, kRange, kKeys, kValues, kItems, kIterator };
  Kind kind = Kind::kList;
  std::vector<Value> items;
  int nesting = 1;
  mutable bool used_up = false;  // an iterator gives its items once
  bool indexable() const { return kind <= Kind::kRange; }
};

// In order of insertion. Keys are looked up as Python does: 1, 1.0 and True are one key.
class Dict {
 public:
  struct Entry {
    Value key, value;
  };
  void set(Value key, Value value, Budget& budget);
  const Value* find(const Value& key, Budget& budget) const;  // null: not there; fails on a key that cannot be one
  const Value* find(const std::string& key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  int nesting() const { return nesting_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;  // hash_key() -> place in entries_
  int nesting_ = 1;
};

// The one thing that templates change. The interpreter empties all of them at its end, so that no cycle keeps itself alive.
struct Namespace {
  std::unordered_map<std::string, Value> attributes;
};

class Interpreter;
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};
struct Callable {
  std::string name;
  std::function<Value(Interpreter&, Arguments&)> call;
  int nesting = 1;  // of what it is bound to
};

int nesting_of(const Value& value);

Value make_string(std::string text, Budget& budget);  // of our own making
Value make_string(Markup text, Budget& budget);
Value make_sequence(Sequence::Kind kind, std::vector<Value> items, Budget& budget);
inline Value make_list(std::vector<Value> items, Budget& budget) {
  return make_sequence(Sequence::Kind::kList, std::move(items), budget);
}
Value make_callable(std::string name, int nesting, std::function<Value(Interpreter&, Arguments&)> call);
inline Value undefined(std::string why) { return Undefined{std::make_shared<const std::string>(std::move(why))}; }

template <class T>
bool is(const Value& value) {
  return std::holds_alternative<T>(value);
}
inline const Markup* as_string(const Value& value) {
  const String* text = std::get_if<String>(&value);
  return text != nullptr ? text->get() : nullptr;
}
inline const Sequence* as_sequence(const Value& value) {
  const auto* list = std::get_if<std::shared_ptr<const Sequence>>(&value);
  return list != nullptr ? list->get() : nullptr;
}
inline const Dict* as_dict(const Value& value) {
  const auto* dict = std::get_if<std::shared_ptr<const Dict>>(&value);
  return dict != nullptr ? dict->get() : nullptr;
}

// Python's name of the type, for messages.
std::string type_name(const Value& value);
bool is_true(const Value& value);
bool equal(const Value& a, const Value& b, Budget& budget);
// a < b for `op` "<", and so on; fails where Python raises a TypeError.
bool ordered(const Value& a, const Value& b, const std::string& op, Budget& budget);
bool contains(const Value& container, const Value& item, Budget& budget);

// str() and repr().
Markup to_text(const Value& value, Budget& budget);
Markup to_repr(const Value& value, Budget& budget);
std::string float_text(double value);

// Two values are one key of a dict exactly when this is equal; fails on lists and dicts.
std::string hash_key(const Value& value, Budget& budget);

// What iter() gives: items, keys, characters; nothing of an undefined one. Fails for what cannot be iterated. Uses an
// iterator up.
std::vector<Value> items_of(const Value& value, Budget& budget);
bool is_iterable(const Value& value);
// len(); fails for what has none.
std::int64_t length_of(const Value& value);
bool has_length(const Value& value);

// Of a bool or an int; false for others.
bool to_integer(const Value& value, std::int64_t& out);
// Of a bool, an int or a float; false for others.
bool to_number(const Value& value, double& out);
[[noreturn]] void fail_undefined(const Undefined& value);

}  // namespace autodidact::jinja
