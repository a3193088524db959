// + - * / // % ** as Python has them. Whole numbers are of 64 bits: beyond, an error.

#include <cmath>

#include "model/chat/jinja/format.hpp"
#include "model/chat/jinja/interpreter.hpp"

namespace autodidact::jinja {
namespace {

using Int = std::int64_t;

[[noreturn]] void overflow() { fail("whole numbers beyond 64 bits are not supported"); }
[[noreturn]] void by_zero() { fail("division by zero"); }

[[noreturn]] void unsupported(const std::string& op, const Value& left, const Value& right) {
  for (const Value* value : {&left, &right}) {
    if (const auto* missing = std::get_if<Undefined>(value)) fail_undefined(*missing);
  }
  fail("unsupported operand type(s) for " + op + ": '" + type_name(left) + "' and '" + type_name(right) + "'");
}

Int floor_divide(Int a, Int b) {
  if (b == 0) by_zero();
  if (a == INT64_MIN && b == -1) overflow();
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Int modulo(Int a, Int b) {
  if (b == 0) by_zero();
  if (b == -1) return 0;
  const Int rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double modulo(double a, double b) {
  if (b == 0) by_zero();
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

// As CPython's float_divmod: from the exact remainder, so that 1 // 0.1 is 9.
double floor_divide(double a, double b) {
  if (b == 0) by_zero();
  const double quotient = (a - modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Int power(Int base, Int exponent) {
  Int result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return result;
}

Value power(double base, double exponent) {
  if (base == 0 && exponent < 0) by_zero();
  if (base < 0 && exponent != std::floor(exponent)) fail("complex numbers are not supported");
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && !std::isinf(base) && !std::isinf(exponent)) fail("Numerical result out of range");
  return result;
}

Value of_integers(const std::string& op, Int a, Int b) {
  Int result = 0;
  if (op == "+") return __builtin_add_overflow(a, b, &result) ? (overflow(), result) : result;
  if (op == "-") return __builtin_sub_overflow(a, b, &result) ? (overflow(), result) : result;
  if (op == "*") return __builtin_mul_overflow(a, b, &result) ? (overflow(), result) : result;
  if (op == "//") return floor_divide(a, b);
  if (op == "%") return modulo(a, b);
  if (op == "**" && b >= 0) return power(a, b);
  if (op == "**") return power(static_cast<double>(a), static_cast<double>(b));
  if (b == 0) by_zero();
  return static_cast<double>(a) / static_cast<double>(b);
}

Value of_numbers(const std::string& op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "//") return floor_divide(a, b);
  if (op == "%") return modulo(a, b);
  if (op == "**") return power(a, b);
  if (b == 0) by_zero();
  return a / b;
}

Value repeated(const Value& value, Int count, Budget& budget) {
  const auto times = static_cast<std::size_t>(std::max<Int>(count, 0));
  if (const Markup* text = as_string(value)) {
    budget.bytes(times, text->text.size() + text->untrusted.size() * sizeof(ByteRange));
    Markup out;
    for (std::size_t i = 0; i < times && !text->text.empty(); ++i) append(out, *text);
    return make_string(std::move(out), budget);
  }
  const Sequence& list = *as_sequence(value);
  budget.bytes(times, list.items.size() * sizeof(Value));
  std::vector<Value> items;
  for (std::size_t i = 0; i < times && !list.items.empty(); ++i) {
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return make_sequence(list.kind, std::move(items), budget);
}

bool is_list_or_tuple(const Value& value) {
  const Sequence* list = as_sequence(value);
  return list != nullptr && list->kind <= Sequence::Kind::kTuple;
}

Value joined(const Value& left, const Value& right, Budget& budget) {
  const Markup *a = as_string(left), *b = as_string(right);
  if (a != nullptr && b != nullptr) {
    Markup out = *a;
    append(out, *b);
    return make_string(std::move(out), budget);
  }
  if (is_list_or_tuple(left) && is_list_or_tuple(right) && as_sequence(left)->kind == as_sequence(right)->kind) {
    std::vector<Value> items = as_sequence(left)->items;
    items.insert(items.end(), as_sequence(right)->items.begin(), as_sequence(right)->items.end());
    return make_sequence(as_sequence(left)->kind, std::move(items), budget);
  }
  unsupported("+", left, right);
}

bool repeatable(const Value& value) { return as_string(value) != nullptr || is_list_or_tuple(value); }

}  // namespace

Value arithmetic(const std::string& op, const Value& left, const Value& right, Budget& budget) {
  Int a = 0, b = 0;
  const bool whole_left = to_integer(left, a), whole_right = to_integer(right, b);
  if (whole_left && whole_right) return of_integers(op, a, b);
  double x = 0, y = 0;
  if (to_number(left, x) && to_number(right, y)) return of_numbers(op, x, y);
  if (op == "+") return joined(left, right, budget);
  if (op == "*" && repeatable(left) && whole_right) return repeated(left, b, budget);
  if (op == "*" && repeatable(right) && whole_left) return repeated(right, a, budget);
  if (op == "%" && as_string(left) != nullptr) return make_string(format_percent(*as_string(left), right, budget), budget);
  unsupported(op, left, right);
}

Value negated(const Value& value) {
  Int whole = 0;
  if (to_integer(value, whole)) return whole == INT64_MIN ? (overflow(), whole) : -whole;
  if (const double* number = std::get_if<double>(&value)) return -*number;
  if (const auto* missing = std::get_if<Undefined>(&value)) fail_undefined(*missing);
  fail("bad operand type for unary -: '" + type_name(value) + "'");
}

Value plus(const Value& value) {
  Int whole = 0;
  if (to_integer(value, whole)) return whole;
  if (is<double>(value)) return value;
  if (const auto* missing = std::get_if<Undefined>(&value)) fail_undefined(*missing);
  fail("bad operand type for unary +: '" + type_name(value) + "'");
}

}  // namespace autodidact::jinja
