// What Unicode says of characters, as Python's str methods ask it. One character maps to one: the few that grow when their
// case changes (the German sharp s) stay as they are.

#include <utf8proc.h>

#include <utility>

#include "model/bpe/utf8.hpp"
#include "model/chat/jinja/text.hpp"

namespace autodidact::jinja {
namespace {

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }
char32_t upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); }
char32_t lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }
char32_t title(char32_t c) { return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))); }

bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT; }
bool is_alpha(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_LO; }
bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_numeric(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_ND && category(c) <= UTF8PROC_CATEGORY_NO; }

template <class Visit>
void for_each(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = first_character(text.substr(at));
    visit(c.code);
    at += c.bytes;
  }
}

template <class Map>
std::string mapped(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for_each(text, [&](char32_t c) { append_utf8(out, map(c)); });
  return out;
}

template <class Test>
bool all(std::string_view text, Test test) {
  bool good = !text.empty();
  for_each(text, [&](char32_t c) { good = good && test(c); });
  return good;
}

// Some character is cased, and none is cased otherwise.
template <class Test>
bool all_cased(std::string_view text, Test test) {
  bool good = true, any = false;
  for_each(text, [&](char32_t c) {
    if (!is_cased(c)) return;
    any = true;
    good = good && test(c);
  });
  return good && any;
}

bool is_identifier(std::string_view text) {
  return !(text.empty() || (text[0] >= '0' && text[0] <= '9')) &&
         all(text, [](char32_t c) { return c == '_' || is_alpha(c) || is_decimal(c); });
}

}  // namespace

bool is_space(char32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_line_break(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  const auto kind = category(c);
  return kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS;
}

std::string to_upper(std::string_view text) { return mapped(text, upper); }
std::string to_lower(std::string_view text) { return mapped(text, lower); }

std::string to_title(std::string_view text) {
  bool inside = false;
  return mapped(text, [&](char32_t c) {
    const char32_t out = inside ? lower(c) : title(c);
    inside = is_cased(c);
    return out;
  });
}

std::string to_capitalized(std::string_view text) {
  bool first = true;
  return mapped(text, [&](char32_t c) { return std::exchange(first, false) ? title(c) : lower(c); });
}

std::string swap_case(std::string_view text) {
  return mapped(text, [](char32_t c) { return is_upper(c) ? lower(c) : upper(c); });
}

bool has_property(std::string_view text, std::string_view property) {
  if (property == "space") return all(text, is_space);
  if (property == "alpha") return all(text, is_alpha);
  if (property == "alnum") return all(text, [](char32_t c) { return is_alpha(c) || is_numeric(c); });
  if (property == "digit" || property == "decimal") return all(text, is_decimal);
  if (property == "numeric") return all(text, is_numeric);
  if (property == "upper") return all_cased(text, is_upper);
  if (property == "lower") return all_cased(text, is_lower);
  if (property == "title") return all_cased(text, [](char32_t) { return true; }) && to_title(text) == text;
  if (property == "ascii") return text.empty() || all(text, [](char32_t c) { return c < 0x80; });
  if (property == "identifier") return is_identifier(text);
  return false;
}

}  // namespace autodidact::jinja
