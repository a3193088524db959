#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % kPrime);
}
std::uint64_t to_power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = times(result, base);
    base = times(base, base);
  }
  return result;
}
// p = 1 modulo 4, so a quarter of the way around from a non-residue lies a square root of -1.
std::uint64_t root_of_minus_one() {
  for (std::uint64_t base = 2;; ++base) {
    const std::uint64_t root = to_power(base, (kPrime - 1) / 4);
    if (times(root, root) == kPrime - 1) return root;
  }
}

std::uint64_t reduced(const Integer& n, std::uint64_t modulus) {
  Integer rest = n % modulus;
  if (rest < 0) rest += modulus;
  return static_cast<std::uint64_t>(rest);
}

constexpr Residue kNotHere{Defined::kNotHere, 0};
constexpr Residue kNever{Defined::kNever, 0};

class Modular {
 public:
  Modular(unsigned point, Work& work) : point_(point), work_(work) {}

  Residue value(const Expr& e) {
    if (!work_.spend(16)) return kNever;
    switch (e.kind) {
      case Kind::kNumber: return number(e.number);
      case Kind::kSymbol: return symbol(e.name);
      case Kind::kAdd:
      case Kind::kMul: return fold(e);
      case Kind::kDiv: return divided(value(e.args[0]), value(e.args[1]));
      case Kind::kNegate: return combine(Residue{}, value(e.args[0]), '-');
      case Kind::kPower: return power(e);
      case Kind::kPercent: return divided(value(e.args[0]), {Defined::kYes, 100});
      case Kind::kFunction: return opaque(e);
      default: return kNever;
    }
  }

 private:
  static Residue yes(std::uint64_t value) { return {Defined::kYes, value}; }

  Residue number(const Rational& r) {
    return divided(yes(reduced(numerator(r), kPrime)), yes(reduced(denominator(r), kPrime)));
  }
  Residue symbol(const std::string& name) {
    static const std::uint64_t kI = root_of_minus_one();
    return yes(name == "i" ? kI : hash_name(name, point_) % kPrime);
  }

  static Residue combine(Residue a, Residue b, char op) {
    if (a.defined != Defined::kYes) return a;
    if (b.defined != Defined::kYes) return b;
    switch (op) {
      case '+': return yes((a.value + b.value) % kPrime);
      case '-': return yes((a.value + kPrime - b.value) % kPrime);
      default: return yes(times(a.value, b.value));
    }
  }
  static Residue divided(Residue a, Residue b) {
    if (b.defined == Defined::kYes && b.value == 0) return kNotHere;
    return combine(a, b.defined == Defined::kYes ? yes(to_power(b.value, kPrime - 2)) : b, '*');
  }
  Residue fold(const Expr& e) {
    Residue all = value(e.args[0]);
    for (std::size_t i = 1; i < e.args.size(); ++i) all = combine(all, value(e.args[i]), e.kind == Kind::kAdd ? '+' : '*');
    return all;
  }

  // The exponent must be a whole number; it counts modulo p - 1.
  Residue power(const Expr& e) {
    bool too_large = false;
    const auto exponent = exact_value(e.args[1], work_, too_large);
    if (!exponent || denominator(*exponent) != 1) return kNever;
    const Residue base = value(e.args[0]);
    if (base.defined != Defined::kYes) return base;
    if (base.value == 0) return *exponent > 0 ? yes(0) : kNotHere;
    return yes(to_power(base.value, reduced(numerator(*exponent), kPrime - 1)));
  }

  // f(x) of an unknown f: equal where x is.
  Residue opaque(const Expr& e) {
    const bool unknown = e.name[0] == 'f' || e.name[0] == 'g' || e.name == "overline" || e.name == "det" || e.name == "deg";
    if (!unknown || e.name == "floor" || e.name == "gcd") return kNever;
    std::uint64_t hash = hash_name(e.name, point_);
    for (const Expr& arg : e.args) {
      const Residue x = value(arg);
      if (x.defined != Defined::kYes) return x;
      hash = mix(hash ^ x.value);
    }
    return yes(hash % kPrime);
  }

  unsigned point_;
  Work& work_;
};

}  // namespace

std::uint64_t mix(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

std::uint64_t hash_name(std::string_view name, unsigned point) {
  std::uint64_t hash = mix(point + 1);
  for (const char c : name) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

Residue residue(const Expr& e, unsigned point, Work& work) { return Modular(point, work).value(e); }

}  // namespace autodidact::math
