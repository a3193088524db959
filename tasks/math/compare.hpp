#pragma once
// Whether an answer says the same as the reference. Not symmetric: see relation(). One Comparer per check, one thread.

#include <string>
#include <vector>

#include "tasks/math/expr.hpp"
#include "tasks/math/math_checker.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

// why() of an answer in words that are not the reference's.
inline constexpr const char* kOtherWords = "other words";

enum class Equal : std::uint8_t { kYes, kNo, kUndecided };

class Comparer {
 public:
  Comparer(MathMode mode, Work& work) : mode_(mode), work_(work) {}

  // `reference` and `answer` as parsed. why() says what decided.
  Equal compare(const Expr& reference, const Expr& answer);
  const std::string& why() const { return why_; }
  // After kUndecided: the reference itself has no value that could be computed, so it is not the answer's fault.
  bool reference_too_large() const { return reference_too_large_; }

 private:
  // compare.cpp: by shape
  Equal prepared(const Expr& g, const Expr& p);
  Equal by_shape(const Expr& g, const Expr& p);
  Equal collection(const Expr& g, const Expr& p);
  Equal tuple(const Expr& g, const Expr& p);
  Equal matrix(const Expr& g, const Expr& p);
  Equal cases(const Expr& g, const Expr& p);
  Equal ratio(const Expr& g, const Expr& p);
  Equal clock(const Expr& g, const Expr& p);
  Equal date(const Expr& g, const Expr& p);
  Equal in_order(const std::vector<Expr>& g, const std::vector<Expr>& p);
  Equal in_any_order(const std::vector<Expr>& g, const std::vector<Expr>& p);
  Equal assignments(const std::vector<Expr>& g, const std::vector<Expr>& p);

  // compare_relation.cpp: equations and inequalities
  Equal relation(const Expr& g, const Expr& p);
  Equal chain(const Expr& g, const Expr& p);
  Equal equation(const Expr& g, const Expr& p);
  Equal inequality(const Expr& g, const Expr& p);
  Equal proportional(const Expr& g, const Expr& p, bool directed);
  bool agrees(const Expr& link, const Expr& answer, bool roughly);

  // compare_scalar.cpp: numbers and formulas
  Equal quantity(const Expr& g, const Expr& p);
  Equal percent(const Expr& g, const Expr& p);
  Equal degree(const Expr& g, const Expr& p);
  Equal unit(const Expr& g, const Expr& p);
  Equal based(const Expr& g, const Expr& p);
  Equal scalar(const Expr& g, const Expr& p);
  Equal rounded(const Expr& g, const Expr& p);
  Equal modular(const Expr& g, const Expr& p);
  Equal numeric(const Expr& g, const Expr& p);

  Equal no(const char* why) { return decided(Equal::kNo, why); }
  Equal yes(const char* why) { return decided(Equal::kYes, why); }
  Equal undecided(const char* why) { return decided(Equal::kUndecided, why); }
  Equal decided(Equal equal, const char* why) {
    why_ = why;
    return equal;
  }
  bool reward() const { return mode_ == MathMode::kReward; }

  MathMode mode_;
  Work& work_;
  std::string why_;
  bool reference_too_large_ = false;
  int depth_ = 0;
};

// A number written out: 12, -3/4, 1.5, 2\frac12, 3 \times 10^8, with or without % or a unit; nothing left to compute.
bool is_written_number(const Expr& e);
// `y = 2x + 1`, `5 = x`: the name and what it equals; nulls when it is no such thing.
struct Assignment {
  const Expr* name = nullptr;
  const Expr* value = nullptr;
};
Assignment as_assignment(const Expr& relation);
bool is_inequality(const Expr& e);

}  // namespace autodidact::math
