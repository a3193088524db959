#include <algorithm>

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/interpreter.hpp"
#include "model/chat/jinja/loop.hpp"

namespace autodidact::jinja {
namespace {

ScopePtr inside(const ScopePtr& outer) { return std::make_shared<Scope>(Scope{outer, {}}); }

}  // namespace

// Namespaces are the only values that can hold themselves.
Interpreter::~Interpreter() {
  for (const auto& space : namespaces_) space->attributes.clear();
}

Markup Interpreter::run(const Program& program, std::map<std::string, Value, std::less<>> variables) {
  const auto context = std::make_shared<Scope>(Scope{nullptr, std::move(variables)});
  Markup out;
  execute(program.body, inside(context), out);
  return out;
}

void Interpreter::write(const Markup& text, Markup& out) {
  budget_.check_output(out.text.size() + text.text.size());
  append(out, text);
}

Markup Interpreter::render(const Block& block, const ScopePtr& scope) {
  Markup out;
  execute(block, inside(scope), out);
  budget_.bytes(out.text.size());
  return out;
}

Interpreter::Flow Interpreter::execute(const Block& block, const ScopePtr& scope, Markup& out) {
  for (const Statement* statement : block) {
    const Flow flow = execute(*statement, scope, out);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, const ScopePtr& scope, Markup& out) {
  const Deeper deeper(*this);
  budget_.step();
  line_ = statement.line;
  switch (statement.tag) {
    case Tag::kText: write(*as_string(statement.value), out); break;
    case Tag::kPrint: write(to_text(evaluate(*statement.expression, scope), budget_), out); break;
    case Tag::kSet: assign(*statement.target, evaluate(*statement.expression, scope), scope); break;
    case Tag::kSetBlock: execute_set_block(statement, scope); break;
    case Tag::kFor: return execute_for(statement, scope, out);
    case Tag::kIf: return execute_if(statement, scope, out);
    case Tag::kMacro: scope->names[statement.name] = make_macro(statement, scope); break;
    case Tag::kCallBlock: execute_call_block(statement, scope, out); break;
    case Tag::kFilterBlock: {
      const Value body = text(render(statement.body, scope));
      write(to_text(evaluate_filter(*statement.expression, &body, scope), budget_), out);
      break;
    }
    case Tag::kWith: execute_with(statement, scope, out); break;
    case Tag::kGeneration: write(render(statement.body, scope), out); break;
    case Tag::kBreak: return Flow::kBreak;
    case Tag::kContinue: return Flow::kContinue;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute_if(const Statement& choice, const ScopePtr& scope, Markup& out) {
  for (const Statement::Branch& branch : choice.branches) {
    if (is_true(evaluate(*branch.condition, scope))) return execute(branch.body, scope, out);
  }
  return execute(choice.otherwise, scope, out);
}

Interpreter::Flow Interpreter::execute_for(const Statement& loop, const ScopePtr& scope, Markup& out) {
  const Value iterable = evaluate(*loop.expression, scope);
  Loop::Condition condition;
  if (loop.condition != nullptr) {
    condition = [&](const Value& value) {
      const ScopePtr own = inside(scope);
      assign(*loop.target, value, own);
      return is_true(evaluate(*loop.condition, own));
    };
  }
  const auto state = std::make_shared<Loop>(items_of(iterable, budget_), std::move(condition), nesting_of(iterable) + 1);
  struct AtEnd {  // the condition refers to this function's arguments
    Loop& loop;
    ~AtEnd() { loop.finish(); }
  } at_end{*state};
  bool completed = false;  // one pass at least: as in jinja2, one cut short by break or continue does not count
  while (state->advance()) {
    const Flow flow = execute_body(loop, state, scope, out);
    completed = completed || flow == Flow::kNext;
    if (flow == Flow::kBreak) break;
  }
  if (!completed) return execute(loop.otherwise, inside(scope), out);
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute_body(const Statement& loop, const std::shared_ptr<Loop>& state, const ScopePtr& scope,
                                            Markup& out) {
  budget_.step();
  const ScopePtr own = inside(scope);
  own->names["loop"] = state;
  assign(*loop.target, state->current(), own);
  return execute(loop.body, own, out);
}

void Interpreter::execute_set_block(const Statement& set, const ScopePtr& scope) {
  Value body = text(render(set.body, scope));
  if (set.expression != nullptr) body = evaluate_filter(*set.expression, &body, scope);
  assign(*set.target, body, scope);
}

void Interpreter::execute_call_block(const Statement& call, const ScopePtr& scope, Markup& out) {
  const Expression& expression = *call.expression;
  const Value callee = evaluate(*expression.operands[0], scope);
  Arguments arguments = evaluate_arguments(expression, scope);
  arguments.named.emplace_back("caller", make_macro(call, scope));
  write(to_text(this->call(callee, arguments), budget_), out);
}

void Interpreter::execute_with(const Statement& with, const ScopePtr& scope, Markup& out) {
  const ScopePtr own = inside(scope);
  for (const Parameter& parameter : with.parameters) assign(*parameter.target, evaluate(*parameter.initial, scope), own);
  Markup body;
  execute(with.body, own, body);
  write(body, out);
}

void Interpreter::assign(const Expression& target, const Value& value, const ScopePtr& scope) {
  if (target.op == Op::kTuple) return assign_tuple(target, value, scope);
  if (target.op == Op::kName) {
    budget_.bytes(sizeof(Value) + target.name.size());
    scope->names[target.name] = value;
    return;
  }
  const Value holder = lookup(target.name, scope);
  const auto* space = std::get_if<std::shared_ptr<Namespace>>(&holder);
  if (space == nullptr) fail("cannot assign attribute on non-namespace object");
  if (target.attribute.starts_with("_")) fail("attributes of a namespace may not begin with an underscore");
  budget_.bytes(sizeof(Value) + target.attribute.size());
  (*space)->attributes[target.attribute] = value;
}

void Interpreter::assign_tuple(const Expression& target, const Value& value, const ScopePtr& scope) {
  if (is<Undefined>(value)) fail_undefined(std::get<Undefined>(value));
  const std::vector<Value> items = items_of(value, budget_);
  if (items.size() != target.operands.size()) {
    fail(std::to_string(items.size()) + " values to unpack, expected " + std::to_string(target.operands.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) assign(*target.operands[i], items[i], scope);
}

// A macro sees the scope it was defined in; it does not keep it, or the two would keep each other.
Value Interpreter::make_macro(const Statement& macro, const ScopePtr& scope) {
  return make_callable(macro.name, 0, [&macro, weak = std::weak_ptr<Scope>(scope)](Interpreter& self, Arguments& arguments) {
    const ScopePtr outer = weak.lock();
    if (outer == nullptr) fail("the macro '" + macro.name + "' is called outside of where it was defined");
    return self.call_macro(macro, outer, arguments);
  });
}

Value Interpreter::call_macro(const Statement& macro, const ScopePtr& outer, Arguments& arguments) {
  const Deeper deeper(*this);
  const ScopePtr scope = inside(outer);
  bind_parameters(macro, scope, arguments);
  Markup out;
  const int line = line_;
  execute(macro.body, scope, out);
  line_ = line;
  return text(std::move(out));
}

void Interpreter::bind_parameters(const Statement& macro, const ScopePtr& scope, Arguments& arguments) {
  const auto named = [&](const std::string& name) {
    return std::find_if(arguments.named.begin(), arguments.named.end(), [&](const auto& pair) { return pair.first == name; });
  };
  std::vector<Value> more;
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < macro.parameters.size()) {
      if (named(macro.parameters[i].name) != arguments.named.end()) {
        fail("macro '" + macro.name + "' got two values for '" + macro.parameters[i].name + "'");
      }
      arguments.named.emplace_back(macro.parameters[i].name, arguments.positional[i]);
    } else if (macro.takes_more) {
      more.push_back(arguments.positional[i]);
    } else {
      fail("macro '" + macro.name + "' takes not more than " + std::to_string(macro.parameters.size()) + " argument(s)");
    }
  }
  for (const Parameter& parameter : macro.parameters) {
    Value value = undefined("parameter '" + parameter.name + "' was not provided");
    if (const auto found = named(parameter.name); found != arguments.named.end()) {
      value = std::move(found->second);
      arguments.named.erase(found);
    } else if (parameter.initial != nullptr) {
      value = evaluate(*parameter.initial, scope);
    }
    scope->names[parameter.name] = std::move(value);
  }
  if (macro.takes_caller && !scope->names.contains("caller")) {
    const auto found = named("caller");
    scope->names["caller"] = found != arguments.named.end() ? found->second : undefined("No caller defined");
    if (found != arguments.named.end()) arguments.named.erase(found);
  }
  auto rest = std::make_shared<Dict>();
  for (auto& [name, value] : arguments.named) {
    if (!macro.takes_more_named) fail("macro '" + macro.name + "' takes no keyword argument '" + name + "'");
    rest->set(text(name), value, budget_);
  }
  if (macro.takes_more) scope->names["varargs"] = make_sequence(Sequence::Kind::kTuple, std::move(more), budget_);
  if (macro.takes_more_named) scope->names["kwargs"] = std::shared_ptr<const Dict>(std::move(rest));
}

}  // namespace autodidact::jinja
