#include "model/chat/jinja/parser.hpp"

#include <algorithm>

namespace autodidact::jinja {

Parser::Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

std::shared_ptr<const Program> parse(std::string_view source) { return Parser(tokenize(source)).run(); }

std::shared_ptr<const Program> Parser::run() {
  program_->body = parse_block({});
  return program_;
}

void Parser::error(const std::string& message) const { throw SyntaxError(current().line, message); }

bool Parser::skip_name(const char* name) {
  const bool found = at_name(name);
  if (found) next();
  return found;
}

bool Parser::skip_operator(const char* text) {
  const bool found = at_operator(text);
  if (found) next();
  return found;
}

void Parser::expect_operator(const char* text) {
  if (!skip_operator(text)) error(std::string("expected '") + text + "', got '" + current().text + "'");
}

void Parser::expect(Token::Kind kind, const char* what) {
  if (!at(kind)) error(std::string("expected ") + what + ", got '" + current().text + "'");
  next();
}

std::string Parser::expect_any_name() {
  std::string name = current().text;
  expect(Token::Kind::kName, "a name");
  return name;
}

Statement& Parser::add(Tag tag) {
  Statement& statement = program_->statements.emplace_back();
  statement.tag = tag;
  statement.line = current().line;
  return statement;
}

Block Parser::parse_block(Names ends) {
  const Deeper deeper(*this);
  Block block;
  for (;;) {
    if (at(Token::Kind::kText)) {
      Statement& text = add(Tag::kText);
      auto data = std::make_shared<Markup>();
      data->text = current().text;
      text.value = String(std::move(data));
      block.push_back(&text);
      next();
    } else if (at(Token::Kind::kPrintBegin)) {
      Statement& print = add(Tag::kPrint);
      next();
      print.expression = parse_tuple(Tuple::kPlain);
      block.push_back(&print);
      expect(Token::Kind::kPrintEnd, "}}");
    } else if (at(Token::Kind::kTagBegin)) {
      next();
      if (std::any_of(ends.begin(), ends.end(), [&](const char* end) { return at_name(end); })) return block;
      if (at_name("print")) {
        parse_print(block);
      } else {
        block.push_back(parse_statement());
      }
      expect(Token::Kind::kTagEnd, "%}");
    } else {
      if (ends.size() > 0) error(std::string("the template ends where {% ") + *std::prev(ends.end()) + " %} is missing");
      return block;
    }
  }
}

Block Parser::parse_body(Names ends) {
  skip_operator(":");
  expect(Token::Kind::kTagEnd, "%}");
  return parse_block(ends);
}

Block Parser::parse_last_body(const char* end) {
  Block block = parse_body({end});
  next();
  return block;
}

const Statement* Parser::parse_statement() {
  if (!at(Token::Kind::kName)) error("expected the name of a tag");
  const std::string& name = current().text;
  if (name == "set") return parse_set();
  if (name == "for") return parse_for();
  if (name == "if") return parse_if();
  if (name == "macro") return parse_macro();
  if (name == "call") return parse_call_block();
  if (name == "filter") return parse_filter_block();
  if (name == "with") return parse_with();
  if (name == "generation") return parse_generation();
  if (name == "break") return parse_jump(Tag::kBreak);
  if (name == "continue") return parse_jump(Tag::kContinue);
  error("the tag {% " + name + " %} is unknown, not supported or out of place");
}

void Parser::parse_print(Block& block) {
  next();
  for (bool first = true; !at(Token::Kind::kTagEnd); first = false) {
    if (!first) expect_operator(",");
    Statement& print = add(Tag::kPrint);
    print.expression = parse_expression();
    block.push_back(&print);
  }
}

const Statement* Parser::parse_set() {
  Statement& set = add(Tag::kSet);
  next();
  set.target = parse_target();
  if (skip_operator("=")) {
    set.expression = parse_tuple(Tuple::kPlain);
    return &set;
  }
  set.tag = Tag::kSetBlock;
  if (at_operator("|")) set.expression = parse_filter(nullptr);
  set.body = parse_last_body("endset");
  return &set;
}

const Statement* Parser::parse_for() {
  Statement& loop = add(Tag::kFor);
  next();
  loop.target = parse_target("in");
  if (!skip_name("in")) error("expected 'in', got '" + current().text + "'");
  loop.expression = parse_tuple(Tuple::kPlain, false, "recursive");
  if (skip_name("if")) loop.condition = parse_expression();
  if (at_name("recursive")) error("recursive loops are not supported; use a macro that calls itself");
  ++loops_;
  loop.body = parse_body({"else", "endfor"});
  --loops_;
  const bool otherwise = at_name("else");
  next();
  if (otherwise) loop.otherwise = parse_last_body("endfor");
  return &loop;
}

const Statement* Parser::parse_if() {
  Statement& choice = add(Tag::kIf);
  ++soft_;
  for (bool more = true; more;) {
    next();
    const Expression* condition = parse_tuple(Tuple::kPlain, false);
    choice.branches.push_back({condition, parse_body({"elif", "else", "endif"})});
    more = at_name("elif");
  }
  const bool otherwise = at_name("else");
  next();
  if (otherwise) choice.otherwise = parse_last_body("endif");
  --soft_;
  return &choice;
}

void Parser::parse_signature(Statement& macro) {
  expect_operator("(");
  while (!at_operator(")")) {
    if (!macro.parameters.empty()) expect_operator(",");
    Parameter parameter;
    parameter.name = expect_any_name();
    if (skip_operator("=")) {
      parameter.initial = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().initial != nullptr) {
      error("a parameter without a default follows one with");
    }
    macro.parameters.push_back(std::move(parameter));
  }
  next();
}

// A macro's body is a function of its own: no loop around it can be broken from inside.
Block Parser::parse_macro_body(Statement& macro, const char* end) {
  macros_.push_back(&macro);
  const int loops = std::exchange(loops_, 0);
  Block body = parse_last_body(end);
  loops_ = loops;
  macros_.pop_back();
  return body;
}

const Statement* Parser::parse_macro() {
  Statement& macro = add(Tag::kMacro);
  next();
  macro.name = expect_any_name();
  parse_signature(macro);
  macro.body = parse_macro_body(macro, "endmacro");
  return &macro;
}

const Statement* Parser::parse_call_block() {
  Statement& call = add(Tag::kCallBlock);
  next();
  call.name = "caller";
  if (at_operator("(")) parse_signature(call);
  call.expression = parse_expression();
  if (call.expression->op != Op::kCall) error("{% call %} needs the call of a macro");
  call.body = parse_macro_body(call, "endcall");
  return &call;
}

const Statement* Parser::parse_filter_block() {
  Statement& filter = add(Tag::kFilterBlock);
  next();
  filter.expression = parse_filter(nullptr, true);
  filter.body = parse_last_body("endfilter");
  return &filter;
}

const Statement* Parser::parse_with() {
  Statement& with = add(Tag::kWith);
  next();
  while (!at(Token::Kind::kTagEnd)) {
    if (!with.parameters.empty()) expect_operator(",");
    Parameter parameter;
    parameter.target = parse_target();
    expect_operator("=");
    parameter.initial = parse_expression();
    with.parameters.push_back(std::move(parameter));
  }
  with.body = parse_last_body("endwith");
  return &with;
}

const Statement* Parser::parse_generation() {
  Statement& generation = add(Tag::kGeneration);
  next();
  const int loops = std::exchange(loops_, 0);
  generation.body = parse_last_body("endgeneration");
  loops_ = loops;
  return &generation;
}

const Statement* Parser::parse_jump(Tag tag) {
  if (loops_ == 0) error("{% " + current().text + " %} outside of a loop");
  Statement& jump = add(tag);
  next();
  return &jump;
}

}  // namespace autodidact::jinja
