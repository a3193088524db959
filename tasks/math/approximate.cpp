#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

using Real = long double;
using Complex = std::complex<Real>;
using Maybe = std::optional<Approximation>;

constexpr Real kUnit = 2 * std::numeric_limits<Real>::epsilon();
constexpr Real kPi = std::numbers::pi_v<Real>;

// `error` is what the arguments' errors make of it; rounding comes on top.
Maybe made(Complex value, Real error) {
  value += Complex(0, 0);  // -0 would be the other side of a branch cut
  const Real size = std::abs(value);
  if (!std::isfinite(size) || !std::isfinite(error)) return std::nullopt;
  return Approximation{value, error + kUnit * size};
}

Maybe add(const Approximation& a, const Approximation& b) { return made(a.value + b.value, a.error + b.error); }
Maybe multiply(const Approximation& a, const Approximation& b) {
  return made(a.value * b.value, std::abs(a.value) * b.error + std::abs(b.value) * a.error + a.error * b.error);
}
Maybe divide(const Approximation& a, const Approximation& b) {
  const Real size = std::abs(b.value);
  if (size <= 2 * b.error || size == 0) return std::nullopt;
  const Complex value = a.value / b.value;
  return made(value, (a.error + std::abs(value) * b.error) / (size - b.error));
}

// What a letter stands for: fractions between 0 and 3, then negative, large and whole numbers too.
Real letter(std::string_view name, unsigned point) {
  constexpr std::array<Real, kPoints> kScale = {1, 1, -1, 7, -7, 40, 0.125L, 1, -1, 0, 0, 0, 0, 300};
  const std::uint64_t hash = hash_name(name, point);
  if (kScale[point] == 0) return static_cast<Real>(2 + hash % 11);
  return kScale[point] * (0.25L + static_cast<Real>(hash >> 44) / static_cast<Real>(1u << 19));
}

class Floating {
 public:
  Floating(unsigned point, bool complex, Work& work) : point_(point), complex_(complex), work_(work) {}

  Maybe value(const Expr& e) {
    if (!work_.spend(32)) return std::nullopt;
    switch (e.kind) {
      case Kind::kNumber: return number(e.number);
      case Kind::kSymbol: return symbol(e.name);
      case Kind::kAdd:
      case Kind::kMul: return fold(e);
      case Kind::kDiv: return pair(e, divide);
      case Kind::kNegate: return scaled(e.args[0], -1);
      case Kind::kPower: return pair(e, [this](const auto& a, const auto& b) { return power(a, b); });
      case Kind::kFunction: return function(e);
      case Kind::kFactorial: return e.name == "!" ? gamma(value(e.args[0])) : std::nullopt;
      case Kind::kPercent: return scaled(e.args[0], 0.01L);
      case Kind::kDegree: return scaled(e.args[0], kPi / 180);
      case Kind::kBased: return value(e.args[0]);
      default: return std::nullopt;
    }
  }

 private:
  Maybe number(const Rational& r) {
    work_.spend(64);
    const Real over = static_cast<Real>(numerator(r)), under = static_cast<Real>(denominator(r));
    if (std::isfinite(over) && std::isfinite(under)) return made(over / under, std::abs(over / under) * kUnit);
    return std::nullopt;
  }
  Maybe symbol(const std::string& name) const {
    if (name == "pi") return made(kPi, 0);
    if (name == "e") return made(std::numbers::e_v<Real>, 0);
    if (name == "i") return Approximation{{0, 1}, 0};
    return Approximation{letter(name, point_), 0};
  }
  Maybe fold(const Expr& e) {
    Maybe all = value(e.args[0]);
    for (std::size_t i = 1; all && i < e.args.size(); ++i) {
      const Maybe next = value(e.args[i]);
      if (!next) return std::nullopt;
      all = e.kind == Kind::kAdd ? add(*all, *next) : multiply(*all, *next);
    }
    return all;
  }
  template <class Op>
  Maybe pair(const Expr& e, Op op) {
    const Maybe a = value(e.args[0]);
    const Maybe b = a ? value(e.args[1]) : std::nullopt;
    return b ? op(*a, *b) : std::nullopt;
  }
  Maybe scaled(const Expr& e, Real factor) {
    const Maybe x = value(e);
    return x ? made(x->value * factor, x->error * std::abs(factor)) : std::nullopt;
  }

  static bool real(const Approximation& x) { return std::abs(x.value.imag()) <= x.error; }
  static bool whole(const Approximation& x) {
    return real(x) && std::abs(x.value.real() - std::nearbyint(x.value.real())) <= x.error;
  }

  Maybe power(const Approximation& base, const Approximation& exponent) {
    const Real size = std::abs(base.value);
    if (size <= base.error)
      return real(exponent) && exponent.value.real() > exponent.error ? made(0, base.error) : std::nullopt;
    const bool negative = real(base) && base.value.real() < 0;
    if (!complex_ && negative && !whole(exponent)) return odd_root(base, exponent);
    const Complex value = complex_ || negative ? std::pow(base.value, exponent.value)
                                               : Complex(std::pow(base.value.real(), exponent.value.real()));
    const Real relative = std::abs(exponent.value) * base.error / size + (std::abs(std::log(size)) + kPi) * exponent.error;
    return made(value, std::abs(value) * (relative + 4 * kUnit));
  }
  // (-8)^{1/3} is -2 among the real numbers: an exponent p/q with a small odd q.
  static Maybe odd_root(const Approximation& base, const Approximation& exponent) {
    for (const int q : {3, 5, 7, 9}) {
      const Real p = exponent.value.real() * q;
      if (std::abs(p - std::nearbyint(p)) > 16 * q * exponent.error) continue;
      const Real value = std::pow(-base.value.real(), exponent.value.real());
      const bool odd = std::fmod(std::abs(std::nearbyint(p)), 2) == 1;
      return made(odd ? -value : value, std::abs(value) * (base.error / std::abs(base.value) * 2 + 64 * kUnit));
    }
    return std::nullopt;
  }

  Maybe root(const Approximation& x, const Approximation& index) {
    if (!whole(index) || index.value.real() < 1) return std::nullopt;
    const Real k = std::nearbyint(index.value.real());
    const Real size = std::abs(x.value);
    if (size <= x.error) return Approximation{0, std::pow(x.error, 1 / k)};
    const bool negative = real(x) && x.value.real() < 0;
    const Real error = std::pow(size, 1 / k) * x.error / (k * size);
    if (!negative && real(x)) return made(std::pow(x.value.real(), 1 / k), error);
    if (negative && std::fmod(k, 2) == 1) return made(-std::pow(size, 1 / k), error);
    return complex_ ? made(std::pow(x.value, Complex(1 / k)), error) : std::nullopt;
  }

  static Maybe gamma(const Maybe& x) {
    if (!x || !real(*x) || x->value.real() < 0 || x->value.real() > 1500) return std::nullopt;
    const Real value = std::tgamma(x->value.real() + 1);
    return made(value, std::abs(value) * (x->error * 8 + 64 * kUnit));
  }

  Maybe function(const Expr& e) {
    std::vector<Approximation> args;
    for (const Expr& arg : e.args) {
      const Maybe x = value(arg);
      if (!x) return std::nullopt;
      args.push_back(*x);
    }
    if (args.empty()) return std::nullopt;
    if (e.name == "sqrt") return root(args[0], args[1]);
    if (e.name == "log" || e.name == "ln" || e.name == "lg") return logarithm(e.name, args);
    if (e.name == "binom") return binomial(args[0], args[1]);
    if (e.name == "exp") return power({std::numbers::e_v<Real>, kUnit}, args[0]);
    if (e.name == "f" || e.name == "g" || e.name == "overline") return opaque(e.name, args);
    if (!real(args[0])) return std::nullopt;
    return of_real(e.name, args[0].value.real(), args[0].error);
  }

  Maybe logarithm(const std::string& name, const std::vector<Approximation>& args) {
    const Maybe over = natural_log(args[0]);
    if (!over || name == "ln") return over;
    const Maybe under = natural_log(args.size() == 2 ? args[1] : Approximation{10, 0});
    return under ? divide(*over, *under) : std::nullopt;
  }
  Maybe natural_log(const Approximation& x) const {
    const Real size = std::abs(x.value);
    if (size <= x.error || (!complex_ && (!real(x) || x.value.real() < 0))) return std::nullopt;
    return made(std::log(x.value), x.error / size);
  }
  static Maybe binomial(const Approximation& n, const Approximation& k) {
    const Maybe top = gamma(n), down = gamma(k);
    const Maybe rest = gamma(Approximation{n.value - k.value, n.error + k.error});
    const Maybe under = down && rest ? multiply(*down, *rest) : std::nullopt;
    return top && under ? divide(*top, *under) : std::nullopt;
  }
  // f(x) of an unknown f: some function of x that is as smooth as can be.
  Maybe opaque(const std::string& name, const std::vector<Approximation>& args) const {
    Approximation sum{letter(name, point_), 0};
    for (std::size_t i = 0; i < args.size(); ++i) {
      const Real factor = letter(name + std::to_string(i), point_);
      sum.value += std::sin(args[i].value * factor + factor);
      sum.error += args[i].error * std::abs(factor) * 4;
    }
    return made(sum.value, sum.error);
  }

  static Maybe of_real(const std::string& name, Real x, Real error) {
    const Real s = std::sin(x), c = std::cos(x);
    if (name == "abs") return made(std::abs(x), error);
    if (name == "sin") return made(s, error);
    if (name == "cos") return made(c, error);
    if (name == "sinh") return made(std::sinh(x), error * std::cosh(x));
    if (name == "cosh") return made(std::cosh(x), error * std::cosh(x));
    if (name == "tanh") return made(std::tanh(x), error);
    if (name == "atan") return made(std::atan(x), error);
    if (name == "tan" || name == "sec")
      return std::abs(c) > 4 * error + kUnit ? made((name == "tan" ? s : 1) / c, error / (c * c)) : std::nullopt;
    if (name == "cot" || name == "csc")
      return std::abs(s) > 4 * error + kUnit ? made((name == "cot" ? c : 1) / s, error / (s * s)) : std::nullopt;
    if (name == "asin" || name == "acos") {
      if (std::abs(x) > 1) return std::nullopt;
      return made(name == "asin" ? std::asin(x) : std::acos(x), error / std::sqrt(1 - x * x + error + kUnit));
    }
    if (name == "floor" || name == "ceil") {
      if (std::abs(x - std::nearbyint(x)) <= error) return made(std::nearbyint(x), 0);
      return made(name == "floor" ? std::floor(x) : std::ceil(x), 0);
    }
    return std::nullopt;
  }

  unsigned point_;
  bool complex_;
  Work& work_;
};

}  // namespace

std::optional<Approximation> approximate(const Expr& e, unsigned point, bool complex, Work& work) {
  return Floating(point % kPoints, complex, work).value(e);
}

}  // namespace autodidact::math
