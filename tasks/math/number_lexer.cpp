#include "tasks/math/number_lexer.hpp"

#include <array>
#include <charconv>

#include "tasks/math/work.hpp"

namespace autodidact::math {
namespace {

constexpr bool digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && digit(text[at + count])) ++count;
  return count;
}

class Scanner {
 public:
  Scanner(std::string_view text, const NumberOptions& options) : text_(text), options_(options) {}

  ScannedNumber run() {
    take(digits_at(text_, 0));
    groups();
    fraction();
    exponent();
    out_.length = at_;
    return std::move(out_);
  }

 private:
  bool ahead(std::string_view expected) const { return text_.substr(at_).starts_with(expected); }
  void take(std::size_t count) {
    out_.text += text_.substr(at_, count);
    at_ += count;
  }

  // Length of the thousands separator ahead; 0 when there is none.
  std::size_t separator() const {
    for (const std::string_view mark : {"{,}", "\\,", "\\!", ",\\!", "\\ "}) {
      if (ahead(mark)) return mark.size();
    }
    if (options_.thousands && !options_.decimal_comma && ahead(",")) return 1;
    return options_.spaced_groups && options_.thousands && ahead(" ") ? 1 : 0;
  }

  void groups() {
    if (at_ == 0 || at_ > 3) return;
    while (const std::size_t length = separator()) {
      if (digits_at(text_, at_ + length) != 3) return;
      out_.thousands_comma = out_.thousands_comma || text_[at_] == ',';
      at_ += length;
      take(3);
    }
  }

  std::size_t point() const {
    if (ahead(".")) return 1;
    if (ahead("{,}")) return 3;
    return options_.decimal_comma && ahead(",") ? 1 : 0;
  }

  void fraction() {
    const std::size_t length = point();
    if (length == 0) return;
    const std::size_t count = digits_at(text_, at_ + length);
    const std::string_view rest = text_.substr(at_ + length + count);
    if (count == 0 && repeated(rest) == 0) return;
    if (out_.text.empty()) out_.text = "0";
    out_.text += '.';
    at_ += length;
    take(count);
    repeating();
  }

  // Length of "\overline{6}", "\bar{6}", "\dot{6}" or "(6)" at the start of `rest`; 0 when it is none.
  static std::size_t repeated(std::string_view rest) {
    for (const std::string_view mark : {"\\overline{", "\\bar{", "\\dot{", "("}) {
      if (!rest.starts_with(mark)) continue;
      const std::size_t count = digits_at(rest, mark.size());
      const std::size_t end = mark.size() + count;
      if (count > 0 && end < rest.size() && rest[end] == (mark == "(" ? ')' : '}')) return end + 1;
    }
    return 0;
  }

  void repeating() {
    const std::string_view rest = text_.substr(at_);
    if (const std::size_t length = repeated(rest)) {
      const std::size_t first = rest.find_first_of("0123456789");
      out_.text += '(' + std::string(rest.substr(first, digits_at(rest, first))) + ')';
      at_ += length;
      return;
    }
    for (const std::string_view dots : {"...", "\\ldots", "\\dots", "\\cdots"}) {
      if (ahead(dots) && thrice()) {
        out_.text += '(' + std::string(1, out_.text.back()) + ')';
        at_ += dots.size();
        return;
      }
    }
  }

  // Three equal digits before the dots say what repeats.
  bool thrice() const {
    const std::size_t n = out_.text.size();
    return n > 3 && out_.text[n - 1] == out_.text[n - 2] && out_.text[n - 2] == out_.text[n - 3];
  }

  void exponent() {
    if (!ahead("e") && !ahead("E")) return;
    const std::size_t sign = at_ + 1 < text_.size() && (text_[at_ + 1] == '-' || text_[at_ + 1] == '+') ? 1 : 0;
    const std::size_t count = digits_at(text_, at_ + 1 + sign);
    if (count == 0) return;
    out_.text += sign == 1 && text_[at_ + 1] == '-' ? "e-" : "e";
    at_ += 1 + sign;
    take(count);
  }

  std::string_view text_;
  NumberOptions options_;
  std::size_t at_ = 0;
  ScannedNumber out_;
};

Integer integer(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? Integer(0) : Integer(std::string(digits.substr(first)));
}
Integer ten_to(std::size_t n) { return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(n)); }

}  // namespace

bool starts_number(std::string_view text, std::size_t at) {
  return digit(text[at]) ||
         (text[at] == '.' && at + 1 < text.size() && digit(text[at + 1]) && (at == 0 || text[at - 1] != '.'));
}

ScannedNumber scan_number(std::string_view text, const NumberOptions& options) { return Scanner(text, options).run(); }

std::optional<Expr> read_number(std::string_view text) {
  int exponent = 0;
  if (const std::size_t e = text.find('e'); e != std::string_view::npos) {
    const auto [end, error] = std::from_chars(text.data() + e + 1, text.data() + text.size(), exponent);
    if (error != std::errc() || exponent > static_cast<int>(kMaxDigits) || -exponent > static_cast<int>(kMaxDigits)) return {};
    text = text.substr(0, e);
  }
  const std::size_t open = text.find('(');
  const std::string_view repeat = open == std::string_view::npos ? "" : text.substr(open + 1, text.size() - open - 2);
  text = text.substr(0, open);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? "" : text.substr(point + 1);

  Expr e = make_number(Rational(integer(std::string(whole) + std::string(part)), ten_to(part.size())));
  if (!repeat.empty()) e.number += Rational(integer(repeat), ten_to(part.size()) * (ten_to(repeat.size()) - 1));
  if (exponent > 0) e.number *= Rational(ten_to(static_cast<std::size_t>(exponent)));
  if (exponent < 0) e.number /= Rational(ten_to(static_cast<std::size_t>(-exponent)));
  if (point != std::string_view::npos && repeat.empty()) {
    e.decimals = static_cast<int>(part.size()) - exponent;
    const std::string digits = std::string(whole) + std::string(part);
    const std::size_t first = digits.find_first_not_of('0');
    e.digits = first == std::string::npos ? 0 : static_cast<int>(digits.size() - first);
  }
  return e;
}

}  // namespace autodidact::math
