#pragma once
// Three ways to find the value of a scalar: exactly, modulo a prime, and with floating point. Pure; any thread; each spends
// Work and gives up when there is none left.

#include <complex>
#include <cstdint>
#include <optional>

#include "tasks/math/expr.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

// The rational value of `e`; nullopt when it has none, or when `too_large` (which may already be true) says so.
std::optional<Rational> exact_value(const Expr& e, Work& work, bool& too_large);

// Letters get a value that depends on their name and on `point`. Two expressions made of + - * / and whole powers that have
// the same value at a few points are the same function: of two that differ, the degree over 2^61 is the chance to meet there.
enum class Defined : std::uint8_t { kYes, kNotHere /* 0 in a denominator: try another point */, kNever /* not of that form */ };
struct Residue {
  Defined defined = Defined::kYes;
  std::uint64_t value = 0;
};
Residue residue(const Expr& e, unsigned point, Work& work);
inline constexpr std::uint64_t kPrime = 2305843009213693921;  // 2^61 - 31, and -1 has a square root

// A value and how far off it may be. Letters as above; some points are negative, large, or whole numbers. Real unless `complex`
// is set: then what is real only over the complex numbers, such as sqrt(-1), has a value too. nullopt: none at this point.
struct Approximation {
  std::complex<long double> value;
  long double error = 0;
};
inline constexpr unsigned kPoints = 14;
std::optional<Approximation> approximate(const Expr& e, unsigned point, bool complex, Work& work);

// A fixed pseudo-random function of a name and a point.
std::uint64_t mix(std::uint64_t x);
std::uint64_t hash_name(std::string_view name, unsigned point);

}  // namespace autodidact::math
