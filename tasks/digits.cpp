#include "tasks/digits.hpp"

#include <algorithm>

namespace autodidact {

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_leading_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string_view::npos) return digits.substr(0, digits.empty() ? 0 : 1);
  return digits.substr(first);
}

Column add_column(const Sum& sum, std::size_t place, int carry_in) {
  const std::size_t at = sum.a.size() - 1 - place;
  Column column{sum.a[at] - '0', sum.b[at] - '0', carry_in, 0, 0};
  const int total = column.a + column.b + carry_in;
  column.digit = total % 10;
  column.carry_out = total / 10;
  return column;
}

std::string add(const Sum& sum) {
  std::string result(sum.a.size() + 1, '0');
  int carry = 0;
  for (std::size_t place = 0; place < sum.a.size(); ++place) {
    const Column column = add_column(sum, place, carry);
    result[result.size() - 1 - place] = static_cast<char>('0' + column.digit);
    carry = column.carry_out;
  }
  result[0] = static_cast<char>('0' + carry);
  return std::string(without_leading_zeros(result));
}

}  // namespace autodidact
