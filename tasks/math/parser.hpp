#pragma once
// Reads an answer, in LaTeX or plain notation, into a tree. Recursive descent, at most kMaxDepth deep. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "tasks/math/expr.hpp"
#include "tasks/math/lexer.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

struct Parsed {
  std::optional<Expr> expr;
  std::string error;             // why there is no expr
  bool thousands_comma = false;  // see Tokens
};

// `latex` comes from to_latex(). What is no mathematics but has words in it becomes a Kind::kText.
Parsed parse_answer(std::string_view latex, const LexOptions& options, Work& work);

}  // namespace autodidact::math
