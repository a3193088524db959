#pragma once
// Cuts an answer in LaTeX or plain notation into tokens. Pure; any thread; linear in the text.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace autodidact::math {

enum class TokenType : std::uint8_t {
  kEnd,
  kNumber,    // text: "12", "12.50", "0.1(6)" (repeating), "1.2e-5"
  kSymbol,    // one letter, or a Greek one by its name
  kWord,      // letters that are no product: a unit, a name, an answer in words
  kCommand,   // "frac", "sqrt", "pm", "cup", "sin", …: LaTeX's names without the backslash
  kOp,        // one character of + - * / ^ _ ! % | ( ) [ ] { } , ; : ' . & =; "\\" ends a row; "\{" "\}" a set's braces
  kRelation,  // one character, as in Kind::kRelation
  kJoin,      // "and" or "or"
  kBegin,     // \begin{text}
  kFinish,    // \end{text}
};

struct Token {
  TokenType type = TokenType::kEnd;
  std::string text;
  bool space = false;    // before it
  bool upright = false;  // inside \text{}
};

struct LexOptions {
  bool repair = false;         // read "frac12", "sqrt3", "pi" as if the backslash were there
  bool thousands = true;       // "1,000" outside brackets is a thousand, not two numbers
  bool decimal_comma = false;  // "3,14" is 3.14
};

struct Tokens {
  std::vector<Token> tokens;     // ends in kEnd
  std::string error;             // "" when all could be read
  bool thousands_comma = false;  // a comma was read as a thousands separator: it may have been a list
  bool words = false;            // there is a kWord
};

// `latex` comes from to_latex().
Tokens lex(std::string_view latex, const LexOptions& options);

// "cm" for "centimeters"; "" when `word` is no unit that is known.
std::string_view canonical_unit(std::string_view word);

}  // namespace autodidact::math
