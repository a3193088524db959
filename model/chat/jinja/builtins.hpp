#pragma once
// What templates find ready-made: filters, tests, global functions, the methods of strings, dicts and lists. Tables made once;
// any thread.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/chat/jinja/interpreter.hpp"

namespace autodidact::jinja {

using Filter = std::function<Value(Interpreter&, const Value& input, Arguments&)>;
using Test = std::function<bool(Interpreter&, const Value& input, Arguments&)>;
using Filters = std::unordered_map<std::string, Filter>;

const Filter* find_filter(const std::string& name);  // null: there is none
const Test* find_test(const std::string& name);
const Value* find_global(const std::string& name);
// The method bound to `object`; nothing if it has none of that name (or one that would change it).
std::optional<Value> find_method(const Value& object, const std::string& name);

// The filters come from two sources.
void add_text_filters(Filters& filters);
void add_sequence_filters(Filters& filters);
std::optional<Value> find_string_method(const String& object, const std::string& name);

// The arguments of a call, by the function's parameters: names in order, the first `required` of them needed.
class Bound {
 public:
  Bound(const char* function, Arguments& arguments, std::vector<const char*> names, std::size_t required = 0);
  const Value* find(std::size_t parameter) const { return values_[parameter]; }
  const Value& at(std::size_t parameter) const { return *values_[parameter]; }  // of a required one
  std::int64_t integer(std::size_t parameter, std::int64_t otherwise) const;    // None counts as absent
  bool flag(std::size_t parameter, bool otherwise) const;
  const Markup* string(std::size_t parameter) const;  // null: absent or None; fails for others than strings

 private:
  std::string name(std::size_t parameter) const { return std::string(function_) + "(): '" + names_[parameter] + "'"; }
  const char* function_;
  std::vector<const char*> names_;
  std::vector<const Value*> values_;
};

}  // namespace autodidact::jinja
