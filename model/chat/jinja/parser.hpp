#pragma once
// Tokens into a syntax tree, by jinja2's own grammar. Throws SyntaxError, which names the line. The parts are split over two
// sources: parser.cpp has the statements, parser_expressions.cpp the expressions. One thread per parser.

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "model/chat/jinja/ast.hpp"
#include "model/chat/jinja/lexer.hpp"

namespace autodidact::jinja {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens);
  std::shared_ptr<const Program> run();

 private:
  using Names = std::initializer_list<const char*>;
  struct Deeper;  // counts nested calls

  // The stream of tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void next() { at_ += at_ + 1 < tokens_.size() ? 1 : 0; }
  bool at(Token::Kind kind) const { return current().kind == kind; }
  bool at_name(const char* name) const { return at(Token::Kind::kName) && current().text == name; }
  bool at_operator(const char* text) const { return at(Token::Kind::kOperator) && current().text == text; }
  bool skip_name(const char* name);
  bool skip_operator(const char* text);
  void expect_operator(const char* text);
  void expect(Token::Kind kind, const char* what);
  std::string expect_any_name();
  [[noreturn]] void error(const std::string& message) const;

  // Statements.
  Block parse_block(Names ends);           // behind "%}" up to a tag that `ends` names, which is the current token then
  Block parse_body(Names ends);            // the rest of a tag, then its block
  Block parse_last_body(const char* end);  // and behind its end
  const Statement* parse_statement();
  const Statement* parse_set();
  const Statement* parse_for();
  const Statement* parse_if();
  const Statement* parse_macro();
  const Statement* parse_call_block();
  const Statement* parse_filter_block();
  const Statement* parse_with();
  const Statement* parse_generation();
  const Statement* parse_jump(Tag tag);
  void parse_print(Block& block);
  void parse_signature(Statement& macro);
  Block parse_macro_body(Statement& macro, const char* end);
  Statement& add(Tag tag);

  // Expressions.
  const Expression* parse_expression(bool conditional = true);
  const Expression* parse_conditional();
  const Expression* parse_or();
  const Expression* parse_and();
  const Expression* parse_not();
  const Expression* parse_compare();
  const Expression* parse_sum();
  const Expression* parse_concatenation();
  const Expression* parse_product();
  const Expression* parse_power();
  const Expression* parse_unary(bool with_filter = true);
  const Expression* parse_primary();
  const Expression* parse_literal_string();
  const Expression* parse_name();
  const Expression* parse_list();
  const Expression* parse_dict();
  enum class Tuple { kPlain, kParentheses, kTarget };
  const Expression* parse_tuple(Tuple kind, bool conditional = true, const char* end = nullptr);
  const Expression* parse_target(const char* end = nullptr);
  const Expression* parse_target_item();
  void check_target(const Expression& target) const;
  bool at_tuple_end(const char* end) const;
  const Expression* parse_postfix(const Expression* node);
  const Expression* parse_filters_and_tests(const Expression* node);
  const Expression* parse_attribute(const Expression* node);
  const Expression* parse_item(const Expression* node);
  const Expression* parse_subscript();
  const Expression* parse_call(const Expression* callee);
  const Expression* parse_filter(const Expression* input, bool first_has_no_pipe = false);
  const Expression* parse_test(const Expression* input);
  void parse_arguments(Expression& call);
  void parse_argument(Expression& call);
  void note_name(const std::string& name);
  Expression& make(Op op, std::vector<const Expression*> operands = {});
  const Expression* done(Expression& node);  // its height is known now
  const Expression* constant(Value value);
  const Expression* binary(Op op, std::string name, const Expression* left, const Expression* right);

  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0, loops_ = 0;
  int soft_ = 0;  // inside an if: unknown filters fail only where they are reached, as in jinja2
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  std::vector<Statement*> macros_;  // being parsed, innermost last
};

std::shared_ptr<const Program> parse(std::string_view source);

struct Parser::Deeper {
  explicit Deeper(Parser& parser) : parser_(parser) {
    if (++parser_.depth_ > kMaxParseDepth) parser_.error("nested deeper than " + std::to_string(kMaxParseDepth));
  }
  ~Deeper() { --parser_.depth_; }
  Parser& parser_;
};

}  // namespace autodidact::jinja
