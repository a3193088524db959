#pragma once
// Runs a parsed template: one object per rendering, one thread. Errors are thrown as Failure; line() says where it stood. The
// sources: statements.cpp, expressions.cpp, arithmetic.cpp (operators), attributes.cpp (a.b, a[b], slices).

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/chat/jinja/ast.hpp"
#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

// Names and values, inside others'. An if has none of its own; each pass of a loop has, as have macros and with.
struct Scope {
  std::shared_ptr<Scope> outer;
  std::map<std::string, Value, std::less<>> names;
};
using ScopePtr = std::shared_ptr<Scope>;

class Interpreter {
 public:
  // `budget` outlives it, since the values of the variables count already.
  Interpreter(Budget& budget, std::time_t now) : budget_(budget), now_(now) {}
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Markup run(const Program& program, std::map<std::string, Value, std::less<>> variables);

  // For filters, tests and methods.
  Budget& budget() { return budget_; }
  std::time_t now() const { return now_; }
  int line() const { return line_; }
  Value call(const Value& callee, Arguments& arguments);
  Value call_filter(const std::string& name, const Value& input, Arguments& arguments);
  bool call_test(const std::string& name, const Value& input, Arguments& arguments);
  Value attribute(const Value& object, const std::string& name);  // object.name
  Value item(const Value& object, const Value& index);            // object[index]
  Value make_namespace(std::unordered_map<std::string, Value> attributes);
  Value text(std::string value) { return make_string(std::move(value), budget_); }
  Value text(Markup value) { return make_string(std::move(value), budget_); }

 private:
  enum class Flow { kNext, kBreak, kContinue };
  struct Deeper;

  Flow execute(const Block& block, const ScopePtr& scope, Markup& out);
  Flow execute(const Statement& statement, const ScopePtr& scope, Markup& out);
  Flow execute_if(const Statement& choice, const ScopePtr& scope, Markup& out);
  Flow execute_for(const Statement& loop, const ScopePtr& scope, Markup& out);
  Flow execute_body(const Statement& loop, const std::shared_ptr<Loop>& state, const ScopePtr& scope, Markup& out);
  void execute_set_block(const Statement& set, const ScopePtr& scope);
  void execute_call_block(const Statement& call, const ScopePtr& scope, Markup& out);
  void execute_with(const Statement& with, const ScopePtr& scope, Markup& out);
  Markup render(const Block& block, const ScopePtr& scope);  // in a scope of its own
  void write(const Markup& text, Markup& out);
  void assign(const Expression& target, const Value& value, const ScopePtr& scope);
  void assign_tuple(const Expression& target, const Value& value, const ScopePtr& scope);
  Value make_macro(const Statement& macro, const ScopePtr& scope);
  Value call_macro(const Statement& macro, const ScopePtr& outer, Arguments& arguments);
  void bind_parameters(const Statement& macro, const ScopePtr& scope, Arguments& arguments);

  Value evaluate(const Expression& node, const ScopePtr& scope);
  Value evaluate_items(const Expression& node, const ScopePtr& scope);
  Value evaluate_dict(const Expression& node, const ScopePtr& scope);
  Value evaluate_conditional(const Expression& node, const ScopePtr& scope);
  Value evaluate_either(const Expression& node, const ScopePtr& scope);
  Value evaluate_comparison(const Expression& node, const ScopePtr& scope);
  Value evaluate_arithmetic(const Expression& node, const ScopePtr& scope);
  Value evaluate_concatenation(const Expression& node, const ScopePtr& scope);
  Value evaluate_item(const Expression& node, const ScopePtr& scope);
  Value evaluate_call(const Expression& node, const ScopePtr& scope);
  Value evaluate_filter(const Expression& node, const Value* input, const ScopePtr& scope);
  Value evaluate_test(const Expression& node, const ScopePtr& scope);
  Arguments evaluate_arguments(const Expression& call, const ScopePtr& scope);
  bool compare(const std::string& op, const Value& left, const Value& right);
  Value lookup(const std::string& name, const ScopePtr& scope);
  Value slice_of(const Value& object, const Value& first, const Value& last, const Value& step);

  Budget& budget_;
  const std::time_t now_;
  int line_ = 1, depth_ = 0;
  std::vector<std::shared_ptr<Namespace>> namespaces_;  // all that were made
};

// Operators on values.
Value arithmetic(const std::string& op, const Value& left, const Value& right, Budget& budget);
Value negated(const Value& value);
Value plus(const Value& value);

struct Interpreter::Deeper {
  explicit Deeper(Interpreter& interpreter) : interpreter_(interpreter) {
    if (interpreter_.depth_ >= kMaxDepth) fail("evaluation nests deeper than " + std::to_string(kMaxDepth));
    ++interpreter_.depth_;
  }
  ~Deeper() { --interpreter_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  Interpreter& interpreter_;
};

}  // namespace autodidact::jinja
