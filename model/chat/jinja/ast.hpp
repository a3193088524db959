#pragma once
// The syntax tree of a template. Nodes refer to each other by plain pointers; the Program owns all of them in two lists, so
// that freeing a tree never recurses. Immutable once parsed; any thread.

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

enum class Op {
  kConstant,         // value
  kName,             // name
  kTuple,            // operands
  kList,             // operands
  kDict,             // operands: key, value, key, value, ...
  kConditional,      // operands: condition, then, else (null: undefined)
  kOr,               // operands: two
  kAnd,              // operands: two
  kNot,              // operands: one
  kCompare,          // operands: first, then one per comparison
  kArithmetic,       // name: + - * / // % **; operands: two
  kNegate,           // operands: one
  kPlus,             // operands: one
  kConcatenate,      // operands: two or more
  kAttribute,        // operands: one; name
  kItem,             // operands: two
  kSlice,            // operands: three, any may be null; only as the second operand of kItem
  kCall,             // operands: callee, arguments...
  kFilter,           // operands: what goes in (null in a filter block), arguments...; name
  kTest,             // operands: what is tested, arguments...; name
  kNamespaceTarget,  // value of `set`: name.attribute
};

struct Expression {
  Op op = Op::kConstant;
  int line = 1;
  int height = 1;
  std::string name, attribute;
  Value value;
  std::vector<const Expression*> operands;
  std::vector<std::string> comparisons;  // ==, <, in, not in, ...
  std::vector<std::pair<std::string, const Expression*>> named;
  const Expression *more_arguments = nullptr, *more_named = nullptr;  // *list, **dict
};

struct Statement;
using Block = std::vector<const Statement*>;

enum class Tag {
  kText,         // value
  kPrint,        // expression
  kSet,          // target, expression
  kSetBlock,     // target, expression (a chain of filters, or null), body
  kFor,          // target, expression, condition (or null), body, otherwise
  kIf,           // branches, otherwise
  kMacro,        // name, parameters, body
  kCallBlock,    // expression (a call), parameters, body
  kFilterBlock,  // expression (a chain of filters), body
  kWith,         // parameters: names and their values; body
  kGeneration,   // body
  kBreak,
  kContinue,
};

struct Parameter {
  std::string name;
  const Expression* target = nullptr;   // of `with`
  const Expression* initial = nullptr;  // null: none
};

struct Statement {
  struct Branch {
    const Expression* condition;
    Block body;
  };
  Tag tag = Tag::kText;
  int line = 1;
  std::string name;
  Value value;
  const Expression *target = nullptr, *expression = nullptr, *condition = nullptr;
  std::vector<Parameter> parameters;
  std::vector<Branch> branches;
  Block body, otherwise;
  bool takes_more = false, takes_more_named = false, takes_caller = false;  // a macro that names varargs, kwargs, caller
};

struct Program {
  std::deque<Expression> expressions;
  std::deque<Statement> statements;
  Block body;
};

}  // namespace autodidact::jinja
