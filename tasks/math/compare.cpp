#include "tasks/math/compare.hpp"

#include <algorithm>

#include "tasks/math/real_set.hpp"

namespace autodidact::math {
namespace {

bool is_collection(const Expr& e) { return e.kind == Kind::kList || e.kind == Kind::kSet; }

// A list, with every \pm in it taken apart; a single member stands for itself.
Expr without_plus_minus(const Expr& e) {
  const bool many = is_collection(e);
  if (many && e.args.size() == 1) return without_plus_minus(e.args[0]);
  if (!contains(e, Kind::kPlusMinus)) return e;
  Expr out = make(many ? e.kind : Kind::kList, {}, many ? e.name : "or");
  for (const Expr& item : many ? e.args : std::vector<Expr>{e}) {
    out.args.push_back(choose_sign(item, true));
    if (contains(item, Kind::kPlusMinus)) out.args.push_back(choose_sign(item, false));
  }
  return out;
}

bool needs_set(const Expr& e) {
  if (e.kind == Kind::kTuple) return e.name == "(]" || e.name == "[)" || contains(e, Kind::kInfinity);
  if (e.kind == Kind::kList) return std::any_of(e.args.begin(), e.args.end(), is_inequality);
  return e.kind == Kind::kUnion || e.kind == Kind::kIntersect || e.kind == Kind::kSetMinus || e.kind == Kind::kReals;
}

bool all_assigned(const std::vector<Expr>& items) {
  return std::all_of(items.begin(), items.end(), [](const Expr& e) { return as_assignment(e).name != nullptr; });
}

// The values of "y = 2, x = 1" in the order of their names.
std::vector<Expr> by_name(const std::vector<Expr>& items) {
  std::vector<Assignment> all;
  for (const Expr& item : items) all.push_back(as_assignment(item));
  std::sort(all.begin(), all.end(), [](const Assignment& a, const Assignment& b) { return a.name->name < b.name->name; });
  std::vector<Expr> values;
  for (const Assignment& a : all) values.push_back(*a.value);
  return values;
}

}  // namespace

Equal Comparer::compare(const Expr& reference, const Expr& answer) {
  const std::size_t size = size_of(reference) + size_of(answer);
  if (!work_.spend(32 * size)) return undecided("too much work");
  const Equal equal = prepared(without_plus_minus(reference), without_plus_minus(answer));
  return work_.exhausted() ? undecided("too much work") : equal;
}

Equal Comparer::prepared(const Expr& g, const Expr& p) {
  if (!work_.spend(32)) return undecided("too much work");
  return by_shape(g, p);
}

Equal Comparer::by_shape(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kText || p.kind == Kind::kText) {
    return g.kind == p.kind && g.name == p.name ? yes("the same words") : no(kOtherWords);
  }
  if (needs_set(g) || (needs_set(p) && g.kind != Kind::kRelation)) {
    std::string letter, other;
    const auto known = as_real_set(g, letter, work_);
    const auto given = as_real_set(p, other, work_);
    if (known && given) {
      const bool relations = !other.empty() && contains(p, Kind::kRelation) && p.name != "e";
      if (relations && letter.empty()) return no("an inequality where the reference has none");
      if (!letter.empty() && !other.empty() && letter != other) return no("an inequality in another letter");
      return equal_sets(*known, *given) ? yes("the same set of numbers") : no("another set of numbers");
    }
  }
  if (is_collection(g) || is_collection(p)) return collection(g, p);
  if (g.kind == Kind::kRelation || p.kind == Kind::kRelation) return relation(g, p);
  if (g.kind == Kind::kTuple || p.kind == Kind::kTuple) return tuple(g, p);
  if (g.kind == Kind::kMatrix || p.kind == Kind::kMatrix) return matrix(g, p);
  if (g.kind == Kind::kCases) return cases(g, p);
  if (g.kind == Kind::kRatio || p.kind == Kind::kRatio) return ratio(g, p);
  if (g.kind == Kind::kTime || p.kind == Kind::kTime) return clock(g, p);
  if (g.kind == Kind::kDate || p.kind == Kind::kDate) return date(g, p);
  if (same(g, p)) return yes("the same expression");
  if (g.kind != p.kind && (g.kind > Kind::kBased || p.kind > Kind::kBased)) return no("another kind of answer");
  if (g.kind > Kind::kBased)
    return g.args.size() == p.args.size() ? in_any_order(g.args, p.args) : no("another kind of answer");
  return quantity(g, p);
}

// {1, 2} and "1, 2" in any order. A point is no set; in an evaluation its brackets may be left out.
Equal Comparer::collection(const Expr& g, const Expr& p) {
  const bool point_forgotten =
      !reward() && (g.kind == Kind::kTuple || p.kind == Kind::kTuple) && (is(g, Kind::kList) || is(p, Kind::kList));
  if (point_forgotten) {
    if (all_assigned(g.args) != all_assigned(p.args)) return assignments(g.args, p.args);
    return in_order(g.args, p.args);
  }
  if (!is_collection(g)) return no("several answers where the reference has one");
  if (!is_collection(p)) return no("one answer where the reference has several");
  return in_any_order(g.args, p.args);
}

Equal Comparer::assignments(const std::vector<Expr>& g, const std::vector<Expr>& p) {
  return in_order(all_assigned(g) ? by_name(g) : g, all_assigned(p) ? by_name(p) : p);
}

Equal Comparer::tuple(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kMatrix || p.kind == Kind::kMatrix) return matrix(g, p);
  if (g.kind != p.kind) return no("another kind of answer");
  const bool interval = g.args.size() == 2 && g.name != "<>" && p.name != "<>";
  if (g.name != p.name && (interval || reward())) return no("other brackets");
  return in_order(g.args, p.args);
}

Equal Comparer::matrix(const Expr& g, const Expr& p) {
  if (g.kind == Kind::kMatrix && p.kind == Kind::kMatrix) {
    if ((g.name == "vmatrix") != (p.name == "vmatrix")) return no("a determinant and a matrix");
    return g.columns == p.columns ? in_order(g.args, p.args) : no("a matrix of another shape");
  }
  const Expr& m = g.kind == Kind::kMatrix ? g : p;
  const Expr& other = g.kind == Kind::kMatrix ? p : g;
  const bool vector = m.columns == 1 || static_cast<std::size_t>(m.columns) == m.args.size();
  if (reward() || !vector || other.kind != Kind::kTuple) return no("another kind of answer");
  return in_order(g.args, p.args);
}

// Value and condition together, in any order.
Equal Comparer::cases(const Expr& g, const Expr& p) {
  if (p.kind != Kind::kCases) return no("another kind of answer");
  const auto pairs = [](const Expr& e) {
    std::vector<Expr> all;
    for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) all.push_back(make(Kind::kTuple, {e.args[i], e.args[i + 1]}, "<>"));
    return all;
  };
  return in_any_order(pairs(g), pairs(p));
}

Equal Comparer::ratio(const Expr& g, const Expr& p) {
  if (g.kind != p.kind) {
    if (reward() || (g.kind != Kind::kRatio ? g : p).kind > Kind::kBased) return no("another kind of answer");
    const auto quotient = [](const Expr& e) {
      return e.kind == Kind::kRatio && e.args.size() == 2 ? make(Kind::kDiv, e.args) : e;
    };
    return scalar(quotient(g), quotient(p));
  }
  if (g.args.size() != p.args.size()) return no("a ratio of other length");
  if (reward()) return in_order(g.args, p.args);
  for (std::size_t i = 1; i < g.args.size(); ++i) {
    if (scalar(make(Kind::kMul, {g.args[0], p.args[i]}), make(Kind::kMul, {p.args[0], g.args[i]})) != Equal::kYes)
      return no("another ratio");
  }
  return yes("the same ratio");
}

// 3:30 PM is 15:30. In an evaluation, "3:30" may leave out which half of the day.
Equal Comparer::clock(const Expr& g, const Expr& p) {
  if (g.kind != p.kind) return no("another kind of answer");
  if (g.number == p.number && (g.name == p.name || g.name != "am" || p.name != "pm")) return yes("the same time");
  const Rational half = 12 * 3600;
  const bool half_left_out =
      !reward() && g.name.empty() != p.name.empty() && (g.number == p.number + half || p.number == g.number + half);
  return half_left_out ? yes("the same time, half of the day left out") : no("another time");
}

Equal Comparer::date(const Expr& g, const Expr& p) {
  if (g.kind != p.kind) return no("another kind of answer");
  if (g.number == p.number) return yes("the same date");
  const auto day = [](const Expr& e) { return numerator(e.number) % 10000; };
  const bool year_left_out = !reward() && (g.number < 10000 || p.number < 10000) && day(g) == day(p);
  return year_left_out ? yes("the same date, year left out") : no("another date");
}

Equal Comparer::in_order(const std::vector<Expr>& g, const std::vector<Expr>& p) {
  if (g.size() != p.size()) return no("another number of values");
  if (g.empty()) return yes("nothing in both");
  bool open = false;
  for (std::size_t i = 0; i < g.size(); ++i) {
    const Equal equal = prepared(g[i], p[i]);
    if (equal == Equal::kNo) return equal;
    open = open || equal == Equal::kUndecided;
  }
  return open ? Equal::kUndecided : Equal::kYes;
}

Equal Comparer::in_any_order(const std::vector<Expr>& g, const std::vector<Expr>& p) {
  if (g.size() != p.size()) return no("another number of values");
  if (g.empty()) return yes("nothing in both");
  if (g.size() > kMaxUnordered) {
    if (in_order(g, p) == Equal::kYes) return Equal::kYes;
    reference_too_large_ = true;
    return undecided("a set too large to compare");
  }
  std::vector<bool> used(p.size());
  bool open = false;
  for (const Expr& value : g) {
    bool found = false, maybe = false;
    for (std::size_t i = 0; i < p.size() && !found; ++i) {
      if (used[i]) continue;
      const Equal equal = prepared(value, p[i]);
      maybe = maybe || equal == Equal::kUndecided;
      found = equal == Equal::kYes;
      if (found) used[i] = true;
    }
    if (!found && !maybe) return no("a value that the answer does not have");
    open = open || !found;
  }
  return open ? Equal::kUndecided : yes("the same values");
}

}  // namespace autodidact::math
