#pragma once
// Characters beyond ASCII in mathematics, written as LaTeX, so that the lexer sees one spelling. Pure; any thread; linear.

#include <optional>
#include <string>
#include <string_view>

namespace autodidact::math {

// "3·√2 − ½x²" becomes "3\cdot \sqrt 2 - \frac{1}{2}x^{2}". Letters of other scripts stay. nullopt: no valid UTF-8, or a
// control character.
std::optional<std::string> to_latex(std::string_view text);

// For answers in words: lower case, words and numbers with single spaces between, no LaTeX, no leading article.
std::string words_of(std::string_view latex);

// For comparison letter by letter, when nothing better can be done: without spaces, \left, \right, $ and a final period.
std::string plain_form(std::string_view latex);

}  // namespace autodidact::math
