#pragma once
// Answers that are no formulas: letters of a choice, times, dates, ratios, numbers with letters for digits, and fixed phrases.
// Pure; any thread; only short texts are looked at.

#include <optional>
#include <string>
#include <string_view>

#include "tasks/math/expr.hpp"

namespace autodidact::math {

// 'B' for "B", "(B)", "\text{(B)}", "option B", and when `leading` also for "B. 12", "(B) the sun". '\0' when it is none.
// Small letters count in brackets only.
char choice_letter(std::string_view latex, bool leading);

// "3:30 PM", "15:30", "March 5, 2020", "2020-03-05", "3:2", "1A_{16}"; nullopt for all else.
std::optional<Expr> special_form(std::string_view latex);

// The words as a Kind::kText, or what they say: "no solution" is the empty set, "all real numbers" the reals.
Expr text_answer(std::string words);

}  // namespace autodidact::math
