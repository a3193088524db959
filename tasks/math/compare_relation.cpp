#include <algorithm>
#include <cmath>

#include "tasks/math/compare.hpp"
#include "tasks/math/real_set.hpp"
#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

bool is_constant(const Expr& e) { return is_scalar(e) && free_symbols(e).empty(); }

// y, f(x), P(x): what a formula is named by.
bool is_head(const Expr& e) {
  const auto letters = [](const Expr& x) { return x.kind == Kind::kSymbol; };
  if (e.kind == Kind::kSymbol) return true;
  if (e.kind == Kind::kFunction)
    return (e.name[0] == 'f' || e.name[0] == 'g') && std::all_of(e.args.begin(), e.args.end(), letters);
  return e.kind == Kind::kMul && e.args.size() == 2 && !e.undone && std::all_of(e.args.begin(), e.args.end(), letters);
}

Expr difference(const Expr& relation) { return make(Kind::kAdd, {relation.args[0], make(Kind::kNegate, {relation.args[1]})}); }

}  // namespace

bool is_inequality(const Expr& e) { return e.kind == Kind::kRelation && e.name.find_first_of("<>lg!") != std::string::npos; }

Assignment as_assignment(const Expr& relation) {
  if (relation.kind != Kind::kRelation || relation.name.find_first_not_of("=~") != std::string::npos) return {};
  const Expr &first = relation.args.front(), &last = relation.args.back();
  if (is_head(first) && !(first.kind == Kind::kSymbol && contains_symbol(last, first.name))) return {&first, &last};
  if (last.kind == Kind::kSymbol && !contains_symbol(first, last.name)) return {&last, &first};
  return {};
}

// What a reference in relations accepts. An inequality accepts the interval it describes, but an interval accepts no
// inequality: that is often the question copied. A number accepts a chain of equations that ends in it.
Equal Comparer::relation(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kRelation && g.name == "e") return prepared(g.args[1], p);
  if (p.kind == Kind::kRelation && p.name == "e") return prepared(g, p.args[1]);
  if (is_inequality(g)) return inequality(g, p);
  if (is_inequality(p)) return no("an inequality where the reference has none");
  if (g.kind != Kind::kRelation) return chain(g, p);
  if (p.kind == Kind::kRelation) return equation(g, p);
  if (std::all_of(g.args.begin(), g.args.end(), is_constant)) return prepared(g.args.back(), p);  // 3 + 4 = 7
  const Assignment known = as_assignment(g);
  if (known.name == nullptr) return no("no equation where the reference is one");
  return prepared(*known.value, p);
}

bool Comparer::agrees(const Expr& link, const Expr& answer, bool roughly) {
  if (!is_constant(link) || !is_constant(answer)) return true;
  const auto a = approximate(link, 0, true, work_);
  const auto b = approximate(answer, 0, true, work_);
  if (!a || !b) return false;
  const long double room = roughly ? 0.01L * std::abs(b->value) : 4 * (a->error + b->error) + 1e-12L * std::abs(b->value);
  return std::abs(a->value - b->value) <= room;
}

// "x = 3 + 4 = 7", "\sqrt2 \approx 1.41": the answer is the last link before the first approximation, or that. Numbers that are
// said to be equal must be.
Equal Comparer::chain(const Expr& g, const Expr& p) {
  const std::size_t about = std::min(p.name.find('~'), p.name.size());
  const Expr* answer = &p.args[about];
  if (answer->kind == Kind::kSymbol && about > 0) answer = &p.args[0];                   // 5 = x
  if (about < p.name.size() && is(*answer, Kind::kSymbol)) answer = &p.args[about + 1];  // x \approx 3.14
  for (std::size_t i = 0; i < p.args.size(); ++i) {
    if (!agrees(p.args[i], *answer, i > about)) return no("numbers said to be equal that are not");
  }
  const Equal equal = prepared(g, *answer);
  if (equal == Equal::kYes || about >= p.name.size()) return equal;
  return prepared(g, p.args[about + 1]);
}

Equal Comparer::equation(const Expr& g, const Expr& p) {
  const Assignment known = as_assignment(g), given = as_assignment(p);
  if (known.name != nullptr && given.name != nullptr && same(*known.name, *given.name)) {
    const Equal equal = prepared(*known.value, p.args.size() > 2 ? p : *given.value);
    if (equal == Equal::kYes || is_constant(*known.value)) return equal;
  } else if (known.name != nullptr && is_constant(*known.value)) {
    return no("not solved for what the reference is solved for");
  } else if (known.name != nullptr && given.name != nullptr && !reward() && known.name->kind != given.name->kind) {
    return prepared(*known.value, *given.value);  // f(x) = … and y = …
  }
  if (g.args.size() != 2 || p.args.size() != 2) return no("another equation");
  return proportional(difference(g), difference(p), false);
}

Equal Comparer::inequality(const Expr& g, const Expr& p) {
  std::string letter, other;
  const auto known = as_real_set(g, letter, work_);
  const auto given = as_real_set(p, other, work_);
  if (known && given) {
    if (!other.empty() && other != letter) return no("an inequality in another letter");
    return equal_sets(*known, *given) ? yes("the same set of numbers") : no("another set of numbers");
  }
  if (known || !is_inequality(p) || g.args.size() != 2 || p.args.size() != 2) return no("not the reference's inequality");
  const auto strict = [](const Expr& e) { return e.name == "<" || e.name == ">"; };
  const auto less = [](const Expr& e) { return e.name == "<" || e.name == "l"; };
  if (strict(g) != strict(p) || (g.name == "!") != (p.name == "!")) return no("another kind of inequality");
  const Expr d = difference(p);
  return proportional(difference(g), less(g) == less(p) ? d : make(Kind::kNegate, {d}), g.name != "!");
}

// g = c p with a constant c, which is positive when `directed`.
Equal Comparer::proportional(const Expr& g, const Expr& p, bool directed) {
  if (!is_scalar(g) || !is_scalar(p)) return no("another equation");
  std::optional<long double> ratio;
  unsigned agreed = 0;
  for (unsigned point = 0; point < kPoints; ++point) {
    const auto a = approximate(g, point, false, work_);
    const auto b = approximate(p, point, false, work_);
    if (!a || !b) continue;
    const long double size_a = std::abs(a->value), size_b = std::abs(b->value);
    if (size_a <= 64 * a->error || size_b <= 64 * b->error) {
      if ((size_a <= a->error) != (size_b <= b->error)) return no("another equation");
      continue;
    }
    const long double here = (a->value / b->value).real();
    if (directed && here < 0) return no("the inequality points the other way");
    if (!ratio) ratio = here;
    if (std::abs(here - *ratio) > 1e-10L * std::abs(*ratio)) return no("another equation");
    ++agreed;
  }
  return agreed >= 3 ? yes("the same up to a factor") : undecided("no value could be computed");
}

}  // namespace autodidact::math
