#include "tasks/math/characters.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace autodidact::math {
namespace {

struct Spelling {
  char32_t character;
  const char* latex;
};
// Sorted by character.
constexpr auto kSpellings = std::to_array<Spelling>({
    {0x00A2, "\\text{ cents}"},
    {0x00A3, " "},
    {0x00A5, " "},
    {0x00B0, "^\\circ "},
    {0x00B1, "\\pm "},
    {0x00B7, "\\cdot "},
    {0x00BC, "\\frac{1}{4}"},
    {0x00BD, "\\frac{1}{2}"},
    {0x00BE, "\\frac{3}{4}"},
    {0x00D7, "\\times "},
    {0x00F7, "\\div "},
    {0x0391, "A"},
    {0x0393, "\\Gamma "},
    {0x0394, "\\Delta "},
    {0x03A3, "\\Sigma "},
    {0x03A9, "\\Omega "},
    {0x03B1, "\\alpha "},
    {0x03B2, "\\beta "},
    {0x03B3, "\\gamma "},
    {0x03B4, "\\delta "},
    {0x03B5, "\\epsilon "},
    {0x03B8, "\\theta "},
    {0x03BB, "\\lambda "},
    {0x03BC, "\\mu "},
    {0x03C0, "\\pi "},
    {0x03C1, "\\rho "},
    {0x03C3, "\\sigma "},
    {0x03C4, "\\tau "},
    {0x03C6, "\\phi "},
    {0x03C9, "\\omega "},
    {0x2010, "-"},
    {0x2011, "-"},
    {0x2012, "-"},
    {0x2013, "-"},
    {0x2014, "-"},
    {0x2015, "-"},
    {0x2018, "'"},
    {0x2019, "'"},
    {0x201C, " "},
    {0x201D, " "},
    {0x2026, "\\ldots "},
    {0x2032, "'"},
    {0x2044, "/"},
    {0x20AC, " "},
    {0x2102, "\\mathbb{C}"},
    {0x2115, "\\mathbb{N}"},
    {0x211D, "\\mathbb{R}"},
    {0x2124, "\\mathbb{Z}"},
    {0x2153, "\\frac{1}{3}"},
    {0x2154, "\\frac{2}{3}"},
    {0x215B, "\\frac{1}{8}"},
    {0x2205, "\\emptyset "},
    {0x2208, "\\in "},
    {0x2212, "-"},
    {0x2213, "\\mp "},
    {0x2215, "/"},
    {0x2216, "\\setminus "},
    {0x2217, "*"},
    {0x2219, "\\cdot "},
    {0x221A, "\\sqrt "},
    {0x221B, "\\sqrt[3]"},
    {0x221E, "\\infty "},
    {0x2227, "\\text{ and }"},
    {0x2228, "\\text{ or }"},
    {0x2229, "\\cap "},
    {0x222A, "\\cup "},
    {0x2236, ":"},
    {0x2248, "\\approx "},
    {0x2260, "\\neq "},
    {0x2261, "="},
    {0x2264, "\\leq "},
    {0x2265, "\\geq "},
    {0x22C5, "\\cdot "},
    {0x27E8, "\\langle "},
    {0x27E9, "\\rangle "},
    {0x2A7D, "\\leq "},
    {0x2A7E, "\\geq "},
    {0x3001, ","},
    {0x3002, "."},
});

// The digit, sign or letter that a superscript or subscript stands for; 0 when it is none.
char raised(char32_t c) {
  switch (c) {
    case 0x00B9: return '1';
    case 0x00B2: return '2';
    case 0x00B3: return '3';
    case 0x207A: return '+';
    case 0x207B: return '-';
    case 0x207F: return 'n';
    default: return c == 0x2070 || (c >= 0x2074 && c <= 0x2079) ? static_cast<char>('0' + (c - 0x2070)) : '\0';
  }
}
char lowered(char32_t c) { return c >= 0x2080 && c <= 0x2089 ? static_cast<char>('0' + (c - 0x2080)) : '\0'; }

bool is_space(char32_t c) { return c == 0x00A0 || (c >= 0x2000 && c <= 0x200D) || c == 0x202F || c == 0x205F || c == 0x3000; }

// Runs of superscripts become one exponent.
class Writer {
 public:
  void put(char32_t c, std::string_view bytes) {
    if (const char up = raised(c)) return script('^', up);
    if (const char down = lowered(c)) return script('_', down);
    close();
    if (c >= 0xFF01 && c <= 0xFF5E) {  // full width
      out_ += static_cast<char>(c - 0xFEE0);
    } else if (is_space(c)) {
      out_ += ' ';
    } else if (const auto* found = std::lower_bound(kSpellings.begin(), kSpellings.end(), c,
                                                    [](const Spelling& s, char32_t x) { return s.character < x; });
               found != kSpellings.end() && found->character == c) {
      out_ += found->latex;
    } else {
      out_ += bytes;
    }
  }
  std::string take() {
    close();
    return std::move(out_);
  }

 private:
  void script(char mark, char c) {
    if (open_ != mark) {
      close();
      out_ += mark;
      out_ += '{';
      open_ = mark;
    }
    out_ += c;
  }
  void close() {
    if (open_ != '\0') out_ += '}';
    open_ = '\0';
  }
  std::string out_;
  char open_ = '\0';
};

// "text" of "\text{…}"; leaves `at` behind it.
std::string_view command_at(std::string_view latex, std::size_t& at) {
  const std::size_t start = ++at;
  while (at < latex.size() && std::isalpha(static_cast<unsigned char>(latex[at]))) ++at;
  if (at == start && at < latex.size()) ++at;
  return latex.substr(start, at - start);
}

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || static_cast<signed char>(c) < 0; }

// Says something in words, unlike \text or \left.
bool is_spoken(std::string_view command) {
  return !command.starts_with("text") && !command.starts_with("math") && command != "mbox" && command != "left" &&
         command != "right" && command != "operatorname" && std::isalpha(static_cast<unsigned char>(command.front()));
}

}  // namespace

std::optional<std::string> to_latex(std::string_view text) {
  Writer out;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t c = -1;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
    const auto length = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    if (length <= 0) return std::nullopt;
    if (c < 0x20 && c != '\n' && c != '\t' && c != '\r') return std::nullopt;
    out.put(static_cast<char32_t>(c), text.substr(at, static_cast<std::size_t>(length)));
    at += static_cast<std::size_t>(length);
  }
  return out.take();
}

std::string words_of(std::string_view latex) {
  std::string out;
  bool gap = false;
  const auto put = [&](char c) {
    if (gap && !out.empty()) out += ' ';
    gap = false;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  for (std::size_t at = 0; at < latex.size();) {
    if (latex[at] == '\\') {
      const std::string_view command = command_at(latex, at);
      if (command.empty() || !is_spoken(command)) continue;
      gap = true;
      for (const char c : command) put(c);
      gap = true;
      continue;
    }
    const char c = latex[at++];
    const bool sign = (c == '-' || c == '.') && at < latex.size() && std::isdigit(static_cast<unsigned char>(latex[at]));
    if (c == '\'' || c == '{' || c == '}') continue;
    if (is_word_char(c) || sign || std::string_view("+=<>/^").find(c) != std::string_view::npos) {
      put(c);
    } else {
      gap = true;
    }
  }
  for (const std::string_view article : {"the ", "a ", "an "}) {
    if (out.starts_with(article) && out.size() > article.size()) return out.substr(article.size());
  }
  return out;
}

std::string plain_form(std::string_view latex) {
  std::string out;
  bool gap = false;  // kept between digits: "5 5" is not 55
  const auto put = [&](std::string_view part) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (gap && !out.empty() && digit(out.back()) && digit(part.front())) out += ' ';
    gap = false;
    out += part;
  };
  for (std::size_t at = 0; at < latex.size();) {
    const std::size_t start = at;
    if (latex[at] == '\\') {
      const std::string_view command = command_at(latex, at);
      if (command == "left" || command == "right" || command == "," || command == "!" || command == " " || command == ";") {
        gap = true;
      } else {
        put(command == "dfrac" || command == "tfrac" ? std::string_view("\\frac") : latex.substr(start, at - start));
      }
    } else if (const char c = latex[at++]; std::isspace(static_cast<unsigned char>(c)) || c == '$' || c == '~') {
      gap = true;
    } else {
      put(latex.substr(start, 1));
    }
  }
  while (out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace autodidact::math
