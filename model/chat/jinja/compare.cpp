// ==, < and `in`, as Python has them.

#include <algorithm>

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {
namespace {

bool equal_sequences(const Sequence& a, const Sequence& b, Budget& budget) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.kind == Sequence::Kind::kIterator || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(a.items[i], b.items[i], budget)) return false;
  }
  return true;
}

bool equal_dicts(const Dict& a, const Dict& b, Budget& budget) {
  if (&a == &b) return true;
  if (a.entries().size() != b.entries().size()) return false;
  for (const Dict::Entry& entry : a.entries()) {
    const Value* other = b.find(entry.key, budget);
    if (other == nullptr || !equal(entry.value, *other, budget)) return false;
  }
  return true;
}

const void* identity(const Value& value) {
  if (const auto* space = std::get_if<std::shared_ptr<Namespace>>(&value)) return space->get();
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&value)) return loop->get();
  const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&value);
  return callable != nullptr ? callable->get() : nullptr;
}

// Negative, zero, positive; 2: neither (nan).
template <class T>
int three_way(T a, T b) {
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
}

int compare(const Value& a, const Value& b, const std::string& op, Budget& budget);

int compare_sequences(const Sequence& a, const Sequence& b, const std::string& op, Budget& budget) {
  const std::size_t common = std::min(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!equal(a.items[i], b.items[i], budget)) return compare(a.items[i], b.items[i], op, budget);
  }
  return three_way(a.items.size(), b.items.size());
}

int compare(const Value& a, const Value& b, const std::string& op, Budget& budget) {
  budget.step();
  std::int64_t left = 0, right = 0;
  if (to_integer(a, left) && to_integer(b, right)) return three_way(left, right);
  double x = 0, y = 0;
  if (to_number(a, x) && to_number(b, y)) return three_way(x, y);
  const Markup *text = as_string(a), *other_text = as_string(b);
  if (text != nullptr && other_text != nullptr) {
    budget.bytes(std::min(text->text.size(), other_text->text.size()));
    return three_way(text->text.compare(other_text->text), 0);  // UTF-8 sorts as its characters do
  }
  const Sequence *list = as_sequence(a), *other = as_sequence(b);
  if (list != nullptr && other != nullptr && list->kind == other->kind && list->kind <= Sequence::Kind::kTuple) {
    return compare_sequences(*list, *other, op, budget);
  }
  for (const Value* value : {&a, &b}) {
    if (const auto* missing = std::get_if<Undefined>(value)) fail_undefined(*missing);
  }
  fail("'" + op + "' not supported between instances of '" + type_name(a) + "' and '" + type_name(b) + "'");
}

}  // namespace

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.step();
  std::int64_t left = 0, right = 0;
  if (to_integer(a, left) && to_integer(b, right)) return left == right;
  double x = 0, y = 0;
  if (to_number(a, x) && to_number(b, y)) return x == y;
  if (a.index() != b.index()) return false;
  if (is<Undefined>(a) || is<None>(a)) return true;
  if (const Markup* text = as_string(a)) {
    budget.bytes(std::min(text->text.size(), as_string(b)->text.size()));
    return text->text == as_string(b)->text;
  }
  if (const Sequence* list = as_sequence(a)) return equal_sequences(*list, *as_sequence(b), budget);
  if (const Dict* dict = as_dict(a)) return equal_dicts(*dict, *as_dict(b), budget);
  return identity(a) == identity(b);  // the rest is equal to itself alone
}

bool ordered(const Value& a, const Value& b, const std::string& op, Budget& budget) {
  const int order = compare(a, b, op, budget);
  if (op == "<") return order == -1;
  if (op == "<=") return order == -1 || order == 0;
  if (op == ">") return order == 1;
  return order == 1 || order == 0;
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  if (const Markup* text = as_string(container)) {
    const Markup* part = as_string(item);
    if (part == nullptr) fail("'in <string>' requires string as left operand, not " + type_name(item));
    budget.bytes(text->text.size());
    return jinja::find(text->text, part->text) != std::string::npos;
  }
  if (const Dict* dict = as_dict(container)) return dict->find(item, budget) != nullptr;
  if (is<Undefined>(container)) return false;
  if (const Sequence* list = as_sequence(container); list != nullptr && list->kind != Sequence::Kind::kIterator) {
    return std::any_of(list->items.begin(), list->items.end(), [&](const Value& x) { return equal(x, item, budget); });
  }
  if (!is_iterable(container)) fail("argument of type '" + type_name(container) + "' is not iterable");
  for (const Value& x : items_of(container, budget)) {
    if (equal(x, item, budget)) return true;
  }
  return false;
}

}  // namespace autodidact::jinja
