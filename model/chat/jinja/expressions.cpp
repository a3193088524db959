#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/interpreter.hpp"

namespace autodidact::jinja {

Value Interpreter::lookup(const std::string& name, const ScopePtr& scope) {
  for (const Scope* at = scope.get(); at != nullptr; at = at->outer.get()) {
    if (const auto found = at->names.find(name); found != at->names.end()) return found->second;
  }
  if (const Value* global = find_global(name)) return *global;
  return undefined("'" + name + "' is undefined");
}

Value Interpreter::evaluate(const Expression& node, const ScopePtr& scope) {
  const Deeper deeper(*this);
  budget_.step();
  line_ = node.line;
  switch (node.op) {
    case Op::kConstant: return node.value;
    case Op::kName: return lookup(node.name, scope);
    case Op::kTuple:
    case Op::kList: return evaluate_items(node, scope);
    case Op::kDict: return evaluate_dict(node, scope);
    case Op::kConditional: return evaluate_conditional(node, scope);
    case Op::kOr:
    case Op::kAnd: return evaluate_either(node, scope);
    case Op::kNot: return !is_true(evaluate(*node.operands[0], scope));
    case Op::kCompare: return evaluate_comparison(node, scope);
    case Op::kArithmetic: return evaluate_arithmetic(node, scope);
    case Op::kNegate: return negated(evaluate(*node.operands[0], scope));
    case Op::kPlus: return plus(evaluate(*node.operands[0], scope));
    case Op::kConcatenate: return evaluate_concatenation(node, scope);
    case Op::kAttribute: return attribute(evaluate(*node.operands[0], scope), node.name);
    case Op::kItem: return evaluate_item(node, scope);
    case Op::kCall: return evaluate_call(node, scope);
    case Op::kFilter: return evaluate_filter(node, nullptr, scope);
    case Op::kTest: return evaluate_test(node, scope);
    case Op::kSlice: fail("a slice stands alone in brackets");
    case Op::kNamespaceTarget: break;
  }
  fail("an assignment's target has no value");
}

Value Interpreter::evaluate_items(const Expression& node, const ScopePtr& scope) {
  std::vector<Value> items;
  for (const Expression* part : node.operands) items.push_back(evaluate(*part, scope));
  return make_sequence(node.op == Op::kTuple ? Sequence::Kind::kTuple : Sequence::Kind::kList, std::move(items), budget_);
}

Value Interpreter::evaluate_dict(const Expression& node, const ScopePtr& scope) {
  auto dict = std::make_shared<Dict>();
  for (std::size_t i = 0; i + 1 < node.operands.size(); i += 2) {
    Value key = evaluate(*node.operands[i], scope);
    dict->set(std::move(key), evaluate(*node.operands[i + 1], scope), budget_);
  }
  return std::shared_ptr<const Dict>(std::move(dict));
}

Value Interpreter::evaluate_conditional(const Expression& node, const ScopePtr& scope) {
  if (is_true(evaluate(*node.operands[0], scope))) return evaluate(*node.operands[1], scope);
  if (node.operands[2] != nullptr) return evaluate(*node.operands[2], scope);
  return undefined("the inline if-expression evaluated to false and no else section was defined");
}

Value Interpreter::evaluate_either(const Expression& node, const ScopePtr& scope) {
  Value left = evaluate(*node.operands[0], scope);
  return is_true(left) == (node.op == Op::kOr) ? left : evaluate(*node.operands[1], scope);
}

bool Interpreter::compare(const std::string& op, const Value& left, const Value& right) {
  if (op == "==") return equal(left, right, budget_);
  if (op == "!=") return !equal(left, right, budget_);
  if (op == "in") return contains(right, left, budget_);
  if (op == "not in") return !contains(right, left, budget_);
  return ordered(left, right, op, budget_);
}

Value Interpreter::evaluate_comparison(const Expression& node, const ScopePtr& scope) {
  Value left = evaluate(*node.operands[0], scope);
  for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
    Value right = evaluate(*node.operands[i + 1], scope);
    if (!compare(node.comparisons[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluate_arithmetic(const Expression& node, const ScopePtr& scope) {
  const Value left = evaluate(*node.operands[0], scope);
  return arithmetic(node.name, left, evaluate(*node.operands[1], scope), budget_);
}

Value Interpreter::evaluate_concatenation(const Expression& node, const ScopePtr& scope) {
  Markup out;
  for (const Expression* part : node.operands) append(out, to_text(evaluate(*part, scope), budget_));
  return text(std::move(out));
}

Value Interpreter::evaluate_item(const Expression& node, const ScopePtr& scope) {
  const Value object = evaluate(*node.operands[0], scope);
  const Expression& index = *node.operands[1];
  if (index.op != Op::kSlice) return item(object, evaluate(index, scope));
  Value bounds[3] = {None{}, None{}, None{}};
  for (std::size_t i = 0; i < 3; ++i) {
    if (index.operands[i] != nullptr) bounds[i] = evaluate(*index.operands[i], scope);
  }
  return slice_of(object, bounds[0], bounds[1], bounds[2]);
}

Arguments Interpreter::evaluate_arguments(const Expression& call, const ScopePtr& scope) {
  Arguments out;
  for (std::size_t i = 1; i < call.operands.size(); ++i) out.positional.push_back(evaluate(*call.operands[i], scope));
  for (const auto& [name, value] : call.named) out.named.emplace_back(name, evaluate(*value, scope));
  if (call.more_arguments != nullptr) {
    for (Value& value : items_of(evaluate(*call.more_arguments, scope), budget_)) out.positional.push_back(std::move(value));
  }
  if (call.more_named != nullptr) {
    const Value more = evaluate(*call.more_named, scope);
    const Dict* dict = as_dict(more);
    if (dict == nullptr) fail("argument after ** must be a mapping, not " + type_name(more));
    for (const Dict::Entry& entry : dict->entries()) {
      const Markup* name = as_string(entry.key);
      if (name == nullptr) fail("keywords must be strings");
      out.named.emplace_back(name->text, entry.value);
    }
  }
  return out;
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
  if (const auto* missing = std::get_if<Undefined>(&callee)) fail_undefined(*missing);
  const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&callee);
  if (callable == nullptr) fail("'" + type_name(callee) + "' object is not callable");
  const std::shared_ptr<const Callable> kept = *callable;
  return kept->call(*this, arguments);
}

Value Interpreter::evaluate_call(const Expression& node, const ScopePtr& scope) {
  const Value callee = evaluate(*node.operands[0], scope);
  Arguments arguments = evaluate_arguments(node, scope);
  line_ = node.line;
  return call(callee, arguments);
}

// `input`: what goes into the first of a chain of filters, where a block does and no expression.
Value Interpreter::evaluate_filter(const Expression& node, const Value* input, const ScopePtr& scope) {
  const Deeper deeper(*this);
  const Expression* from = node.operands[0];
  const bool chained = from != nullptr && from->op == Op::kFilter;
  const Value value = from == nullptr ? *input : chained ? evaluate_filter(*from, input, scope) : evaluate(*from, scope);
  Arguments arguments = evaluate_arguments(node, scope);
  line_ = node.line;
  return call_filter(node.name, value, arguments);
}

Value Interpreter::call_filter(const std::string& name, const Value& input, Arguments& arguments) {
  budget_.step();
  const Filter* filter = find_filter(name);
  if (filter == nullptr) fail("no filter is named '" + name + "'");
  return (*filter)(*this, input, arguments);
}

bool Interpreter::call_test(const std::string& name, const Value& input, Arguments& arguments) {
  budget_.step();
  const Test* test = find_test(name);
  if (test == nullptr) fail("no test is named '" + name + "'");
  return (*test)(*this, input, arguments);
}

Value Interpreter::evaluate_test(const Expression& node, const ScopePtr& scope) {
  const Value value = evaluate(*node.operands[0], scope);
  Arguments arguments = evaluate_arguments(node, scope);
  line_ = node.line;
  return call_test(node.name, value, arguments);
}

}  // namespace autodidact::jinja
