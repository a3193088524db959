#include "model/chat/jinja/lexer.hpp"

#include <algorithm>
#include <charconv>

#include "model/chat/jinja/string_literal.hpp"
#include "model/chat/jinja/text.hpp"

namespace autodidact::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Newlines are all \n, and one at the end goes.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalized(source)), rest_(source_) {}

  std::vector<Token> run() {
    while (!rest_.empty()) {
      const std::size_t tag = find_tag();
      if (tag == std::string_view::npos) {
        put_text(rest_);
        skip(rest_.size());
        break;
      }
      lex_tag(tag);
    }
    add(Token::Kind::kEnd);
    return std::move(tokens_);
  }

 private:
  using Kind = Token::Kind;

  [[noreturn]] void error(std::string message) const { throw SyntaxError(line_, std::move(message)); }
  Token& add(Kind kind) {
    tokens_.push_back({});
    tokens_.back().kind = kind;
    tokens_.back().line = line_;
    return tokens_.back();
  }
  void skip(std::size_t bytes) {
    line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(bytes), '\n'));
    if (bytes > 0) line_starting_ = rest_[bytes - 1] == '\n';
    rest_.remove_prefix(bytes);
  }
  void skip_space() { skip(strip(rest_, nullptr, true, false).begin); }
  void put_text(std::string_view text) {
    if (!text.empty()) add(Kind::kText).text = text;
  }

  std::size_t find_tag() const {
    for (std::size_t at = rest_.find('{'); at != std::string_view::npos; at = rest_.find('{', at + 1)) {
      if (at + 1 < rest_.size() && (rest_[at + 1] == '{' || rest_[at + 1] == '%' || rest_[at + 1] == '#')) return at;
    }
    return std::string_view::npos;
  }

  // What of the text before a tag stays, by the sign behind the tag's beginning.
  std::string_view text_before(std::string_view text, char sign, bool print) const {
    if (sign == '-') return text.substr(0, strip(text, nullptr, false, true).end);
    if (sign == '+' || print) return text;
    const std::size_t line = text.rfind('\n') + 1;  // 0 where there is none
    if (line == 0 && !line_starting_) return text;
    const ByteRange left = strip(text.substr(line), nullptr, true, false);
    return left.begin == left.end ? text.substr(0, line) : text;
  }
  char sign_at(std::size_t at) const { return at < rest_.size() && (rest_[at] == '-' || rest_[at] == '+') ? rest_[at] : ' '; }

  void lex_tag(std::size_t at) {
    const char kind = rest_[at + 1], sign = sign_at(at + 2);
    put_text(text_before(rest_.substr(0, at), sign, kind == '{'));
    skip(at);
    if (kind == '%' && lex_raw()) return;
    const int begin = line_;
    skip(sign == ' ' ? 2 : 3);
    if (kind == '#') return lex_comment(begin);
    add(kind == '{' ? Kind::kPrintBegin : Kind::kTagBegin);
    lex_code(kind == '{' ? "}}" : "%}", begin);
  }

  // The sign before the end of a tag, which begins at `end`; then goes behind it.
  void close(std::size_t end, char sign, bool print) {
    skip(end + 2);
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && !print && rest_.starts_with('\n')) {
      skip(1);
    }
  }

  void lex_comment(int begin) {
    const std::size_t end = rest_.find("#}");
    if (end == std::string_view::npos) throw SyntaxError(begin, "a comment {# has no end #}");
    close(end, end > 0 ? sign_at(end - 1) : ' ', false);
  }

  // Whether rest_.substr(at) is "{%", a sign, `name`, a sign, "%}"; where that ends, and its signs.
  struct Marker {
    std::size_t end = 0, close = 0;
    char before = ' ', after = ' ';
  };
  bool marker_at(std::size_t at, std::string_view name, Marker& out) const {
    out.before = sign_at(at + 2);
    std::size_t i = at + (out.before == ' ' ? 2 : 3);
    const auto space = [&] { i += strip(rest_.substr(std::min(i, rest_.size())), nullptr, true, false).begin; };
    space();
    if (!rest_.substr(std::min(i, rest_.size())).starts_with(name)) return false;
    i += name.size();
    space();
    out.after = sign_at(i);
    if (out.after != ' ') ++i;
    out.close = i;
    return rest_.substr(std::min(i, rest_.size())).starts_with("%}");
  }

  // {% raw %} to {% endraw %}, as text.
  bool lex_raw() {
    Marker begin, end;
    if (!marker_at(0, "raw", begin) || begin.after == '+') return false;
    const int line = line_;
    close(begin.close, begin.after == '-' ? '-' : '+', false);  // the newline behind it stays
    for (std::size_t at = rest_.find("{%"); at != std::string_view::npos; at = rest_.find("{%", at + 1)) {
      if (!marker_at(at, "endraw", end)) continue;
      put_text(text_before(rest_.substr(0, at), end.before, false));
      close(end.close, end.after, false);
      return true;
    }
    throw SyntaxError(line, "{% raw %} has no {% endraw %}");
  }

  void lex_code(std::string_view end, int begin) {
    const bool print = end == "}}";
    std::string open;  // brackets not yet closed
    for (;;) {
      if (rest_.empty()) throw SyntaxError(begin, std::string("a tag has no end ") + std::string(end));
      const char sign = sign_at(0);
      const bool signed_end = (sign == '-' || (sign == '+' && !print)) && rest_.substr(1).starts_with(end);
      if (open.empty() && (signed_end || rest_.starts_with(end))) {
        add(print ? Kind::kPrintEnd : Kind::kTagEnd);
        return close(signed_end ? 1 : 0, signed_end ? sign : ' ', print);
      }
      const std::size_t space = strip(rest_.substr(0, 64), nullptr, true, false).begin;
      if (space > 0) {
        skip(space);
      } else {
        lex_token(open);
      }
    }
  }

  void lex_token(std::string& open) {
    const char c = rest_[0];
    if (is_digit(c)) return lex_number();
    if (c == '"' || c == '\'') return lex_string(c);
    if (is_word(c)) {
      const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
      const auto length = static_cast<std::size_t>(end - rest_.begin());
      add(Kind::kName).text = rest_.substr(0, length);
      return skip(length);
    }
    lex_operator(open);
  }

  void lex_string(char quote) {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != quote) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) error("a string has no end");
    std::string text, problem;
    if (!unescape(rest_.substr(1, end - 1), text, problem)) error(problem);
    add(Kind::kString).text = std::move(text);
    skip(end + 1);
  }

  // Digits with single underscores between them, from `at` on; where they end.
  template <class Test>
  std::size_t digits(std::size_t at, Test test) const {
    while (at < rest_.size() && (test(rest_[at]) || (rest_[at] == '_' && at + 1 < rest_.size() && test(rest_[at + 1])))) ++at;
    return at;
  }
  std::size_t exponent(std::size_t at) const {
    if (at >= rest_.size() || (rest_[at] != 'e' && rest_[at] != 'E')) return at;
    const std::size_t first = at + (sign_at(at + 1) == ' ' ? 1 : 2);
    return first < rest_.size() && is_digit(rest_[first]) ? digits(first, is_digit) : at;
  }

  void lex_number() {
    const bool after_dot = !tokens_.empty() && tokens_.back().kind == Kind::kOperator && tokens_.back().text == "." &&
                           source_[source_.size() - rest_.size() - 1] == '.';
    const std::size_t whole = digits(0, is_digit);
    std::size_t end = whole;
    if (end + 1 < rest_.size() && rest_[end] == '.' && is_digit(rest_[end + 1])) end = digits(end + 1, is_digit);
    end = exponent(end);
    if (end > whole && !after_dot) {
      Token& token = add(Kind::kFloat);
      const std::string text = without_underscores(rest_.substr(0, end));
      if (std::from_chars(text.data(), text.data() + text.size(), token.number).ec != std::errc()) error("number out of range");
      return skip(end);
    }
    lex_integer(whole);
  }

  void lex_integer(std::size_t end) {
    int base = 10;
    std::size_t first = 0;
    const char kind = rest_.size() > 1 && rest_[0] == '0' ? static_cast<char>(rest_[1] | 0x20) : ' ';
    const int other = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
    const auto digit = [&](char c) {
      const char low = static_cast<char>(c | 0x20);
      return is_digit(c) ? c - '0' < other : other == 16 && low >= 'a' && low <= 'f';
    };
    if (const std::size_t stop = other == 10 ? 2 : digits(2, digit); stop > 2) {
      base = other;
      first = 2;
      end = stop;
    } else if (rest_[0] == '0') {
      end = digits(0, [](char c) { return c == '0'; });
    }
    const std::string text = without_underscores(rest_.substr(first, end - first));
    Token& token = add(Kind::kInteger);
    if (std::from_chars(text.data(), text.data() + text.size(), token.integer, base).ec != std::errc()) {
      error("whole numbers beyond 64 bits are not supported");
    }
    skip(end);
  }
  static std::string without_underscores(std::string_view text) {
    std::string out(text);
    std::erase(out, '_');
    return out;
  }

  void lex_operator(std::string& open) {
    static constexpr std::string_view kTwo[] = {"//", "**", "==", "!=", ">=", "<="};
    std::size_t length = 1;
    for (const std::string_view two : kTwo) {
      if (rest_.starts_with(two)) length = 2;
    }
    const char c = rest_[0];
    if (length == 1 && std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) {
      error("unexpected character '" + std::string(rest_.substr(0, first_character(rest_).bytes)) + "'");
    }
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) error(std::string("unexpected '") + c + "'");
      open.pop_back();
    }
    add(Kind::kOperator).text = rest_.substr(0, length);
    skip(length);
  }

  const std::string source_;
  std::string_view rest_;
  int line_ = 1;
  bool line_starting_ = true;  // what came before ended with a newline
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace autodidact::jinja
