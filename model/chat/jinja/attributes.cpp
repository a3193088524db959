// a.b, a[b] and slices. As in jinja2, a.b asks for a method first and an entry of a dict second, a["b"] the other way round,
// and what neither has is undefined rather than an error.

#include <algorithm>

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/interpreter.hpp"
#include "model/chat/jinja/loop.hpp"

namespace autodidact::jinja {
namespace {

// The entry `index` of a container; nothing where Python raises a TypeError or a LookupError.
std::optional<Value> entry_of(const Value& object, const Value& index, Budget& budget) {
  if (const Dict* dict = as_dict(object)) {
    if (as_dict(index) != nullptr || (as_sequence(index) != nullptr && as_sequence(index)->kind != Sequence::Kind::kTuple)) {
      return std::nullopt;
    }
    const Value* found = dict->find(index, budget);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  std::int64_t at = 0;
  if (!to_integer(index, at)) return std::nullopt;
  const Sequence* list = as_sequence(object);
  if ((list == nullptr || !list->indexable()) && as_string(object) == nullptr) return std::nullopt;
  if (list != nullptr) {
    if (at < 0) at += static_cast<std::int64_t>(list->items.size());
    if (at < 0 || at >= static_cast<std::int64_t>(list->items.size())) return std::nullopt;
    return list->items[static_cast<std::size_t>(at)];
  }
  const Markup& text = *as_string(object);
  budget.bytes(text.text.size() / 8);  // it is counted through
  const std::int64_t length = at < 0 ? length_of(object) : 0;
  if ((at += length) < 0) return std::nullopt;
  const std::size_t begin = offset_of(text.text, static_cast<std::size_t>(at));
  if (begin == text.text.size()) return std::nullopt;
  const std::size_t bytes = first_character(std::string_view(text.text).substr(begin)).bytes;
  return make_string(slice(text, begin, begin + bytes), budget);
}

std::optional<Value> member_of(const Value& object, const std::string& name, Budget& budget) {
  if (name.starts_with("__")) return std::nullopt;
  if (const auto* space = std::get_if<std::shared_ptr<Namespace>>(&object)) {
    const auto found = (*space)->attributes.find(name);
    return found == (*space)->attributes.end() ? std::nullopt : std::optional<Value>(found->second);
  }
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&object)) {
    if (auto value = (*loop)->attribute(name, budget)) return value;
  }
  return find_method(object, name);
}

Value no_such(const Value& object, const std::string& name) {
  return undefined("'" + type_name(object) + " object' has no attribute '" + name.substr(0, 100) + "'");
}

// Python's slice.indices().
struct Indices {
  std::int64_t first, end, step;
};
Indices indices_of(std::int64_t size, const Value& first, const Value& end, std::int64_t step) {
  const auto clamp = [&](const Value& bound, std::int64_t otherwise) {
    std::int64_t at = 0;
    if (!to_integer(bound, at)) return otherwise;
    if (at < 0) at += size;
    return step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  return {clamp(first, step > 0 ? 0 : size - 1), clamp(end, step > 0 ? size : -1), step};
}

std::vector<std::size_t> places_of(const Indices& indices) {
  std::vector<std::size_t> out;
  std::int64_t at = indices.first;
  while (indices.step > 0 ? at < indices.end : at > indices.end) {
    out.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, indices.step, &at)) break;
  }
  return out;
}

}  // namespace

Value Interpreter::attribute(const Value& object, const std::string& name) {
  if (const auto* missing = std::get_if<Undefined>(&object)) fail_undefined(*missing);
  if (auto member = member_of(object, name, budget_)) return *std::move(member);
  if (const Dict* dict = as_dict(object)) {
    if (const Value* found = dict->find(name)) return *found;
  }
  return no_such(object, name);
}

Value Interpreter::item(const Value& object, const Value& index) {
  if (const auto* missing = std::get_if<Undefined>(&object)) fail_undefined(*missing);
  if (auto entry = entry_of(object, index, budget_)) return *std::move(entry);
  const Markup* name = as_string(index);
  if (name == nullptr) return undefined(type_name(object) + " object has no such element");
  if (auto member = member_of(object, name->text, budget_)) return *std::move(member);
  return no_such(object, name->text);
}

Value Interpreter::slice_of(const Value& object, const Value& first, const Value& end, const Value& step) {
  if (const auto* missing = std::get_if<Undefined>(&object)) fail_undefined(*missing);
  const Sequence* list = as_sequence(object);
  const Markup* text_object = as_string(object);
  if (text_object == nullptr && (list == nullptr || !list->indexable()))
    fail("'" + type_name(object) + "' object cannot be sliced");
  std::int64_t unused = 0, by = 1;
  for (const Value* bound : {&first, &end, &step}) {
    if (!is<None>(*bound) && !to_integer(*bound, unused)) fail("slice indices must be integers or None");
  }
  if (to_integer(step, by) && by == 0) fail("slice step cannot be zero");
  if (!is<None>(step)) to_integer(step, by);
  const Indices indices = indices_of(length_of(object), first, end, by);
  if (text_object != nullptr) budget_.bytes(text_object->text.size());
  if (text_object != nullptr && by == 1) {
    const std::string_view bytes = text_object->text;
    if (indices.first >= indices.end) return text(std::string());
    const std::size_t begin = offset_of(bytes, static_cast<std::size_t>(indices.first));
    const auto length = static_cast<std::size_t>(indices.end - indices.first);
    return text(slice(*text_object, begin, begin + offset_of(bytes.substr(begin), length)));
  }
  const std::vector<Value> all = list != nullptr ? std::vector<Value>() : items_of(object, budget_);
  const std::vector<Value>& items = list != nullptr ? list->items : all;
  if (list != nullptr) budget_.bytes(items.size() * sizeof(Value));
  std::vector<Value> out;
  for (const std::size_t at : places_of(indices)) out.push_back(items[at]);
  if (list != nullptr) return make_sequence(list->kind, std::move(out), budget_);
  Markup joined;
  for (const Value& character : out) append(joined, *as_string(character));
  return text(std::move(joined));
}

}  // namespace autodidact::jinja
