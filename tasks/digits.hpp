#pragma once
// Non-negative integers as decimal strings, so that a sum may have any number of digits. Pure functions; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace autodidact {

// Operands of more digits than this are refused where they come in: the paper's scratchpad grows with the square of the
// length and is 2 MB here.
constexpr std::size_t kMaxDigits = 1000;

// The operands of a sum: the same number of digits (at least one), zero-padded on the left when they were given unequal.
struct Sum {
  std::string a, b;
  friend bool operator==(const Sum&, const Sum&) = default;
};

// True when `text` is one or more of 0-9 and nothing else.
bool is_digits(std::string_view text);

// "0079" -> "79", "000" -> "0".
std::string_view without_leading_zeros(std::string_view digits);

// a + b without leading zeros.
std::string add(const Sum& sum);

// One column of the school method, least significant first.
struct Column {
  int a = 0, b = 0;  // the digits
  int carry_in = 0;
  int digit = 0;  // of the result
  int carry_out = 0;
};

// The column at `place` (0 = units) after `carry_in`.
Column add_column(const Sum& sum, std::size_t place, int carry_in);

}  // namespace autodidact
