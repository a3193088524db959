#include "tasks/math/real_set.hpp"

#include <algorithm>
#include <cmath>

#include "tasks/math/values.hpp"

namespace autodidact::math {
namespace {

using Maybe = std::optional<RealSet>;

int order(const Bound& a, const Bound& b) {
  if (a.infinite != b.infinite) return a.infinite < b.infinite ? -1 : 1;
  if (a.infinite != 0) return 0;
  if (a.exact && b.exact) return a.exact->compare(*b.exact);
  if (std::abs(a.value - b.value) <= 4 * (a.error + b.error)) return 0;
  return a.value < b.value ? -1 : 1;
}

Bound infinity(int sign) { return {sign, std::nullopt, 0, 0}; }
Segment all_reals() { return {infinity(-1), infinity(1), false, false}; }
Segment point(const Bound& at) { return {at, at, true, true}; }
bool is_empty(const Segment& s) {
  const int sign = order(s.low, s.high);
  return sign > 0 || (sign == 0 && !(s.low_closed && s.high_closed));
}

RealSet merged(RealSet set) {
  std::erase_if(set, is_empty);
  std::sort(set.begin(), set.end(), [](const Segment& a, const Segment& b) {
    const int sign = order(a.low, b.low);
    return sign != 0 ? sign < 0 : a.low_closed && !b.low_closed;
  });
  RealSet out;
  for (Segment& next : set) {
    const int sign = out.empty() ? -1 : order(out.back().high, next.low);
    if (sign < 0 || (sign == 0 && !out.back().high_closed && !next.low_closed)) {
      out.push_back(std::move(next));
      continue;
    }
    const int ends = order(out.back().high, next.high);
    if (ends < 0) {
      out.back().high = next.high;
      out.back().high_closed = next.high_closed;
    } else if (ends == 0) {
      out.back().high_closed = out.back().high_closed || next.high_closed;
    }
  }
  return out;
}

RealSet complement(const RealSet& set) {
  RealSet out;
  Segment gap = all_reals();
  for (const Segment& s : set) {
    gap.high = s.low;
    gap.high_closed = !s.low_closed && s.low.infinite == 0;
    out.push_back(gap);
    gap = {s.high, infinity(1), !s.high_closed && s.high.infinite == 0, false};
  }
  out.push_back(gap);
  return merged(std::move(out));
}

RealSet joined(RealSet a, const RealSet& b) {
  a.insert(a.end(), b.begin(), b.end());
  return merged(std::move(a));
}
RealSet common(const RealSet& a, const RealSet& b) { return complement(joined(complement(a), complement(b))); }

class Reader {
 public:
  Reader(std::string& letter, Work& work) : letter_(letter), work_(work) {}

  Maybe set(const Expr& e) {
    if (!work_.spend(64 + 16 * e.args.size())) return std::nullopt;
    switch (e.kind) {
      case Kind::kReals: return RealSet{all_reals()};
      case Kind::kTuple: return interval(e);
      case Kind::kSet: return points(e);
      case Kind::kUnion: return fold(e, joined);
      case Kind::kIntersect: return fold(e, common);
      case Kind::kSetMinus: return fold(e, [](const RealSet& a, const RealSet& b) { return common(a, complement(b)); });
      case Kind::kList: return list(e);
      case Kind::kRelation: return relation(e);
      default: return std::nullopt;
    }
  }

 private:
  std::optional<Bound> bound(const Expr& e) {
    if (e.kind == Kind::kInfinity) return infinity(1);
    if (e.kind == Kind::kNegate && is(e.args[0], Kind::kInfinity)) return infinity(-1);
    if (!is_scalar(e) || contains(e, Kind::kInfinity) || !free_symbols(e).empty()) return std::nullopt;
    bool too_large = false;
    Bound b;
    b.exact = exact_value(e, work_, too_large);
    const auto value = approximate(e, 0, false, work_);
    if (!value || std::abs(value->value.imag()) > value->error) return std::nullopt;
    b.value = value->value.real();
    b.error = value->error;
    return b;
  }

  Maybe interval(const Expr& e) {
    if (e.args.size() != 2 || e.name == "<>") return std::nullopt;
    const auto low = bound(e.args[0]);
    const auto high = low ? bound(e.args[1]) : std::nullopt;
    if (!high || order(*low, *high) > 0) return std::nullopt;
    const bool low_closed = e.name[0] == '[' && low->infinite == 0, high_closed = e.name[1] == ']' && high->infinite == 0;
    return merged({{*low, *high, low_closed, high_closed}});
  }

  Maybe points(const Expr& e) {
    if (e.args.size() > kMaxUnordered) return std::nullopt;
    RealSet all;
    for (const Expr& arg : e.args) {
      const auto at = bound(arg);
      if (!at || at->infinite != 0) return std::nullopt;
      all.push_back(point(*at));
    }
    return merged(std::move(all));
  }

  template <class Op>
  Maybe fold(const Expr& e, Op op) {
    if (e.args.size() > kMaxUnordered) return std::nullopt;
    Maybe all = set(e.args[0]);
    for (std::size_t i = 1; all && i < e.args.size(); ++i) {
      const Maybe next = set(e.args[i]);
      if (!next) return std::nullopt;
      all = op(std::move(*all), *next);
    }
    return all;
  }

  // "x < 1 or x > 3" is a union; "x > 1, x < 3" and "x > 1 and x < 3" an intersection.
  Maybe list(const Expr& e) {
    if (!std::all_of(e.args.begin(), e.args.end(), [](const Expr& a) { return a.kind == Kind::kRelation; }))
      return std::nullopt;
    if (e.name == "or") return fold(e, joined);
    return fold(e, common);
  }

  // a < x <= b: one letter alone among known bounds.
  Maybe relation(const Expr& e) {
    if (e.name == "e") return is(e.args[0], Kind::kSymbol) && same_letter(e.args[0]) ? set(e.args[1]) : std::nullopt;
    RealSet all{all_reals()};
    for (std::size_t i = 0; i + 1 < e.args.size(); ++i) {
      const auto part = comparison(e.args[i], e.name[i], e.args[i + 1]);
      if (!part) return std::nullopt;
      all = common(all, *part);
    }
    return all;
  }

  bool same_letter(const Expr& symbol) {
    if (letter_.empty()) letter_ = symbol.name;
    return letter_ == symbol.name;
  }

  Maybe comparison(const Expr& left, char op, const Expr& right) {
    const bool turned = right.kind == Kind::kSymbol && right.name != "pi" && right.name != "e";
    const Expr& symbol = turned ? right : left;
    if (symbol.kind != Kind::kSymbol || !same_letter(symbol)) return std::nullopt;
    const auto at = bound(turned ? left : right);
    if (!at) return std::nullopt;
    const bool less = turned ? (op == '>' || op == 'g') : (op == '<' || op == 'l');
    const bool closed = (op == 'l' || op == 'g') && at->infinite == 0;
    switch (op) {
      case '<':
      case 'l':
      case '>':
      case 'g':
        if (less) return merged({{infinity(-1), *at, false, closed}});
        return merged({{*at, infinity(1), closed, false}});
      case '=': return RealSet{point(*at)};
      case '!': return complement({point(*at)});
      default: return std::nullopt;
    }
  }

  std::string& letter_;
  Work& work_;
};

}  // namespace

std::optional<RealSet> as_real_set(const Expr& e, std::string& letter, Work& work) { return Reader(letter, work).set(e); }

bool equal_sets(const RealSet& a, const RealSet& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Segment& x, const Segment& y) {
    return order(x.low, y.low) == 0 && order(x.high, y.high) == 0 && x.low_closed == y.low_closed &&
           x.high_closed == y.high_closed;
  });
}

}  // namespace autodidact::math
