#include <algorithm>

#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

std::size_t bits(const Integer& n) { return n == 0 ? 1 : msb(n < 0 ? Integer(-n) : n) + 1; }
std::size_t bits(const Rational& r) { return std::max(bits(numerator(r)), bits(denominator(r))); }
bool is_whole(const Rational& r) { return denominator(r) == 1; }

// The k-th root of n >= 0 when it is a whole number.
std::optional<Integer> whole_root(const Integer& n, unsigned k) {
  if (k == 2) {
    Integer rest;
    const Integer root = sqrt(n, rest);
    return rest == 0 ? std::optional(root) : std::nullopt;
  }
  if (k == 0 || k > 64 || bits(n) > 512) return std::nullopt;
  Integer root = 0;
  for (int bit = static_cast<int>(bits(n) / k); bit >= 0; --bit) {
    const Integer larger = root + (Integer(1) << static_cast<unsigned>(bit));
    if (pow(larger, k) <= n) root = larger;
  }
  return pow(root, k) == n ? std::optional(root) : std::nullopt;
}

class Exact {
 public:
  Exact(Work& work, bool& too_large) : work_(work), too_large_(too_large) {}

  std::optional<Rational> value(const Expr& e) {
    if (!work_.spend(8)) return stop();
    switch (e.kind) {
      case Kind::kNumber: return e.number;
      case Kind::kAdd:
      case Kind::kMul: return fold(e);
      case Kind::kDiv: return quotient(e);
      case Kind::kNegate: return negated(value(e.args[0]));
      case Kind::kPower: return power(e);
      case Kind::kFactorial: return factorial(e);
      case Kind::kPercent: return percent(value(e.args[0]));
      case Kind::kFunction: return function(e);
      case Kind::kBased: return value(e.args[0]);
      default: return std::nullopt;
    }
  }

 private:
  std::optional<Rational> stop() {
    too_large_ = true;
    return std::nullopt;
  }
  // Multiplication and the common divisor go with the square of the length.
  std::optional<Rational> checked(Rational r) {
    const std::size_t size = bits(r);
    if (size > kMaxBits || !work_.spend(8 + (size / 64) * (size / 64))) return stop();
    return r;
  }
  static std::optional<Rational> negated(std::optional<Rational> r) { return r ? std::optional<Rational>(-*r) : r; }
  static std::optional<Rational> percent(std::optional<Rational> r) { return r ? std::optional<Rational>(*r / 100) : r; }

  std::optional<Rational> fold(const Expr& e) {
    std::optional<Rational> all = value(e.args[0]);
    for (std::size_t i = 1; all && i < e.args.size(); ++i) {
      const auto next = value(e.args[i]);
      if (!next) return std::nullopt;
      all = checked(e.kind == Kind::kAdd ? Rational(*all + *next) : Rational(*all * *next));
    }
    return all;
  }

  std::optional<Rational> quotient(const Expr& e) {
    const auto over = value(e.args[0]);
    const auto under = over ? value(e.args[1]) : std::nullopt;
    if (!under || *under == 0) return std::nullopt;
    return checked(*over / *under);
  }

  std::optional<Rational> power(const Expr& e) {
    const auto base = value(e.args[0]);
    const auto exponent = base ? value(e.args[1]) : std::nullopt;
    if (!exponent) return std::nullopt;
    if (!is_whole(*exponent)) {
      const Integer& index = denominator(*exponent);
      const auto root = index <= 64 ? rooted(*base, static_cast<unsigned>(index)) : std::nullopt;
      return root ? whole_power(*root, numerator(*exponent)) : std::nullopt;
    }
    return whole_power(*base, numerator(*exponent));
  }

  std::optional<Rational> whole_power(const Rational& base, const Integer& exponent) {
    if (base == 0) return exponent > 0 ? std::optional<Rational>(0) : std::nullopt;
    if (base == 1) return base;
    if (base == -1) return Rational(exponent % 2 == 0 ? 1 : -1);
    const Integer size = abs(exponent);
    if (size > kMaxBits || bits(base) * static_cast<std::size_t>(size) > 2 * kMaxBits) return stop();
    const auto n = static_cast<unsigned>(size);
    const Integer over = pow(numerator(base), n), under = pow(denominator(base), n);
    return checked(exponent < 0 ? Rational(under, over) : Rational(over, under));
  }

  std::optional<Rational> rooted(const Rational& r, unsigned index) {
    if (index == 0 || bits(r) > kMaxBits) return std::nullopt;
    work_.spend(bits(r));
    if (r < 0) return index % 2 == 1 ? negated(rooted(-r, index)) : std::nullopt;
    const auto over = whole_root(numerator(r), index);
    const auto under = over ? whole_root(denominator(r), index) : std::nullopt;
    return under ? std::optional(Rational(*over, *under)) : std::nullopt;
  }

  std::optional<Rational> factorial(const Expr& e) {
    const auto n = value(e.args[0]);
    if (!n || *n < 0 || !is_whole(*n)) return std::nullopt;
    if (*n > kMaxFactorial) return stop();
    const unsigned step = e.name == "!!" ? 2 : 1;
    Integer product = 1;
    for (auto k = static_cast<unsigned>(numerator(*n)); k > 1; k = k > step ? k - step : 0) {
      product *= k;
      if (!work_.spend(4 + bits(product) / 64)) return stop();
    }
    return Rational(product);
  }

  std::optional<Rational> binomial(const Rational& n, const Rational& k) {
    if (!is_whole(n) || !is_whole(k) || n < 0 || k < 0) return std::nullopt;
    if (k > n) return Rational(0);
    if (n > kMaxFactorial) return stop();
    Integer product = 1;
    const auto top = static_cast<unsigned>(numerator(n)), down = static_cast<unsigned>(numerator(k));
    for (unsigned i = 1; i <= std::min(down, top - down); ++i) {
      product = product * (top - i + 1) / i;
      if (!work_.spend(4 + bits(product) / 64)) return stop();
    }
    return Rational(product);
  }

  std::optional<Rational> function(const Expr& e) {
    std::vector<Rational> args;
    for (const Expr& arg : e.args) {
      const auto x = value(arg);
      if (!x) return std::nullopt;
      args.push_back(*x);
    }
    if (args.empty()) return std::nullopt;
    if (e.name == "max") return *std::max_element(args.begin(), args.end());
    if (e.name == "min") return *std::min_element(args.begin(), args.end());
    if (args.size() == 1) return function_of_one(e.name, args[0]);
    if (args.size() != 2) return std::nullopt;
    if (e.name == "sqrt")
      return args[1] > 0 && args[1] <= 64 && is_whole(args[1]) ? rooted(args[0], unsigned(numerator(args[1]))) : std::nullopt;
    if (e.name == "binom") return binomial(args[0], args[1]);
    if ((e.name != "gcd" && e.name != "lcm") || !is_whole(args[0]) || !is_whole(args[1])) return std::nullopt;
    const Integer a = numerator(args[0]), b = numerator(args[1]);
    return checked(Rational(e.name == "gcd" ? Integer(gcd(a, b)) : Integer(lcm(a, b))));
  }

  static std::optional<Rational> function_of_one(const std::string& name, const Rational& x) {
    if (name == "abs") return abs(x);
    if (name != "floor" && name != "ceil") return std::nullopt;
    Integer down = numerator(x) / denominator(x);
    if (down * denominator(x) > numerator(x)) down -= 1;  // division goes towards zero
    return Rational(name == "ceil" && down * denominator(x) != numerator(x) ? Integer(down + 1) : down);
  }

  Work& work_;
  bool& too_large_;
};

}  // namespace

std::optional<Rational> exact_value(const Expr& e, Work& work, bool& too_large) { return Exact(work, too_large).value(e); }

}  // namespace autodidact::math
