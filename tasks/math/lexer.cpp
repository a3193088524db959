#include "tasks/math/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "tasks/math/number_lexer.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {
namespace {

constexpr bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
constexpr bool ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <std::size_t N>
bool among(const std::array<std::string_view, N>& set, std::string_view word) {
  return std::find(set.begin(), set.end(), word) != set.end();
}

// Commands that only say how a thing looks.
constexpr auto kSilent = std::to_array<std::string_view>({
    "left",         "right",      "big",    "Big",        "bigg", "Bigg",  "bigl",    "bigr",
    "Bigl",         "Bigr",       "biggl",  "biggr",      "quad", "qquad", "space",   "boxed",
    "displaystyle", "textstyle",  "limits", "nolimits",   "fbox", "hline", "phantom", "thinspace",
    "negthinspace", "boldsymbol", "bm",     "ensuremath", "rm",   "bf",    "middle",
});
constexpr auto kUpright =
    std::to_array<std::string_view>({"text", "mbox", "textbf", "textit", "textrm", "textsf", "textnormal", "mathrm", "mathbf",
                                     "mathit", "mathsf", "mathcal", "operatorname", "hbox", "textup", "emph"});
constexpr auto kGreek = std::to_array<std::string_view>(
    {"alpha",  "beta",  "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta",  "iota", "kappa",
     "lambda", "mu",    "nu",    "xi",    "rho",     "sigma",      "tau",  "phi", "varphi", "chi",  "psi",
     "omega",  "Gamma", "Delta", "Theta", "Lambda",  "Sigma",      "Phi",  "Psi", "Omega",  "ell",  "pi"});
// Read as the command of the same name when `repair` is on; a malformed operator otherwise.
constexpr auto kBareOperators = std::to_array<std::string_view>(
    {"frac",   "dfrac", "tfrac", "sqrt", "sin",   "cos", "tan",   "cot",   "sec",  "csc",  "arcsin", "arccos",
     "arctan", "log",   "ln",    "exp",  "infty", "pi",  "theta", "alpha", "beta", "cdot", "times",  "binom"});
constexpr auto kSmallWords =
    std::to_array<std::string_view>({"no", "am", "pm", "to", "of", "in", "is", "it", "by", "if", "at"});

struct Renamed {
  std::string_view from, to;
};
constexpr auto kRelations = std::to_array<Renamed>({
    {"le", "l"},
    {"leq", "l"},
    {"leqslant", "l"},
    {"ge", "g"},
    {"geq", "g"},
    {"geqslant", "g"},
    {"lt", "<"},
    {"gt", ">"},
    {"ne", "!"},
    {"neq", "!"},
    {"approx", "~"},
    {"simeq", "~"},
    {"sim", "~"},
    {"in", "e"},
    {"equiv", "="},
    {"to", "="},
});
constexpr auto kSynonyms = std::to_array<Renamed>({
    {"dfrac", "frac"},
    {"tfrac", "frac"},
    {"cfrac", "frac"},
    {"dbinom", "binom"},
    {"tbinom", "binom"},
    {"varnothing", "emptyset"},
    {"lbrack", "["},
    {"rbrack", "]"},
    {"backslash", "setminus"},
    {"bigcup", "cup"},
    {"lvert", "|"},
    {"rvert", "|"},
    {"vert", "|"},
    {"mid", "|"},
    {"Vert", "|"},
    {"times", "*"},
    {"cdot", "*"},
    {"ast", "*"},
    {"div", "/"},
    {"colon", ":"},
    {"lbrace", "\\{"},
    {"rbrace", "\\}"},
    {"degree", "circ"},
    {"dots", "ldots"},
    {"cdots", "ldots"},
    {"prime", "'"},
    {"arccos", "acos"},
    {"arcsin", "asin"},
    {"arctan", "atan"},
    {"lor", "or"},
    {"land", "and"},
    {"wedge", "and"},
    {"vee", "or"},
    {"varphi", "phi"},
    {"varepsilon", "epsilon"},
    {"infinity", "infty"},
    {"pounds", " "},
    {"textdollar", " "},
});

template <std::size_t N>
std::optional<std::string_view> renamed(const std::array<Renamed, N>& table, std::string_view name) {
  for (const Renamed& entry : table) {
    if (entry.from == name) return entry.to;
  }
  return std::nullopt;
}

bool is_small_word(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return among(kSmallWords, lower);
}

class Lexer {
 public:
  Lexer(std::string_view text, const LexOptions& options) : text_(text), options_(options) {}

  Tokens run() {
    while (at_ < text_.size() && out_.error.empty()) {
      step();
      if (out_.tokens.size() > kMaxTokens) fail("too many symbols");
    }
    put(TokenType::kEnd, "");
    return std::move(out_);
  }

 private:
  void fail(std::string why) {
    if (out_.error.empty()) out_.error = std::move(why);
  }

  void put(TokenType type, std::string_view text) {
    out_.tokens.push_back({type, std::string(text), space_, !upright_.empty()});
    out_.words = out_.words || type == TokenType::kWord;
    space_ = false;
  }

  void step() {
    const char c = text_[at_];
    if (std::isspace(static_cast<unsigned char>(c)) || c == '~' || c == '$') {
      space_ = true;
      ++at_;
    } else if (starts_number(text_, at_)) {
      number();
    } else if (letter(c)) {
      letters();
    } else if (c == '\\') {
      backslash();
    } else {
      character(c);
    }
  }

  void number() {
    NumberOptions how{options_.thousands && depth_ == 0, options_.decimal_comma, options_.repair};
    const ScannedNumber found = scan_number(text_.substr(at_), how);
    if (found.text.size() > kMaxDigits) return fail("a number of too many digits");
    out_.thousands_comma = out_.thousands_comma || found.thousands_comma;
    put(TokenType::kNumber, found.text);
    at_ += found.length;
  }

  void letters() {
    const std::size_t start = at_;
    while (at_ < text_.size() && letter(text_[at_])) ++at_;
    const std::string_view run = text_.substr(start, at_ - start);
    if (run == "and" || run == "or") return put(TokenType::kJoin, run);
    if (run == "infinity" || run == "Infinity") return put(TokenType::kCommand, "infty");
    if (!upright_.empty()) return put(TokenType::kWord, run);
    if (run.size() == 1) return put(TokenType::kSymbol, run);
    if (among(kBareOperators, run)) {
      if (!options_.repair) return fail("malformed operator: " + std::string(run) + " without its backslash");
      return command(run);
    }
    const bool product = run.size() == 2 && canonical_unit(run).empty() && !is_small_word(run) && ascii_letter(run[0]);
    if (!product) return put(TokenType::kWord, run);
    put(TokenType::kSymbol, run.substr(0, 1));
    put(TokenType::kSymbol, run.substr(1, 1));
  }

  void backslash() {
    if (at_ + 1 >= text_.size()) return fail("a backslash at the end");
    const char next = text_[at_ + 1];
    if (!ascii_letter(next)) {
      at_ += 2;
      return escaped(next);
    }
    const std::size_t start = ++at_;
    while (at_ < text_.size() && ascii_letter(text_[at_])) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    command(name);
  }

  void escaped(char c) {
    switch (c) {
      case '\\': return put(TokenType::kOp, "\\");
      case '{': ++depth_; return put(TokenType::kOp, "\\{");
      case '}': --depth_; return put(TokenType::kOp, "\\}");
      case '%': return put(TokenType::kOp, "%");
      case '|': return put(TokenType::kOp, "|");
      case '&': return put(TokenType::kJoin, "and");
      default: space_ = true;  // \, \; \! \$ \( \[ and their like
    }
  }

  void command(std::string_view name) {
    if (among(kSilent, name)) {
      space_ = true;
      if ((name == "left" || name == "right") && at_ < text_.size() && text_[at_] == '.') ++at_;
      return;
    }
    if (among(kUpright, name)) return upright(name);
    if (name == "begin" || name == "end") return environment(name == "begin");
    if (name == "mathbb") return blackboard();
    if (const auto relation = renamed(kRelations, name)) return put(TokenType::kRelation, *relation);
    if (const auto other = renamed(kSynonyms, name)) return synonym(*other);
    if (among(kGreek, name)) return put(TokenType::kSymbol, name);
    put(TokenType::kCommand, name);
  }

  void synonym(std::string_view name) {
    if (name == " ") return;
    if (name == "and" || name == "or") return put(TokenType::kJoin, name);
    if (name == "\\{") ++depth_;
    if (name == "\\}") --depth_;
    put(name.size() == 1 || name[0] == '\\' ? TokenType::kOp : TokenType::kCommand, name);
  }

  // The text of "{text}" ahead, when it is short and plain.
  std::optional<std::string_view> braced() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] != '{') return std::nullopt;
    const std::size_t end = text_.substr(0, std::min(text_.size(), at_ + 40)).find('}', at_);
    if (end == std::string_view::npos) return std::nullopt;
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.find_first_of("{\\") != std::string_view::npos) return std::nullopt;
    return inside;
  }

  void upright(std::string_view name) {
    const auto inside = braced();
    if (inside && inside->size() == 1 && ascii_letter((*inside)[0]) && name.starts_with("math")) {
      put(TokenType::kSymbol, *inside);
      at_ += 3;
      return;
    }
    if (at_ >= text_.size() || text_[at_] != '{') return;  // \mathbf v
    ++at_;
    upright_.push_back(++braces_);
    space_ = true;
  }

  void environment(bool begin) {
    const auto name = braced();
    if (!name) return fail("malformed environment");
    put(begin ? TokenType::kBegin : TokenType::kFinish, *name);
    depth_ += begin ? 1 : -1;
    at_ += name->size() + 2;
    if (begin && *name == "array" && braced()) at_ += braced()->size() + 2;  // its columns
  }

  void blackboard() {
    const auto name = braced();
    if (!name || name->size() != 1) return fail("malformed \\mathbb");
    if (*name == "R") {
      put(TokenType::kCommand, "reals");
    } else {
      put(TokenType::kSymbol, "mathbb " + std::string(*name));
    }
    at_ += 3;
  }

  void character(char c) {
    ++at_;
    const auto ahead = [&](char expected) { return at_ < text_.size() && text_[at_] == expected; };
    switch (c) {
      case '<':
      case '>':
        if (ahead('=')) return ++at_, put(TokenType::kRelation, c == '<' ? "l" : "g");
        return put(TokenType::kRelation, std::string_view(&c, 1));
      case '=': return put(TokenType::kRelation, "=");
      case '!':
        if (ahead('=')) return ++at_, put(TokenType::kRelation, "!");
        return put(TokenType::kOp, "!");
      case '*':
        if (ahead('*')) return ++at_, put(TokenType::kOp, "^");
        return put(TokenType::kOp, "*");
      case '{': return open_brace();
      case '}': return close_brace();
      case '(':
      case '[': ++depth_; break;
      case ')':
      case ']': --depth_; break;
      case '"':
      case '`':
      case '?': space_ = true; return;
      case '.':
        if (text_.substr(at_).starts_with("..")) return at_ += 2, put(TokenType::kCommand, "ldots");
        break;
      default: break;
    }
    if (std::string_view("+-*/^_!%|()[],;:'.&").find(c) == std::string_view::npos)
      return fail("a character without meaning here");
    put(TokenType::kOp, std::string_view(&c, 1));
  }

  void open_brace() {
    ++braces_;
    ++depth_;
    put(TokenType::kOp, "{");
  }
  void close_brace() {
    if (!upright_.empty() && upright_.back() == braces_) {
      upright_.pop_back();
      space_ = true;
      --braces_;
      return;
    }
    --braces_;
    --depth_;
    put(TokenType::kOp, "}");
  }

  std::string_view text_;
  const LexOptions& options_;
  std::size_t at_ = 0;
  bool space_ = false;
  int depth_ = 0;  // of brackets, for the reading of commas
  int braces_ = 0;
  std::vector<int> upright_;  // the braces that \text opened
  Tokens out_;
};

}  // namespace

Tokens lex(std::string_view latex, const LexOptions& options) { return Lexer(latex, options).run(); }

}  // namespace autodidact::math
