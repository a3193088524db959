#include <algorithm>

#include "tasks/math/parser_internal.hpp"

namespace autodidact::math {
namespace {

bool is_plus_minus(const Token& token) {
  return token.type == TokenType::kCommand && (token.text == "pm" || token.text == "mp");
}
bool is_sign(const Token& token) { return token.type == TokenType::kOp && (token.text == "+" || token.text == "-"); }

bool is_literal(const Expr& e) { return e.kind == Kind::kNumber && e.decimals < 0; }
// 1/2 of 3\frac12: digits only, and less than one.
bool is_proper_fraction(const Expr& e) {
  return e.kind == Kind::kDiv && is_literal(e.args[0]) && is_literal(e.args[1]) && e.args[0].number < e.args[1].number;
}

}  // namespace

Expr Parser::sum() {
  const Level level(*this);
  std::vector<Expr> terms;
  terms.push_back(signed_term());
  while (is_sign(peek()) || is_plus_minus(peek())) terms.push_back(signed_term());
  if (terms.size() == 1) return std::move(terms.front());
  Expr all = make(Kind::kAdd, std::move(terms));
  all.undone = true;
  return all;
}

// Any number of signs and what they stand before.
Expr Parser::signed_term() {
  bool negative = false;
  std::string plus_minus;
  for (; is_sign(peek()) || is_plus_minus(peek());) {
    const Token sign = next();
    if (sign.text == "-") negative = !negative;
    if (sign.text == "pm") plus_minus = "+";
    if (sign.text == "mp") plus_minus = "-";
  }
  Expr term = product();
  if (!plus_minus.empty()) term = make(Kind::kPlusMinus, {std::move(term)}, plus_minus);
  if (negative) term = make(Kind::kNegate, {std::move(term)});
  return term;
}

Expr Parser::product() {
  std::vector<Expr> factors;
  bool undone = false;
  int divisions = 0;
  factors.push_back(factor());
  for (;;) {
    if (take_op("*")) {
      undone = true;
      factors.push_back(factor());
    } else if (op("/") && peek(1).type != TokenType::kWord) {
      next();
      Expr left = joined(std::move(factors), undone);
      Expr right = factor();
      factors.clear();
      factors.push_back(make(Kind::kDiv, {std::move(left), std::move(right)}));
      if (++divisions > kMaxChain) return fail("too many divisions");
    } else if (at(TokenType::kCommand, "frac") && is_literal(factors.back())) {
      Expr right = factor();
      const bool mixed = is_proper_fraction(right);
      if (!mixed) {
        factors.push_back(std::move(right));
        continue;
      }
      Expr left = std::move(factors.back());
      factors.back() = make(Kind::kAdd, {std::move(left), std::move(right)});
    } else if (factor_ahead()) {
      factors.push_back(factor());
    } else {
      break;
    }
  }
  Expr value = joined(std::move(factors), undone);
  return unit_ahead() ? with_unit(std::move(value)) : value;
}

Expr Parser::joined(std::vector<Expr> factors, bool undone) {
  if (factors.size() == 1) return std::move(factors.front());
  Expr all = make(Kind::kMul, std::move(factors));
  all.undone = undone;
  return all;
}

// Something to multiply with although no sign says so. Never a number: "2 3" is no product.
bool Parser::factor_ahead() const {
  const Token& token = peek();
  switch (token.type) {
    case TokenType::kSymbol: return true;
    case TokenType::kWord: return glued_word();
    case TokenType::kBegin: return true;
    case TokenType::kCommand:
      return token.text != "cup" && token.text != "cap" && token.text != "setminus" && token.text != "pm" &&
             token.text != "mp" && token.text != "rangle" && token.text != "rfloor" && token.text != "rceil" &&
             token.text != "ldots" && token.text != "circ";
    case TokenType::kOp:
      return token.text == "(" || token.text == "[" || token.text == "{" || token.text == "\\{" ||
             (token.text == "|" && bars_ == 0);
    default: return false;
  }
}

bool Parser::unit_ahead() const { return at(TokenType::kWord) && !glued_word(); }

// "xyz" in "3xyz": letters to be multiplied.
bool Parser::glued_word() const {
  const Token& token = peek();
  if (token.type != TokenType::kWord || token.upright || token.space || token.text.size() > 4) return false;
  return canonical_unit(token.text).empty();
}

// "cm", "square meters", "m/s", "miles per hour": words, kept by their usual short names.
Expr Parser::with_unit(Expr value) {
  std::string unit;
  for (int words = 0; at(TokenType::kWord) || op("/");) {
    if (++words > 8) return fail("too many words behind a number");
    if (take_op("/")) {
      unit += '/';
      if (!at(TokenType::kWord) && !at(TokenType::kSymbol)) return fail("text behind the answer");
    }
    const std::string word = unit_word();
    if (!unit.empty() && unit.back() != '/' && word != "/") unit += ' ';
    unit += word;
  }
  if (unit == "degree") return make(Kind::kDegree, {std::move(value)});
  if (unit == "percent") return make(Kind::kPercent, {std::move(value)});
  if (unit.starts_with("square ") && unit.find(' ', 7) == std::string::npos) unit = unit.substr(7) + "^2";
  if (unit.starts_with("cubic ") && unit.find(' ', 6) == std::string::npos) unit = unit.substr(6) + "^3";
  return make(Kind::kUnit, {std::move(value)}, std::move(unit));
}

std::string Parser::unit_word() {
  const Token word = next();
  if (word.text == "not" || word.text == "but") fail("more than an answer");
  const std::string_view known = canonical_unit(word.text);
  std::string unit(known.empty() ? std::string_view(word.text) : known);
  if (word.text == "per") unit = "/";
  if (op("^") || op(".")) {
    if (op(".") && peek(1).type == TokenType::kEnd) return unit;
    if (take_op(".")) return unit;
    next();
    const bool braces = take_op("{");
    if (!at(TokenType::kNumber)) fail("a unit with an unknown exponent");
    unit += "^" + next().text;
    if (braces) expect("}");
  }
  return unit;
}

Expr Parser::factor() {
  if (is_sign(peek())) {  // after * or /: "3*-2"
    const bool negative = next().text == "-";
    const Level level(*this);
    Expr value = factor();
    return negative ? make(Kind::kNegate, {std::move(value)}) : value;
  }
  return power();
}

Expr Parser::power() {
  const Level level(*this);
  return postfix(primary());
}

Expr Parser::postfix(Expr base) {
  for (int count = 0; at(TokenType::kOp) || at(TokenType::kCommand, "circ");) {
    if (op("^")) {
      base = raised(std::move(base));
    } else if (take_op("!")) {
      const bool twice = op("!") && take_op("!");
      base = make(Kind::kFactorial, {std::move(base)}, twice ? "!!" : "!");
    } else if (take_op("%")) {
      base = make(Kind::kPercent, {std::move(base)});
    } else {
      break;
    }
    if (++count > 8) return fail("too many signs behind a number");
  }
  return base;
}

Expr Parser::raised(Expr base) {
  next();
  const bool braces = op("{") && peek(1).type == TokenType::kCommand && peek(1).text == "circ";
  if (braces) next();
  if (at(TokenType::kCommand, "circ")) {
    next();
    if (braces) expect("}");
    if (at(TokenType::kSymbol, "C") || at(TokenType::kSymbol, "F")) next();
    return make(Kind::kDegree, {std::move(base)});
  }
  return make(Kind::kPower, {std::move(base), exponent()});
}

// A group, or one token: TeX would raise only the first digit of x^12, but nobody means that.
Expr Parser::exponent() {
  const Level level(*this);
  if (take_op("{")) {
    Expr inside = sum();
    expect("}");
    return inside;
  }
  if (is_sign(peek())) {
    const bool negative = next().text == "-";
    Expr inside = exponent();
    return negative ? make(Kind::kNegate, {std::move(inside)}) : inside;
  }
  if (op("'")) {
    next();
    return make_symbol("prime");
  }
  Expr inside = primary();
  return op("^") ? raised(std::move(inside)) : inside;
}

// Splits a word ahead into letters: "xyz" in "3xyz". False when it is no such word.
bool Parser::letters_of_word() {
  const Token word = peek();
  if (word.type != TokenType::kWord || word.upright || word.text.size() > 4) return false;
  std::vector<Token> letters;
  for (const char c : word.text) letters.push_back({TokenType::kSymbol, std::string(1, c), false, false});
  const auto here = tokens_.begin() + static_cast<std::ptrdiff_t>(at_);
  tokens_.insert(tokens_.erase(here), letters.begin(), letters.end());
  return true;
}

}  // namespace autodidact::math
