#pragma once
// An answer as a tree. Plain values; depth and size are bounded by the parser that makes them, so code may recurse over them.

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autodidact::math {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

enum class Kind : std::uint8_t {
  // Scalars
  kNumber,     // number; decimals and digits when written with a decimal point
  kSymbol,     // name
  kInfinity,   //
  kAdd,        // args
  kMul,        // args
  kDiv,        // numerator, denominator
  kNegate,     // arg
  kPower,      // base, exponent
  kFunction,   // name (sqrt, log, sin, abs, floor, binom, f, …), args
  kFactorial,  // arg; name "!" or "!!"
  kPlusMinus,  // arg; name "+" for \pm, "-" for \mp
  kPercent,    // arg
  kDegree,     // arg
  kUnit,       // arg, name
  // Whole answers
  kBased,      // digits as written in name, number = the base, args[0] = the value
  kTime,       // number = seconds after midnight; name "am", "pm" (12-hour, already added), or "" when not said
  kDate,       // number = yyyymmdd, 0 for the year when it is not said
  kRatio,      // args
  kText,       // name: lower case, single spaces
  kTuple,      // args; name: the two brackets, "()" "[]" "(]" "[)" "<>"
  kList,       // args without brackets; name "," "or" "and"
  kSet,        // args
  kUnion,      // args
  kIntersect,  // args
  kSetMinus,   // from, what
  kReals,      //
  kRelation,   // args; name: one character per operator: = < > l(<=) g(>=) !(!=) ~(approximately) e(element of)
  kMatrix,     // args row by row; columns; name: the environment
  kCases,      // args: value, condition, value, condition, …
};

struct Expr {
  Kind kind = Kind::kNumber;
  std::string name;
  std::vector<Expr> args;
  Rational number;
  int decimals = -1;  // digits after the point; -1: none was written
  int digits = 0;     // significant digits of a decimal
  int columns = 0;
  bool undone = false;  // kMul: written with a sign; kAdd: not a mixed number. Arithmetic that was left to the reader
};

Expr make(Kind kind, std::vector<Expr> args = {}, std::string name = {});
Expr make_number(Rational value);
Expr make_symbol(std::string name);

inline bool is(const Expr& e, Kind kind) { return e.kind == kind; }
inline bool is_symbol(const Expr& e, std::string_view name) { return e.kind == Kind::kSymbol && e.name == name; }
// A number, a letter or what is computed from them: something that has a value.
bool is_scalar(const Expr& e);
// A node of this kind anywhere in the tree.
bool contains(const Expr& e, Kind kind);
bool contains_symbol(const Expr& e, std::string_view name);
// The letters that stand for something unknown: not pi, e, i. Sorted, each once.
std::vector<std::string> free_symbols(const Expr& e);
// The same tree.
bool same(const Expr& a, const Expr& b);
std::size_t size_of(const Expr& e);
// The two readings of a tree with \pm: every \pm is + (and \mp is -), or the reverse.
Expr choose_sign(const Expr& e, bool plus);

}  // namespace autodidact::math
