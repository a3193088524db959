#pragma once
// The parser's rules, from a whole answer down to one number. A rule that fails sets the error and moves to the end, where
// every loop stops; what it returns then is not used.

#include <string>
#include <string_view>
#include <vector>

#include "tasks/math/expr.hpp"
#include "tasks/math/lexer.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

class Parser {
 public:
  Parser(std::vector<Token> tokens, bool repair, Work& work) : tokens_(std::move(tokens)), repair_(repair), work_(work) {}

  Expr answer();
  const std::string& error() const { return error_; }

 private:
  // parser.cpp: lists, relations, sets
  void skip_fillers();
  std::vector<Expr> items(std::string* join);
  bool item_end() const;
  bool text_ahead() const;
  Expr text();
  Expr relation();
  Expr set_expression();

  // parser_scalar.cpp: sums down to powers, units
  Expr sum();
  Expr signed_term();
  Expr product();
  Expr joined(std::vector<Expr> factors, bool undone);
  bool factor_ahead() const;
  bool unit_ahead() const;
  bool glued_word() const;
  Expr with_unit(Expr value);
  std::string unit_word();
  Expr factor();
  Expr power();
  Expr postfix(Expr base);
  Expr raised(Expr base);
  Expr exponent();
  bool letters_of_word();

  // parser_primary.cpp: numbers, letters, brackets, commands
  Expr primary();
  Expr number();
  Expr mixed(Expr whole);
  Expr based(const Token& digits, Expr value);
  Expr symbol();
  std::string subscript();
  Expr bracketed();
  Expr group();
  Expr set();
  Expr between(std::string_view close, const char* function);
  Expr angled();
  Expr environment();
  Expr command();
  Expr fraction(const char* name);
  Expr root();
  Expr function(const std::string& name);
  Expr function_argument();
  Expr short_argument();

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool at(TokenType type) const { return peek().type == type; }
  bool at(TokenType type, std::string_view text) const { return at(type) && peek().text == text; }
  bool op(std::string_view text) const { return at(TokenType::kOp, text); }
  bool take_op(std::string_view text) {
    if (!op(text)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view text) {
    if (!take_op(text)) fail("an open bracket");
  }
  Token next() {
    if (!work_.spend(16)) fail("too much work");
    const Token token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  Expr fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    at_ = tokens_.size() - 1;
    return {};
  }

  // Counts how deep the rules are inside one another.
  struct Level {
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxDepth) parser_.fail("brackets inside one another too deep");
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser_;
  };

  std::vector<Token> tokens_;
  bool repair_;
  Work& work_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int bars_ = 0;  // open |…|
  std::string error_;
};

}  // namespace autodidact::math
