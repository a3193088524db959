#include "tasks/math/special_forms.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace autodidact::math {
namespace {

constexpr std::size_t kLongest = 64;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool ascii_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Without \text and its like, braces, $ and LaTeX's spaces.
std::string bare(std::string_view latex) {
  std::string out;
  for (std::size_t i = 0; i < latex.size(); ++i) {
    const char c = latex[i];
    if (c == '\\') {
      std::size_t end = i + 1;
      while (end < latex.size() && ascii_alpha(latex[end])) ++end;
      if (end == i + 1) {
        ++i;
        out += ' ';
      } else {
        i = end - 1;
      }
    } else if (c == '{' || c == '}' || c == '$' || std::isspace(static_cast<unsigned char>(c)) || c == '~') {
      if (!out.empty() && out.back() != ' ' && c != '{' && c != '}') out += ' ';
    } else {
      out += c;
    }
  }
  while (out.ends_with(' ') || out.ends_with('.')) out.pop_back();
  out.erase(0, std::min(out.find_first_not_of(' '), out.size()));
  return out;
}

// Reads fields off a short text.
class Fields {
 public:
  explicit Fields(std::string text) : text_(std::move(text)) {
    for (char& c : text_) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // A number of up to `longest` digits; -1 when there is none or it is longer.
  int number(std::size_t longest) {
    std::size_t count = 0;
    int value = 0;
    for (; at_ + count < text_.size() && digit(text_[at_ + count]); ++count) {
      if (count >= longest) return -1;
      value = 10 * value + (text_[at_ + count] - '0');
    }
    at_ += count;
    length_ = count;
    return count == 0 ? -1 : value;
  }
  std::size_t length() const { return length_; }  // of the last number
  std::string word() {
    std::string out;
    while (at_ < text_.size() && (ascii_alpha(text_[at_]) || (text_[at_] == '.' && !out.empty()))) {
      if (text_[at_] != '.') out += text_[at_];
      ++at_;
    }
    return out;
  }
  bool done() const { return at_ == text_.size(); }

 private:
  std::string text_;
  std::size_t at_ = 0;
  std::size_t length_ = 0;
};

std::optional<Expr> time_of_day(const std::string& text) {
  Fields fields(text);
  int hour = fields.number(2), minute = 0, second = 0;
  bool colon = false;
  if (hour < 0 || hour > 24) return std::nullopt;
  if (fields.take(':')) {
    colon = true;
    minute = fields.number(2);
    if (minute < 0 || minute > 59 || fields.length() != 2) return std::nullopt;
    if (fields.take(':')) second = fields.number(2);
    if (second < 0 || second > 59) return std::nullopt;
  }
  fields.spaces();
  std::string half = fields.word();
  if (half == "noon") half = "pm";
  if (!fields.done() || (half.empty() ? !colon : half != "am" && half != "pm")) return std::nullopt;
  if (!half.empty() && (hour > 12 || hour == 0)) return std::nullopt;
  if (!half.empty()) hour = hour % 12 + (half == "pm" ? 12 : 0);
  if (half.empty() && hour > 12) half = "pm";
  Expr e = make(Kind::kTime, {}, half);
  e.number = hour * 3600 + minute * 60 + second;
  return e;
}

int month_of(const std::string& word) {
  constexpr auto kMonths = std::to_array<std::string_view>({"january", "february", "march", "april", "may", "june", "july",
                                                            "august", "september", "october", "november", "december"});
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (word == kMonths[i] || (word.size() == 3 && kMonths[i].starts_with(word))) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<Expr> date_of(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || day > 31 || year < 0) return std::nullopt;
  Expr e = make(Kind::kDate);
  e.number = year * 10000 + month * 100 + day;
  return e;
}

std::optional<Expr> iso_date(const std::string& text) {
  Fields fields(text);
  const int year = fields.number(4);
  if (year < 0 || fields.length() != 4 || !fields.take('-')) return std::nullopt;
  const int month = fields.number(2);
  if (fields.length() != 2 || !fields.take('-')) return std::nullopt;
  const int day = fields.number(2);
  return fields.done() ? date_of(year, month, day) : std::nullopt;
}

// "March 5, 2020", "5 March 2020", "March 5th"
std::optional<Expr> spoken_date(const std::string& text) {
  Fields fields(text);
  int day = fields.number(2);
  const bool day_first = day > 0;
  if (day_first) fields.word();  // st, nd, rd, th
  fields.spaces();
  const int month = month_of(fields.word());
  if (month == 0) return std::nullopt;
  fields.spaces();
  if (!day_first) {
    day = fields.number(2);
    fields.word();
  }
  fields.take(',');
  fields.spaces();
  const int year = fields.done() ? 0 : fields.number(4);
  return fields.done() ? date_of(year, month, day) : std::nullopt;
}

std::optional<Expr> ratio_of(const std::string& text) {
  Fields fields(text);
  Expr e = make(Kind::kRatio);
  do {
    fields.spaces();
    const int value = fields.number(9);
    if (value < 0) return std::nullopt;
    e.args.push_back(make_number(value));
    fields.spaces();
  } while (fields.take(':'));
  return fields.done() && e.args.size() > 1 ? std::optional(std::move(e)) : std::nullopt;
}

// "1A_16": at least one letter, or the parser can read it.
std::optional<Expr> lettered_number(const std::string& text) {
  const std::size_t bar = text.find('_');
  if (bar == std::string::npos || bar == 0 || text.find_first_of("ABCDEFabcdef") >= bar) return std::nullopt;
  Fields fields(text.substr(bar + 1));
  const int base = fields.number(2);
  if (base < 2 || base > 36 || !fields.done()) return std::nullopt;
  Expr e = make(Kind::kBased);
  e.number = base;
  Integer value = 0;
  for (const char c : text.substr(0, bar)) {
    const int place = digit(c) ? c - '0' : ascii_alpha(c) ? std::tolower(c) - 'a' + 10 : 99;
    if (place >= base) return std::nullopt;
    value = value * base + place;
    e.name += static_cast<char>(std::toupper(c));
  }
  e.args.push_back(make_number(Rational(value)));
  return e;
}

}  // namespace

char choice_letter(std::string_view latex, bool leading) {
  std::string text = bare(latex.substr(0, std::min(latex.size(), 4 * kLongest)));
  for (const std::string_view word : {"option ", "Option ", "choice ", "Choice ", "answer ", "Answer "}) {
    if (text.starts_with(word)) text.erase(0, word.size());
  }
  const bool open = text.starts_with('(');
  if (open) text.erase(0, 1);
  if (text.empty() || !ascii_alpha(text[0])) return '\0';
  const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  const bool closed = text.size() > 1 && text[1] == ')';
  if (letter > 'J' || (open && !closed) || (std::islower(static_cast<unsigned char>(text[0])) && !open)) return '\0';
  const std::size_t end = closed ? 2 : 1;
  if (text.size() == end) return letter;
  if (!leading) return '\0';
  return closed || text[1] == '.' || text[1] == ':' ? letter : '\0';
}

std::optional<Expr> special_form(std::string_view latex) {
  if (latex.size() > kLongest) return std::nullopt;
  const std::string text = bare(latex);
  if (text.empty()) return std::nullopt;
  const bool colon = text.find(':') != std::string::npos;
  if (auto e = time_of_day(text)) return e;
  if (colon) return ratio_of(text);
  if (auto e = iso_date(text)) return e;
  if (auto e = spoken_date(text)) return e;
  return lettered_number(text);
}

Expr text_answer(std::string words) {
  constexpr auto kNothing = std::to_array<std::string_view>(
      {"no solution", "no solutions", "no real solution", "no real solutions", "none", "empty set", "no solution exists",
       "no solutions exist", "there is no solution", "there are no solutions", "emptyset"});
  constexpr auto kAll =
      std::to_array<std::string_view>({"all real numbers", "all reals", "real numbers", "all real", "set of all real numbers"});
  constexpr auto kUndefined =
      std::to_array<std::string_view>({"undefined", "does not exist", "dne", "doesnt exist", "not defined"});
  const auto among = [&words](const auto& set) { return std::find(set.begin(), set.end(), words) != set.end(); };
  if (among(kNothing)) return make(Kind::kSet);
  if (among(kAll)) return make(Kind::kReals);
  return make(Kind::kText, {}, among(kUndefined) ? "undefined" : std::move(words));
}

}  // namespace autodidact::math
