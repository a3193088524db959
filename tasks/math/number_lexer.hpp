#pragma once
// Numbers as people write them: thousands separators, decimal comma, repeating decimals, scientific notation. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "tasks/math/expr.hpp"

namespace autodidact::math {

struct NumberOptions {
  bool thousands = true;       // a bare comma before three digits separates thousands
  bool decimal_comma = false;  // a bare comma before digits is a decimal point
  bool spaced_groups = false;  // "10 000"
};

struct ScannedNumber {
  std::string text;  // digits[.digits][(repeating)][e[-]digits]
  std::size_t length = 0;
  bool thousands_comma = false;
};

bool starts_number(std::string_view text, std::size_t at);
// `text` starts a number.
ScannedNumber scan_number(std::string_view text, const NumberOptions& options);

// The number that ScannedNumber::text says. nullopt when it would have too many bits.
std::optional<Expr> read_number(std::string_view text);

}  // namespace autodidact::math
