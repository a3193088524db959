// Operators by precedence, and primary expressions: names, literals, tuples, lists, dictionaries.

#include <algorithm>

#include "model/chat/jinja/parser.hpp"

namespace autodidact::jinja {

Expression& Parser::make(Op op, std::vector<const Expression*> operands) {
  Expression& node = program_->expressions.emplace_back();
  node.op = op;
  node.line = current().line;
  node.operands = std::move(operands);
  return node;
}

const Expression* Parser::done(Expression& node) {
  const auto count = [&](const Expression* part) {
    if (part != nullptr) node.height = std::max(node.height, part->height + 1);
  };
  for (const Expression* part : node.operands) count(part);
  for (const auto& [name, part] : node.named) count(part);
  count(node.more_arguments);
  count(node.more_named);
  if (node.height > kMaxTreeHeight) {
    error("an expression of more than " + std::to_string(kMaxTreeHeight) + " levels; use {% set %} for its parts");
  }
  return &node;
}

const Expression* Parser::constant(Value value) {
  Expression& node = make(Op::kConstant);
  node.value = std::move(value);
  return &node;
}

const Expression* Parser::binary(Op op, std::string name, const Expression* left, const Expression* right) {
  Expression& node = make(op, {left, right});
  node.name = std::move(name);
  return done(node);
}

const Expression* Parser::parse_expression(bool conditional) { return conditional ? parse_conditional() : parse_or(); }

const Expression* Parser::parse_conditional() {
  const Deeper deeper(*this);
  const Expression* node = parse_or();
  while (skip_name("if")) {
    const Expression* condition = parse_or();
    const Expression* otherwise = skip_name("else") ? parse_conditional() : nullptr;
    node = done(make(Op::kConditional, {condition, node, otherwise}));
  }
  return node;
}

const Expression* Parser::parse_or() {
  const Expression* left = parse_and();
  while (skip_name("or")) left = binary(Op::kOr, "or", left, parse_and());
  return left;
}

const Expression* Parser::parse_and() {
  const Expression* left = parse_not();
  while (skip_name("and")) left = binary(Op::kAnd, "and", left, parse_not());
  return left;
}

const Expression* Parser::parse_not() {
  if (!at_name("not")) return parse_compare();
  const Deeper deeper(*this);
  next();
  return done(make(Op::kNot, {parse_not()}));
}

const Expression* Parser::parse_compare() {
  const Expression* first = parse_sum();
  std::vector<const Expression*> operands = {first};
  std::vector<std::string> comparisons;
  for (;;) {
    if (at_operator("==") || at_operator("!=") || at_operator("<") || at_operator("<=") || at_operator(">") ||
        at_operator(">=")) {
      comparisons.push_back(current().text);
    } else if (at_name("in")) {
      comparisons.emplace_back("in");
    } else if (at_name("not") && ahead().kind == Token::Kind::kName && ahead().text == "in") {
      next();
      comparisons.emplace_back("not in");
    } else {
      break;
    }
    next();
    operands.push_back(parse_sum());
  }
  if (comparisons.empty()) return first;
  Expression& node = make(Op::kCompare, std::move(operands));
  node.comparisons = std::move(comparisons);
  return done(node);
}

const Expression* Parser::parse_sum() {
  const Expression* left = parse_concatenation();
  while (at_operator("+") || at_operator("-")) {
    const std::string op = current().text;
    next();
    left = binary(Op::kArithmetic, op, left, parse_concatenation());
  }
  return left;
}

const Expression* Parser::parse_concatenation() {
  std::vector<const Expression*> parts = {parse_product()};
  while (skip_operator("~")) parts.push_back(parse_product());
  return parts.size() == 1 ? parts[0] : done(make(Op::kConcatenate, std::move(parts)));
}

const Expression* Parser::parse_product() {
  const Expression* left = parse_power();
  while (at_operator("*") || at_operator("/") || at_operator("//") || at_operator("%")) {
    const std::string op = current().text;
    next();
    left = binary(Op::kArithmetic, op, left, parse_power());
  }
  return left;
}

const Expression* Parser::parse_power() {
  const Expression* left = parse_unary();
  while (skip_operator("**")) left = binary(Op::kArithmetic, "**", left, parse_unary());
  return left;
}

const Expression* Parser::parse_unary(bool with_filter) {
  const Expression* node = nullptr;
  if (at_operator("-") || at_operator("+")) {
    const Deeper deeper(*this);
    const Op op = at_operator("-") ? Op::kNegate : Op::kPlus;
    next();
    node = done(make(op, {parse_unary(false)}));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(node);
  return with_filter ? parse_filters_and_tests(node) : node;
}

void Parser::note_name(const std::string& name) {
  if (macros_.empty()) return;
  for (Statement* macro : macros_) {
    macro->takes_more |= name == "varargs";
    macro->takes_more_named |= name == "kwargs";
    macro->takes_caller |= name == "caller";
  }
}

const Expression* Parser::parse_name() {
  const std::string name = expect_any_name();
  if (name == "true" || name == "True") return constant(true);
  if (name == "false" || name == "False") return constant(false);
  if (name == "none" || name == "None") return constant(None{});
  note_name(name);
  Expression& node = make(Op::kName);
  node.name = name;
  return &node;
}

const Expression* Parser::parse_literal_string() {
  auto text = std::make_shared<Markup>();
  for (; at(Token::Kind::kString); next()) text->text += current().text;
  return constant(String(std::move(text)));
}

const Expression* Parser::parse_primary() {
  const Token& token = current();
  if (at(Token::Kind::kName)) return parse_name();
  if (at(Token::Kind::kString)) return parse_literal_string();
  if (at(Token::Kind::kInteger) || at(Token::Kind::kFloat)) {
    const bool whole = at(Token::Kind::kInteger);
    next();
    return whole ? constant(token.integer) : constant(token.number);
  }
  if (skip_operator("(")) {
    const Expression* inner = parse_tuple(Tuple::kParentheses);
    expect_operator(")");
    return inner;
  }
  if (at_operator("[")) return parse_list();
  if (at_operator("{")) return parse_dict();
  error(token.kind == Token::Kind::kEnd ? "unexpected end of the template" : "unexpected '" + token.text + "'");
}

bool Parser::at_tuple_end(const char* end) const {
  return at(Token::Kind::kPrintEnd) || at(Token::Kind::kTagEnd) || at_operator(")") || (end != nullptr && at_name(end));
}

const Expression* Parser::parse_tuple(Tuple kind, bool conditional, const char* end) {
  const Deeper deeper(*this);
  std::vector<const Expression*> items;
  bool is_tuple = false;
  for (;;) {
    if (!items.empty()) expect_operator(",");
    if (at_tuple_end(end)) break;
    items.push_back(kind == Tuple::kTarget ? parse_target_item() : parse_expression(conditional));
    if (!at_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return items[0];
  if (!is_tuple && kind != Tuple::kParentheses) error("expected an expression, got '" + current().text + "'");
  return done(make(Op::kTuple, std::move(items)));
}

const Expression* Parser::parse_target_item() {
  if (at(Token::Kind::kName) && ahead().kind == Token::Kind::kOperator && ahead().text == ".") {
    Expression& node = make(Op::kNamespaceTarget);
    node.name = expect_any_name();
    next();
    node.attribute = expect_any_name();
    return &node;
  }
  return parse_primary();
}

const Expression* Parser::parse_target(const char* end) {
  const Expression* target = parse_tuple(Tuple::kTarget, true, end);
  check_target(*target);
  return target;
}

void Parser::check_target(const Expression& target) const {
  if (target.op == Op::kTuple) {
    for (const Expression* item : target.operands) check_target(*item);
  } else if (target.op != Op::kName && target.op != Op::kNamespaceTarget) {
    error("only names, attributes of a namespace and tuples of them can be assigned to");
  }
}

const Expression* Parser::parse_list() {
  const Deeper deeper(*this);
  next();
  std::vector<const Expression*> items;
  while (!at_operator("]")) {
    if (!items.empty()) expect_operator(",");
    if (at_operator("]")) break;
    items.push_back(parse_expression());
  }
  next();
  return done(make(Op::kList, std::move(items)));
}

const Expression* Parser::parse_dict() {
  const Deeper deeper(*this);
  next();
  std::vector<const Expression*> items;
  while (!at_operator("}")) {
    if (!items.empty()) expect_operator(",");
    if (at_operator("}")) break;
    items.push_back(parse_expression());
    expect_operator(":");
    items.push_back(parse_expression());
  }
  next();
  return done(make(Op::kDict, std::move(items)));
}

}  // namespace autodidact::jinja
