#include <algorithm>
#include <array>
#include <cctype>

#include "tasks/math/number_lexer.hpp"
#include "tasks/math/parser_internal.hpp"

namespace autodidact::math {
namespace {

constexpr auto kFunctions = std::to_array<std::string_view>(
    {"sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "sinh", "cosh", "tanh", "log",
     "ln",  "lg",  "exp", "gcd", "lcm", "max", "min",  "det",  "deg",  "arg",  "Re",   "Im"});
// Marks over a letter, and words before one, that name a thing without computing anything.
constexpr auto kMarks = std::to_array<std::string_view>(
    {"vec", "hat", "bar", "tilde", "underline", "widehat", "angle", "triangle", "overrightarrow", "mathop"});

template <std::size_t N>
bool among(const std::array<std::string_view, N>& set, std::string_view word) {
  return std::find(set.begin(), set.end(), word) != set.end();
}

}  // namespace

Expr Parser::primary() {
  const Level level(*this);
  switch (peek().type) {
    case TokenType::kNumber: return number();
    case TokenType::kSymbol: return symbol();
    case TokenType::kCommand: return command();
    case TokenType::kBegin: return environment();
    case TokenType::kWord:
      if (peek().text.size() == 1 || letters_of_word()) return symbol();
      return fail("words among the mathematics");
    case TokenType::kOp: break;
    case TokenType::kEnd: return fail("something missing at the end");
    default: return fail("something missing");
  }
  if (op("(") || op("[")) return bracketed();
  if (op("{")) return group();
  if (op("\\{")) return set();
  if (op("|")) return between("|", "abs");
  return fail("'" + peek().text + "' where a number was expected");
}

Expr Parser::number() {
  const Token token = next();
  auto value = read_number(token.text);
  if (!value) return fail("a number out of range");
  if (op("_")) return based(token, std::move(*value));
  return mixed(std::move(*value));
}

// "3 1/2"
Expr Parser::mixed(Expr whole) {
  const bool fraction = whole.decimals < 0 && at(TokenType::kNumber) && peek().space && peek(1).type == TokenType::kOp &&
                        peek(1).text == "/" && peek(2).type == TokenType::kNumber;
  if (!fraction) return whole;
  auto over = read_number(next().text);
  next();
  auto under = read_number(next().text);
  if (!over || !under || over->number >= under->number) return fail("two numbers side by side");
  return make(Kind::kAdd, {std::move(whole), make(Kind::kDiv, {std::move(*over), std::move(*under)})});
}

Expr Parser::based(const Token& digits, Expr value) {
  next();
  const bool braces = take_op("{");
  if (!at(TokenType::kNumber) || peek().text.size() > 2) return fail("a number with an unknown base");
  const unsigned base = static_cast<unsigned>(std::stoul(next().text.substr(0, 2)));
  if (braces) expect("}");
  if (base < 2 || base > 36 || value.decimals >= 0) return fail("a number with an unknown base");
  Integer sum = 0;
  for (const char c : digits.text) {
    if (c < '0' || static_cast<unsigned>(c - '0') >= base) return fail("a digit that its base does not have");
    sum = sum * base + static_cast<unsigned>(c - '0');
  }
  if (base == 10) return value;
  Expr e = make(Kind::kBased, {make_number(Rational(sum))}, digits.text);
  e.number = base;
  return e;
}

Expr Parser::symbol() {
  Expr e = make_symbol(next().text);
  if (take_op("_")) e.name += "_" + subscript();
  while (take_op("'")) e.name += '\'';
  const bool applied = (e.name[0] == 'f' || e.name[0] == 'g') && (e.name.size() == 1 || e.name[1] == '\'') && op("(");
  if (!applied) return e;
  Expr argument = bracketed();
  if (argument.kind != Kind::kTuple) return make(Kind::kFunction, {std::move(argument)}, e.name);
  return make(Kind::kFunction, std::move(argument.args), e.name);
}

// Kept as a name: x_1 and x_{1} are the same letter.
std::string Parser::subscript() {
  if (!take_op("{")) return next().text;
  std::string name;
  for (int count = 0; !op("}") && !at(TokenType::kEnd); ++count) {
    if (count > 8) fail("a long subscript");
    name += next().text;
  }
  expect("}");
  return name;
}

Expr Parser::bracketed() {
  const Level level(*this);
  std::string brackets = next().text;
  const int outer_bars = std::exchange(bars_, 0);
  std::string join;
  std::vector<Expr> inside = items(&join);
  bars_ = outer_bars;
  if (!op(")") && !op("]")) return fail("an open bracket");
  brackets += next().text;
  if (inside.size() > 1) return make(Kind::kTuple, std::move(inside), brackets);
  if (brackets != "()" && brackets != "[]") return fail("brackets that do not fit");
  return std::move(inside.front());
}

Expr Parser::group() {
  const Level level(*this);
  next();
  if (take_op("}")) return op("(") || factor_ahead() || at(TokenType::kNumber) ? primary() : fail("an empty group");
  std::string join;
  std::vector<Expr> inside = items(&join);
  expect("}");
  if (inside.size() == 1) return std::move(inside.front());
  return make(repair_ ? Kind::kSet : Kind::kList, std::move(inside), repair_ ? "" : join);
}

Expr Parser::set() {
  const Level level(*this);
  next();
  if (take_op("\\}")) return make(Kind::kSet);
  std::string join;
  bars_ += 1;  // "|" stands between an element and its condition here
  std::vector<Expr> inside = items(&join);
  bars_ -= 1;
  if (inside.size() == 1 && (op("|") || op(":"))) {
    next();
    inside.front() = relation();
    expect("\\}");
    return std::move(inside.front());
  }
  expect("\\}");
  return make(Kind::kSet, std::move(inside));
}

// |x|, \lfloor x \rfloor, \lceil x \rceil
Expr Parser::between(std::string_view close, const char* function) {
  const Level level(*this);
  next();
  bars_ += 1;
  Expr inside = sum();
  bars_ -= 1;
  if (!(close == "|" ? op("|") : at(TokenType::kCommand, close))) return fail("an open bracket");
  next();
  return make(Kind::kFunction, {std::move(inside)}, function);
}

Expr Parser::angled() {
  const Level level(*this);
  next();
  std::string join;
  std::vector<Expr> inside = items(&join);
  if (!at(TokenType::kCommand, "rangle")) return fail("an open bracket");
  next();
  return make(Kind::kTuple, std::move(inside), "<>");
}

Expr Parser::environment() {
  const Level level(*this);
  const std::string name = next().text;
  const bool cases = name == "cases";
  if (!cases && name.find("matrix") == std::string::npos && name != "array") return fail("an unknown environment");
  Expr e = make(cases ? Kind::kCases : Kind::kMatrix, {}, name);
  int columns = 0;
  while (!at(TokenType::kEnd)) {
    if (cases && at(TokenType::kWord) && (peek().text == "if" || peek().text == "for" || peek().text == "when")) next();
    e.args.push_back(relation());
    while (take_op(",") || take_op(".")) {
    }
    ++columns;
    if (take_op("&")) continue;
    const bool more = take_op("\\");
    if (e.columns == 0) e.columns = columns;
    if (columns != e.columns) return fail("rows of different length");
    columns = 0;
    if (more && !at(TokenType::kFinish)) continue;
    break;
  }
  if (!at(TokenType::kFinish, name)) return fail("an open environment");
  next();
  if (cases && e.columns != 2) return fail("cases without conditions");
  return e;
}

Expr Parser::command() {
  const std::string name = peek().text;
  if (name == "langle") return angled();
  if (name == "lfloor") return between("rfloor", "floor");
  if (name == "lceil") return between("rceil", "ceil");
  next();
  if (name == "frac") return fraction("");
  if (name == "binom") return fraction("binom");
  if (name == "sqrt") return root();
  if (name == "infty") return make(Kind::kInfinity);
  if (name == "reals") return make(Kind::kReals);
  if (name == "emptyset") return make(Kind::kSet);
  if (name == "overline") return make(Kind::kFunction, {short_argument()}, name);
  if (among(kMarks, name)) return primary();
  if (among(kFunctions, name)) return function(name);
  return fail("an unknown command \\" + name);
}

Expr Parser::fraction(const char* name) {
  Expr over = short_argument();
  Expr under = short_argument();
  if (*name == '\0') return make(Kind::kDiv, {std::move(over), std::move(under)});
  return make(Kind::kFunction, {std::move(over), std::move(under)}, name);
}

// {group}, or one token; of a number its first digit, as TeX has it: \frac12 is a half.
Expr Parser::short_argument() {
  const Level level(*this);
  if (op("{")) return group();
  Token& token = tokens_[at_];
  if (token.type != TokenType::kNumber) return primary();
  if (!std::isdigit(static_cast<unsigned char>(token.text[0]))) return fail("a fraction without its braces");
  Expr digit = make_number(Rational(token.text[0] - '0'));
  token.text.erase(0, 1);
  if (token.text.empty()) next();
  if (!token.text.empty() && token.text[0] == '.') return fail("a fraction without its braces");
  return digit;
}

Expr Parser::root() {
  Expr index = make_number(2);
  if (take_op("[")) {
    index = sum();
    expect("]");
  }
  const bool whole = at(TokenType::kNumber) && (repair_ || peek().space);  // √12, sqrt12
  Expr inside = whole ? number() : short_argument();
  return make(Kind::kFunction, {std::move(inside), std::move(index)}, "sqrt");
}

Expr Parser::function(const std::string& name) {
  Expr e = make(Kind::kFunction, {}, name);
  if (take_op("_")) {
    e.args.resize(2);
    e.args[1] = op("{") ? group() : (at(TokenType::kNumber) ? number() : primary());
  } else {
    e.args.resize(1);
  }
  if (!op("^")) {
    e.args[0] = function_argument();
    if (e.args[0].kind == Kind::kTuple) e.args = std::vector<Expr>(e.args[0].args);
    return e;
  }
  next();
  Expr power = exponent();
  e.args[0] = function_argument();
  const bool inverse = power.kind == Kind::kNegate && is(power.args[0], Kind::kNumber) && power.args[0].number == 1;
  if (inverse && (name == "sin" || name == "cos" || name == "tan")) {
    e.name = "a" + name;
    return e;
  }
  return make(Kind::kPower, {std::move(e), std::move(power)});
}

// In brackets, or what follows up to a sign or another function: \sin 2x, \cos 30^\circ.
Expr Parser::function_argument() {
  const Level level(*this);
  if (op("(") || op("[")) return bracketed();
  if (op("{")) return postfix(group());
  std::vector<Expr> factors;
  factors.push_back(factor());
  while (at(TokenType::kSymbol) || at(TokenType::kCommand, "frac")) factors.push_back(power());
  return joined(std::move(factors), false);
}

}  // namespace autodidact::math
