// The functions that every template sees.

#include "model/bpe/utf8.hpp"
#include "model/chat/jinja/builtins.hpp"

namespace autodidact::jinja {

Value Interpreter::make_namespace(std::unordered_map<std::string, Value> attributes) {
  budget_.bytes(sizeof(Namespace) + attributes.size() * sizeof(Value));
  namespaces_.push_back(std::make_shared<Namespace>(Namespace{std::move(attributes)}));
  return namespaces_.back();
}

namespace {

Value range(Interpreter& self, Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"}, 1);
  const bool one = bound.find(1) == nullptr;
  for (std::size_t i = 0; i < 3; ++i) {
    std::int64_t unused = 0;
    if (bound.find(i) == nullptr || to_integer(bound.at(i), unused)) continue;
    if (const auto* missing = std::get_if<Undefined>(&bound.at(i))) fail_undefined(*missing);
    fail("range() takes integers, not " + type_name(bound.at(i)));
  }
  const std::int64_t first = one ? 0 : bound.integer(0, 0), end = bound.integer(one ? 0 : 1, 0), step = bound.integer(2, 1);
  if (step == 0) fail("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (std::int64_t at = first; step > 0 ? at < end : at > end;) {
    if (static_cast<std::int64_t>(items.size()) == kMaxRange) fail("range of more than " + std::to_string(kMaxRange));
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return make_sequence(Sequence::Kind::kRange, std::move(items), self.budget());
}

// dict(mapping or pairs, name=value, ...).
Value dict(Interpreter& self, Arguments& arguments) {
  if (arguments.positional.size() > 1) fail("dict expected at most 1 argument");
  auto out = std::make_shared<Dict>();
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (const Dict* other = as_dict(from)) {
      for (const Dict::Entry& entry : other->entries()) out->set(entry.key, entry.value, self.budget());
    } else {
      for (const Value& pair : items_of(from, self.budget())) {
        std::vector<Value> both = items_of(pair, self.budget());
        if (both.size() != 2) fail("dictionary update sequence elements must have length 2");
        out->set(std::move(both[0]), std::move(both[1]), self.budget());
      }
    }
  }
  for (auto& [name, value] : arguments.named) out->set(self.text(name), value, self.budget());
  return std::shared_ptr<const Dict>(std::move(out));
}

Value make_namespace(Interpreter& self, Arguments& arguments) {
  const Value made = dict(self, arguments);
  std::unordered_map<std::string, Value> attributes;
  for (const Dict::Entry& entry : as_dict(made)->entries()) {
    const Markup* name = as_string(entry.key);
    if (name == nullptr || name->text.starts_with("_")) {
      fail("attributes of a namespace are strings that do not begin with an underscore");
    }
    attributes[name->text] = entry.value;
  }
  return self.make_namespace(std::move(attributes));
}

Value raise_exception(Interpreter& self, Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  fail("the template refuses: " + to_text(bound.at(0), self.budget()).text);
}

Value strftime_now(Interpreter& self, Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  const Markup* given = bound.string(0);
  if (given == nullptr || given->text.size() > 1000) fail("strftime_now() takes a format of at most 1000 bytes");
  std::string format;
  for (std::size_t i = 0; i < given->text.size(); ++i) {
    const char c = given->text[i], next = i + 1 < given->text.size() ? given->text[i + 1] : '\0';
    if (c == '%' && (next == 'z' || next == 'Z' || next == 'f')) {  // Python's now() knows no zone, C no microseconds
      format += next == 'f' ? "000000" : "";
      ++i;
    } else if (c == '%' && next != '\0') {
      format += {c, next};
      ++i;
    } else {
      format += c;
    }
  }
  const std::time_t now = self.now();
  std::tm local = {};
  if (localtime_r(&now, &local) == nullptr) fail("strftime_now(): the time is out of range");
  format += '.';  // so that an empty result and one that does not fit differ
  std::string out(20000, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  if (out.empty()) fail("strftime_now(): the result does not fit");
  out.pop_back();
  return self.text(replace_ill_formed(out));
}

}  // namespace

const Value* find_global(const std::string& name) {
  static const std::unordered_map<std::string, Value> all = {
      {"range", make_callable("range", 0, range)},
      {"dict", make_callable("dict", 0, dict)},
      {"namespace", make_callable("namespace", 0, make_namespace)},
      {"raise_exception", make_callable("raise_exception", 0, raise_exception)},
      {"strftime_now", make_callable("strftime_now", 0, strftime_now)},
  };
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace autodidact::jinja
