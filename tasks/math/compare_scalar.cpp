#include <algorithm>
#include <cmath>

#include "tasks/math/compare.hpp"
#include "tasks/math/lexer.hpp"
#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

constexpr int kMinDigits = 3;      // a decimal with fewer significant digits is exact
constexpr unsigned kAgreeing = 3;  // points that must agree when there are letters

bool is_power_of_ten(const Expr& e) {
  return e.kind == Kind::kPower && is(e.args[0], Kind::kNumber) && e.args[0].number == 10 &&
         (is(e.args[1], Kind::kNumber) || (is(e.args[1], Kind::kNegate) && is(e.args[1].args[0], Kind::kNumber)));
}
bool is_scientific(const Expr& e) {
  return e.kind == Kind::kMul && e.args.size() == 2 && is(e.args[0], Kind::kNumber) && is_power_of_ten(e.args[1]);
}

bool is_signed_literal(const Expr& e) {
  return e.kind == Kind::kNumber || (e.kind == Kind::kNegate && is_signed_literal(e.args[0]));
}

// The decimal in 3.14, -3.14, 3.14 \times 10^5; null when there is none.
const Expr* decimal_of(const Expr& e) {
  if (e.kind == Kind::kNumber) return e.decimals > 0 || e.digits > 0 ? &e : nullptr;
  if (e.kind == Kind::kNegate || is_scientific(e)) return decimal_of(e.args[0]);
  return nullptr;
}

// The unit is one that is known, so that another known one means something else.
bool is_known_unit(const std::string& unit) {
  return !canonical_unit(unit.substr(0, unit.find_first_of("/^ "))).empty() || unit.size() <= 2;
}

// 5m, read as 5 times m.
bool ends_in_letter(const Expr& e, const std::string& unit) {
  return e.kind == Kind::kMul && e.args.size() == 2 && is_symbol(e.args[1], unit);
}

}  // namespace

bool is_written_number(const Expr& e) {
  switch (e.kind) {
    case Kind::kNumber: return true;
    case Kind::kNegate:
    case Kind::kPercent:
    case Kind::kDegree:
    case Kind::kUnit:
    case Kind::kBased: return is_written_number(e.args[0]);
    case Kind::kDiv: return is_signed_literal(e.args[0]) && is_signed_literal(e.args[1]);
    case Kind::kAdd: return !e.undone;
    case Kind::kMul: return is_scientific(e);
    case Kind::kPower: return is_power_of_ten(e);
    default: return false;
  }
}

Equal Comparer::quantity(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kUnit || p.kind == Kind::kUnit) return unit(g, p);
  if (g.kind == Kind::kPercent || p.kind == Kind::kPercent) return percent(g, p);
  if (g.kind == Kind::kDegree || p.kind == Kind::kDegree) return degree(g, p);
  if (g.kind == Kind::kBased || p.kind == Kind::kBased) return based(g, p);
  if (reward() && is_written_number(g) && !is_written_number(p)) return no("arithmetic left undone");
  return scalar(g, p);
}

// A unit may be left out, or be a noun of no consequence, but 5 m are not 5 cm.
Equal Comparer::unit(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kUnit && p.kind == Kind::kUnit) {
    if (g.name != p.name && is_known_unit(g.name) && is_known_unit(p.name)) return no("another unit");
    return quantity(g.args[0], p.args[0]);
  }
  if (g.kind == Kind::kUnit) return quantity(g.args[0], ends_in_letter(p, g.name) ? p.args[0] : p);
  return quantity(ends_in_letter(g, p.name) ? g.args[0] : g, p.args[0]);
}

// 10% is 0.1; and 10, where the question asks for percent. A reference of at most 1 without the sign is a fraction.
Equal Comparer::percent(const Expr& g, const Expr& p) {
  const Expr& bare_g = g.kind == Kind::kPercent ? g.args[0] : g;
  const Expr& bare_p = p.kind == Kind::kPercent ? p.args[0] : p;
  if (g.kind == p.kind) return quantity(bare_g, bare_p);
  if (scalar(g, p) == Equal::kYes) return Equal::kYes;
  bool too_large = false;
  const auto value = exact_value(bare_g, work_, too_large);
  if (g.kind != Kind::kPercent && value && abs(*value) <= 1) return no("a percentage of another value");
  return quantity(bare_g, bare_p);
}

Equal Comparer::degree(const Expr& g, const Expr& p) {
  const Expr& bare_g = g.kind == Kind::kDegree ? g.args[0] : g;
  const Expr& bare_p = p.kind == Kind::kDegree ? p.args[0] : p;
  if (g.kind != p.kind && scalar(g, p) == Equal::kYes) return Equal::kYes;
  return quantity(bare_g, bare_p);
}

// A reference in a base asks for its digits; the base itself may be left out in an evaluation.
Equal Comparer::based(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kBased && p.kind == Kind::kBased) {
    return g.number == p.number && g.args[0].number == p.args[0].number ? yes("the same digits in the same base")
                                                                        : no("another number or base");
  }
  if (reward()) return no("another base than the reference's");
  if (p.kind == Kind::kBased) return scalar(g, p);
  if (p.kind != Kind::kNumber || p.decimals >= 0) return no("not in the reference's base");
  return p.number.str() == g.name ? yes("the same digits, base left out") : no("not in the reference's base");
}

Equal Comparer::scalar(const Expr& g, const Expr& p) {
  if (contains(g, Kind::kInfinity) || contains(p, Kind::kInfinity)) {
    return same(g, p) ? yes("the same infinity") : no("not the same infinity");
  }
  bool g_large = false, p_large = false;
  const auto exact_g = exact_value(g, work_, g_large);
  const auto exact_p = exact_value(p, work_, p_large);
  if (exact_g && exact_p && *exact_g == *exact_p) return yes("equal numbers");
  if (same(g, p)) return yes("the same expression");
  if (g_large) {
    reference_too_large_ = true;
    return undecided("the reference is too large to compute");
  }
  if (p_large) return no("the answer is too large to compute");
  if (decimal_of(g) != nullptr && rounded(g, p) == Equal::kYes) return Equal::kYes;
  if (exact_g && exact_p) return no("different numbers");
  const Equal by_residues = modular(g, p);
  return by_residues != Equal::kUndecided ? by_residues : numeric(g, p);
}

// A decimal reference of three digits or more stands for all that rounds to it, however the answer is written.
Equal Comparer::rounded(const Expr& g, const Expr& p) {
  const Expr& decimal = *decimal_of(g);
  if (decimal.digits < kMinDigits || !free_symbols(p).empty()) return undecided("");
  const auto a = approximate(g, 0, false, work_);
  const auto b = approximate(p, 0, false, work_);
  if (!a || !b || decimal.number == 0) return undecided("");
  const long double scale = std::abs(a->value) / static_cast<long double>(decimal.number);  // the power of ten
  const long double half = 0.5L * std::pow(10.0L, -static_cast<long double>(decimal.decimals)) * scale;
  const bool equal = std::abs(a->value - b->value) <= half * (1 + 1e-9L) + b->error;
  return equal ? yes("equal when rounded as the reference is") : no("different numbers");
}

Equal Comparer::modular(const Expr& g, const Expr& p) {
  if (contains(g, Kind::kDegree) || contains(p, Kind::kDegree)) return undecided("");
  unsigned agreed = 0;
  for (unsigned point = 0; point < 2 * kAgreeing && agreed < kAgreeing; ++point) {
    const Residue a = residue(g, point, work_);
    if (a.defined == Defined::kNever) return undecided("");
    const Residue b = residue(p, point, work_);
    if (b.defined == Defined::kNever) return undecided("");
    if (a.defined == Defined::kNotHere || b.defined == Defined::kNotHere) continue;
    if (a.value != b.value) return no("different expressions");
    ++agreed;
  }
  return agreed > 0 ? yes("equal expressions, at random points modulo a prime") : undecided("no value at any point");
}

Equal Comparer::numeric(const Expr& g, const Expr& p) {
  const bool complex = contains_symbol(g, "i") || contains_symbol(p, "i");
  const bool constant = free_symbols(g).empty() && free_symbols(p).empty();
  unsigned agreed = 0;
  bool g_defined = false, p_defined = false;
  for (unsigned point = 0; point < (constant ? 1 : kPoints); ++point) {
    const auto a = approximate(g, point, complex, work_);
    const auto b = approximate(p, point, complex, work_);
    g_defined = g_defined || a;
    p_defined = p_defined || b;
    if (!a || !b) continue;
    const long double error = 4 * (a->error + b->error);
    if (error > 1e-8L * std::max(1.0L, std::abs(a->value))) continue;  // says nothing
    if (std::abs(a->value - b->value) > error) return no(constant ? "different numbers" : "different expressions");
    ++agreed;
  }
  if (agreed >= (constant ? 1 : kAgreeing)) return yes("equal, numerically");
  if (g_defined && !p_defined) return no("the answer has no value");
  if (!g_defined) reference_too_large_ = true;
  return undecided("no value could be computed");
}

}  // namespace autodidact::math
