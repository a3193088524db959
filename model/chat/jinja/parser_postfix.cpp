// What follows a primary expression: attributes, items, calls, filters and tests.

#include "model/chat/jinja/builtins.hpp"
#include "model/chat/jinja/parser.hpp"

namespace autodidact::jinja {

const Expression* Parser::parse_postfix(const Expression* node) {
  for (;;) {
    if (at_operator(".")) {
      node = parse_attribute(node);
    } else if (at_operator("[")) {
      node = parse_item(node);
    } else if (at_operator("(")) {
      node = parse_call(node);
    } else {
      return node;
    }
  }
}

const Expression* Parser::parse_filters_and_tests(const Expression* node) {
  for (;;) {
    if (at_operator("|")) {
      node = parse_filter(node);
    } else if (at_name("is")) {
      node = parse_test(node);
    } else if (at_operator("(")) {
      node = parse_call(node);
    } else {
      return node;
    }
  }
}

const Expression* Parser::parse_attribute(const Expression* node) {
  next();
  if (at(Token::Kind::kInteger)) {
    const Expression* index = constant(current().integer);
    next();
    return done(make(Op::kItem, {node, index}));
  }
  Expression& attribute = make(Op::kAttribute, {node});
  attribute.name = expect_any_name();
  return done(attribute);
}

const Expression* Parser::parse_item(const Expression* node) {
  next();
  std::vector<const Expression*> items;
  while (!at_operator("]")) {
    if (!items.empty()) expect_operator(",");
    items.push_back(parse_subscript());
  }
  next();
  const Expression* index = items.size() == 1 ? items[0] : done(make(Op::kTuple, std::move(items)));
  return done(make(Op::kItem, {node, index}));
}

const Expression* Parser::parse_subscript() {
  const Expression* first = nullptr;
  if (!at_operator(":")) {
    first = parse_expression();
    if (!at_operator(":")) return first;
  }
  std::vector<const Expression*> bounds = {first, nullptr, nullptr};
  for (std::size_t i = 1; i < bounds.size() && skip_operator(":"); ++i) {
    if (!at_operator(":") && !at_operator("]") && !at_operator(",")) bounds[i] = parse_expression();
  }
  return done(make(Op::kSlice, std::move(bounds)));
}

const Expression* Parser::parse_call(const Expression* callee) {
  Expression& call = make(Op::kCall, {callee});
  parse_arguments(call);
  return done(call);
}

void Parser::parse_arguments(Expression& call) {
  expect_operator("(");
  for (bool first = true; !at_operator(")"); first = false) {
    if (!first) expect_operator(",");
    if (at_operator(")")) break;
    parse_argument(call);
  }
  next();
}

void Parser::parse_argument(Expression& call) {
  const auto require = [&](bool condition) {
    if (!condition) error("arguments out of order: plain ones, then named ones, then *list, then **dict");
  };
  if (skip_operator("*")) {
    require(call.more_arguments == nullptr && call.more_named == nullptr);
    call.more_arguments = parse_expression();
  } else if (skip_operator("**")) {
    require(call.more_named == nullptr);
    call.more_named = parse_expression();
  } else if (at(Token::Kind::kName) && ahead().kind == Token::Kind::kOperator && ahead().text == "=") {
    require(call.more_named == nullptr);
    std::string name = expect_any_name();
    next();
    call.named.emplace_back(std::move(name), parse_expression());
  } else {
    require(call.more_arguments == nullptr && call.more_named == nullptr && call.named.empty());
    call.operands.push_back(parse_expression());
  }
}

const Expression* Parser::parse_filter(const Expression* input, bool first_has_no_pipe) {
  while (first_has_no_pipe || skip_operator("|")) {
    first_has_no_pipe = false;
    Expression& filter = make(Op::kFilter, {input});
    filter.name = expect_any_name();
    while (skip_operator(".")) filter.name += "." + expect_any_name();
    if (find_filter(filter.name) == nullptr && soft_ == 0) error("no filter is named '" + filter.name + "'");
    if (at_operator("(")) parse_arguments(filter);
    input = done(filter);
  }
  return input;
}

const Expression* Parser::parse_test(const Expression* input) {
  next();
  const bool negated = skip_name("not");
  Expression& test = make(Op::kTest, {input});
  test.name = expect_any_name();
  while (skip_operator(".")) test.name += "." + expect_any_name();
  if (find_test(test.name) == nullptr && soft_ == 0) error("no test is named '" + test.name + "'");
  if (at_operator("(")) {
    parse_arguments(test);
  } else if (at_name("is")) {
    error("tests cannot be chained");
  } else if ((at(Token::Kind::kName) && !at_name("else") && !at_name("or") && !at_name("and")) || at(Token::Kind::kString) ||
             at(Token::Kind::kInteger) || at(Token::Kind::kFloat) || at_operator("[") || at_operator("{")) {
    test.operands.push_back(parse_postfix(parse_primary()));
  }
  const Expression* node = done(test);
  return negated ? done(make(Op::kNot, {node})) : node;
}

}  // namespace autodidact::jinja
