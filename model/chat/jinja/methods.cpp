// The methods of dicts, lists, tuples and loops. Those that would change a value do not exist here, as in jinja2's sandbox.

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/loop.hpp"

namespace autodidact::jinja {
namespace {

using DictPtr = std::shared_ptr<const Dict>;
using SequencePtr = std::shared_ptr<const Sequence>;

Value view_of(const Dict& dict, Sequence::Kind kind, Budget& budget) {
  std::vector<Value> items;
  budget.bytes(dict.entries().size() * sizeof(Dict::Entry));
  for (const Dict::Entry& entry : dict.entries()) {
    items.push_back(kind == Sequence::Kind::kKeys ? entry.key
                    : kind == Sequence::Kind::kValues
                        ? entry.value
                        : make_sequence(Sequence::Kind::kTuple, {entry.key, entry.value}, budget));
  }
  return make_sequence(kind, std::move(items), budget);
}

Value get(const Dict& dict, Interpreter& self, Arguments& arguments) {
  if (!arguments.named.empty()) fail("dict.get() takes no keyword arguments");
  const Bound bound("get", arguments, {"key", "default"}, 1);
  const Value* found = dict.find(bound.at(0), self.budget());
  return found != nullptr ? *found : bound.find(1) != nullptr ? bound.at(1) : Value(None{});
}

std::optional<Value> dict_method(const DictPtr& dict, const std::string& name) {
  using Kind = Sequence::Kind;
  const auto method = [&](auto body) {
    return make_callable(name, dict->nesting(),
                         [dict, body](Interpreter& self, Arguments& args) { return body(*dict, self, args); });
  };
  const auto view = [&](Kind kind) {
    return method([kind](const Dict& d, Interpreter& self, Arguments& arguments) {
      const Bound bound("dict view", arguments, {});
      return view_of(d, kind, self.budget());
    });
  };
  if (name == "items") return view(Kind::kItems);
  if (name == "keys") return view(Kind::kKeys);
  if (name == "values") return view(Kind::kValues);
  if (name == "get") return method(get);
  if (name == "copy") return method([dict](const Dict&, Interpreter&, Arguments&) { return Value(dict); });
  // These are attributes of a dict in Python, which hide its entries; the sandbox lets none of them be used.
  for (const char* hidden : {"clear", "pop", "popitem", "setdefault", "update", "fromkeys"}) {
    if (name == hidden) return undefined("access to attribute '" + name + "' of 'dict' object is unsafe.");
  }
  return std::nullopt;
}

std::optional<Value> sequence_method(const SequencePtr& list, const std::string& name) {
  if (!list->indexable()) return std::nullopt;
  if (name == "count") {
    return make_callable(name, list->nesting, [list](Interpreter& self, Arguments& arguments) {
      const Bound bound("count", arguments, {"value"}, 1);
      std::int64_t count = 0;
      for (const Value& item : list->items) count += equal(item, bound.at(0), self.budget()) ? 1 : 0;
      return Value(count);
    });
  }
  if (name == "index") {
    return make_callable(name, list->nesting, [list](Interpreter& self, Arguments& arguments) -> Value {
      const Bound bound("index", arguments, {"value"}, 1);
      for (std::size_t i = 0; i < list->items.size(); ++i) {
        if (equal(list->items[i], bound.at(0), self.budget())) return static_cast<std::int64_t>(i);
      }
      fail("index(): the value is not in the list");
    });
  }
  if (name == "copy" && list->kind == Sequence::Kind::kList) {
    return make_callable(name, list->nesting, [list](Interpreter&, Arguments&) { return Value(list); });
  }
  return std::nullopt;
}

// Bound weakly: `loop.changed(loop.changed)` must not keep itself.
std::optional<Value> loop_method(const std::shared_ptr<Loop>& loop, const std::string& name) {
  const std::weak_ptr<Loop> weak = loop;
  if (name == "cycle") {
    return make_callable(name, 0, [weak](Interpreter&, Arguments& arguments) -> Value {
      const auto held = weak.lock();
      if (held == nullptr || arguments.positional.empty()) fail("no items for cycling given");
      return arguments.positional[static_cast<std::size_t>(held->index0()) % arguments.positional.size()];
    });
  }
  if (name == "changed") {
    return make_callable(name, 0, [weak](Interpreter& self, Arguments& arguments) -> Value {
      const auto held = weak.lock();
      return held == nullptr || held->changed(arguments, self.budget());
    });
  }
  return std::nullopt;
}

}  // namespace

std::optional<Value> find_method(const Value& object, const std::string& name) {
  if (const String* text = std::get_if<String>(&object)) return find_string_method(*text, name);
  if (const DictPtr* dict = std::get_if<DictPtr>(&object)) return dict_method(*dict, name);
  if (const SequencePtr* list = std::get_if<SequencePtr>(&object)) return sequence_method(*list, name);
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&object)) return loop_method(*loop, name);
  return std::nullopt;
}

}  // namespace autodidact::jinja
