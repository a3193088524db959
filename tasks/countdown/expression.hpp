#pragma once
// An arithmetic expression somebody wrote, worked out exactly. Pure; any thread; bounded whatever the text is.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace autodidact {

constexpr std::size_t kMaxExpressionBytes = 256;
constexpr int kMaxExpressionDepth = 32;  // brackets and signs inside one another

struct Fraction {
  std::int64_t numerator = 0, denominator = 1;  // lowest terms, denominator > 0
  friend bool operator==(const Fraction&, const Fraction&) = default;
};

struct Expression {
  Fraction value;
  std::vector<std::int64_t> numbers;  // in the order of writing
};

// Whole numbers, + - * /, a sign, brackets and blanks, with the usual precedence. Nothing when the text is anything else,
// breaks a bound, divides by zero or leaves 64 bits.
std::optional<Expression> evaluate_expression(std::string_view text);

}  // namespace autodidact
