#include "tasks/countdown/expression.hpp"

#include <numeric>

namespace autodidact {
namespace {

using Value = std::optional<Fraction>;

constexpr std::size_t kMaxNumberDigits = 9;

Value lowest_terms(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0 || numerator == INT64_MIN || denominator == INT64_MIN) return std::nullopt;
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const std::int64_t divisor = std::gcd(numerator, denominator);
  return Fraction{numerator / divisor, denominator / divisor};
}

Value sum(const Fraction& a, const Fraction& b, bool minus) {
  std::int64_t left = 0, right = 0, numerator = 0, denominator = 0;
  if (__builtin_mul_overflow(a.numerator, b.denominator, &left)) return std::nullopt;
  if (__builtin_mul_overflow(b.numerator, a.denominator, &right)) return std::nullopt;
  if (minus ? __builtin_sub_overflow(left, right, &numerator) : __builtin_add_overflow(left, right, &numerator)) {
    return std::nullopt;
  }
  if (__builtin_mul_overflow(a.denominator, b.denominator, &denominator)) return std::nullopt;
  return lowest_terms(numerator, denominator);
}

Value product(const Fraction& a, const Fraction& b, bool divide) {
  std::int64_t numerator = 0, denominator = 0;
  if (__builtin_mul_overflow(a.numerator, divide ? b.denominator : b.numerator, &numerator)) return std::nullopt;
  if (__builtin_mul_overflow(a.denominator, divide ? b.numerator : b.denominator, &denominator)) return std::nullopt;
  return lowest_terms(numerator, denominator);
}

// Recursive descent; every call that may call itself again counts its depth.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Value whole() {
    const Value value = terms(0);
    skip_blanks();
    return rest_.empty() ? value : std::nullopt;
  }
  std::vector<std::int64_t> numbers;

 private:
  Value terms(int depth) {
    Value value = factors(depth);
    while (value && (next_is('+') || next_is('-'))) {
      const bool minus = take() == '-';
      const Value right = factors(depth);
      value = right ? sum(*value, *right, minus) : std::nullopt;
    }
    return value;
  }

  Value factors(int depth) {
    Value value = signed_number(depth);
    while (value && (next_is('*') || next_is('/'))) {
      const bool divide = take() == '/';
      const Value right = signed_number(depth);
      value = right ? product(*value, *right, divide) : std::nullopt;
    }
    return value;
  }

  Value signed_number(int depth) {
    if (depth >= kMaxExpressionDepth) return std::nullopt;
    if (next_is('-') || next_is('+')) {
      const bool minus = take() == '-';
      const Value value = signed_number(depth + 1);
      return value ? sum({0, 1}, *value, minus) : std::nullopt;
    }
    if (next_is('(')) {
      take();
      const Value value = terms(depth + 1);
      if (!value || !next_is(')')) return std::nullopt;
      take();
      return value;
    }
    return number();
  }

  Value number() {
    skip_blanks();
    std::size_t digits = 0;
    std::int64_t value = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      if (digits == kMaxNumberDigits) return std::nullopt;
      value = 10 * value + (rest_[digits++] - '0');
    }
    if (digits == 0) return std::nullopt;
    rest_.remove_prefix(digits);
    numbers.push_back(value);
    return Fraction{value, 1};
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  bool next_is(char c) {
    skip_blanks();
    return !rest_.empty() && rest_[0] == c;
  }
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Expression> evaluate_expression(std::string_view text) {
  if (text.size() > kMaxExpressionBytes) return std::nullopt;
  Parser parser(text);
  const Value value = parser.whole();
  if (!value) return std::nullopt;
  return Expression{*value, std::move(parser.numbers)};
}

}  // namespace autodidact
