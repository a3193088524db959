#include "model/chat/jinja/number_text.hpp"

#include <charconv>
#include <cstdio>
#include <limits>
#include <string>

#include "model/chat/jinja/text.hpp"

namespace autodidact::jinja {
namespace {

// Without the white space around it, and single underscores between digits; nothing where they stand elsewhere.
bool cleaned(std::string_view text, std::string& out) {
  const ByteRange range = strip(text, nullptr, true, true);
  text = text.substr(range.begin, range.end - range.begin);
  const auto alnum = [&](std::size_t i) {
    return i < text.size() && ((text[i] >= '0' && text[i] <= '9') || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z'));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && (i == 0 || !alnum(i - 1) || !alnum(i + 1))) return false;
    if (text[i] != '_') out += text[i];
  }
  return !out.empty();
}

}  // namespace

bool parse_integer(std::string_view text, std::int64_t base, std::int64_t& out) {
  std::string digits;
  if (!cleaned(text, digits) || base < 2 || base > 36) return false;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.erase(0, 1);
  const char mark = digits.size() > 2 && digits[0] == '0' ? static_cast<char>(digits[1] | 0x20) : ' ';
  if ((base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b')) digits.erase(0, 2);
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return false;
  if (negative) digits.insert(0, "-");
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, static_cast<int>(base));
  return error == std::errc() && end == digits.data() + digits.size();
}

bool parse_float(std::string_view text, double& out) {
  std::string digits;
  if (!cleaned(text, digits)) return false;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.erase(0, 1);
  if (digits.empty() || digits[0] == '-' || digits.find('(') != std::string::npos) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {  // Python: inf or 0, by the sign of the exponent
    const bool small = digits.find("e-") != std::string::npos || digits.find("E-") != std::string::npos || digits[0] == '0';
    out = small ? 0 : std::numeric_limits<double>::infinity();
  }
  if (negative) out = -out;
  return true;
}

double round_to(double value, int digits) {
  char text[512];
  const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
  double out = value;
  if (length > 0 && static_cast<std::size_t>(length) < sizeof text) std::from_chars(text, text + length, out);
  return out;
}

}  // namespace autodidact::jinja
