// What can stand behind `is`.

#include "model/chat/jinja/builtins.hpp"

namespace autodidact::jinja {
namespace {

using Check = bool (*)(const Value&);

Test plain(Check check) {
  return [check](Interpreter&, const Value& input, Arguments& arguments) {
    const Bound bound("test", arguments, {});
    return check(input);
  };
}

Test comparing(const char* op) {
  return [op = std::string(op)](Interpreter& self, const Value& input, Arguments& arguments) {
    const Bound bound("test", arguments, {"other"}, 1);
    if (op == "==") return equal(input, bound.at(0), self.budget());
    if (op == "!=") return !equal(input, bound.at(0), self.budget());
    return ordered(input, bound.at(0), op, self.budget());
  };
}

bool divisible(Interpreter& self, const Value& input, const Value& by, std::int64_t rest) {
  return equal(arithmetic("%", input, by, self.budget()), rest, self.budget());
}

Test remainder(std::int64_t rest) {
  return [rest](Interpreter& self, const Value& input, Arguments& arguments) {
    const Bound bound("test", arguments, {});
    return divisible(self, input, std::int64_t{2}, rest);
  };
}

Test cased(const char* property) {
  return [property](Interpreter& self, const Value& input, Arguments& arguments) {
    const Bound bound("test", arguments, {});
    return has_property(to_text(input, self.budget()).text, property);
  };
}

bool divisible_by(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("divisibleby", arguments, {"num"}, 1);
  return divisible(self, input, bound.at(0), 0);
}

bool in(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("in", arguments, {"seq"}, 1);
  return contains(bound.at(0), input, self.budget());
}

// Whether both are one object; of numbers and strings, which Python may share or not, whether they are alike.
bool same_as(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("sameas", arguments, {"other"}, 1);
  const Value& other = bound.at(0);
  if (input.index() != other.index()) return false;
  if (const Sequence* list = as_sequence(input)) return list == as_sequence(other);
  if (const Dict* dict = as_dict(input)) return dict == as_dict(other);
  return equal(input, other, self.budget());
}

template <bool kFilter>
bool is_known(Interpreter& self, const Value& input, Arguments& arguments) {
  const Bound bound("test", arguments, {});
  const Markup* name = as_string(input);
  return name != nullptr && (kFilter ? find_filter(name->text) != nullptr : find_test(name->text) != nullptr);
}

bool is_integer(const Value& value) { return is<std::int64_t>(value); }
bool is_number(const Value& value) { return is<bool>(value) || is<std::int64_t>(value) || is<double>(value); }
bool is_sequence(const Value& value) {
  const Sequence* list = as_sequence(value);
  return list == nullptr ? is_iterable(value) : list->indexable();
}
bool is_callable(const Value& value) { return is<std::shared_ptr<const Callable>>(value) || is<Undefined>(value); }

std::unordered_map<std::string, Test> make_tests() {
  std::unordered_map<std::string, Test> tests = {
      {"defined", plain([](const Value& v) { return !is<Undefined>(v); })},
      {"undefined", plain(is<Undefined>)},
      {"none", plain(is<None>)},
      {"boolean", plain(is<bool>)},
      {"true", plain([](const Value& v) { return is<bool>(v) && std::get<bool>(v); })},
      {"false", plain([](const Value& v) { return is<bool>(v) && !std::get<bool>(v); })},
      {"integer", plain(is_integer)},
      {"float", plain(is<double>)},
      {"number", plain(is_number)},
      {"string", plain(is<String>)},
      {"mapping", plain(is<std::shared_ptr<const Dict>>)},
      {"sequence", plain(is_sequence)},
      {"iterable", plain(is_iterable)},
      {"callable", plain(is_callable)},
      {"escaped", plain([](const Value&) { return false; })},
      {"odd", remainder(1)},
      {"even", remainder(0)},
      {"divisibleby", divisible_by},
      {"upper", cased("upper")},
      {"lower", cased("lower")},
      {"in", in},
      {"sameas", same_as},
      {"filter", is_known<true>},
      {"test", is_known<false>},
  };
  const std::pair<const char*, std::vector<const char*>> comparisons[] = {
      {"==", {"eq", "equalto", "=="}},   {"!=", {"ne", "!="}}, {"<", {"lt", "lessthan", "<"}}, {"<=", {"le", "<="}},
      {">", {"gt", "greaterthan", ">"}}, {">=", {"ge", ">="}}};
  for (const auto& [op, names] : comparisons) {
    for (const char* name : names) tests.emplace(name, comparing(op));
  }
  return tests;
}

}  // namespace

const Test* find_test(const std::string& name) {
  static const std::unordered_map<std::string, Test> all = make_tests();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace autodidact::jinja
