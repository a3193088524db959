#include "tasks/math/expr.hpp"

#include <algorithm>

namespace autodidact::math {

Expr make(Kind kind, std::vector<Expr> args, std::string name) {
  Expr e;
  e.kind = kind;
  e.args = std::move(args);
  e.name = std::move(name);
  return e;
}

Expr make_number(Rational value) {
  Expr e;
  e.number = std::move(value);
  return e;
}

Expr make_symbol(std::string name) { return make(Kind::kSymbol, {}, std::move(name)); }

bool is_scalar(const Expr& e) {
  if (e.kind > Kind::kUnit) return false;
  return std::all_of(e.args.begin(), e.args.end(), is_scalar);
}

bool contains(const Expr& e, Kind kind) {
  if (e.kind == kind) return true;
  return std::any_of(e.args.begin(), e.args.end(), [kind](const Expr& arg) { return contains(arg, kind); });
}

bool contains_symbol(const Expr& e, std::string_view name) {
  if (is_symbol(e, name)) return true;
  return std::any_of(e.args.begin(), e.args.end(), [name](const Expr& arg) { return contains_symbol(arg, name); });
}

namespace {
void collect_symbols(const Expr& e, std::vector<std::string>& names) {
  if (e.kind == Kind::kSymbol && e.name != "pi" && e.name != "e" && e.name != "i") names.push_back(e.name);
  for (const Expr& arg : e.args) collect_symbols(arg, names);
}
}  // namespace

std::vector<std::string> free_symbols(const Expr& e) {
  std::vector<std::string> names;
  collect_symbols(e, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool same(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.name != b.name || a.args.size() != b.args.size() || a.columns != b.columns) return false;
  if (a.number != b.number) return false;
  return std::equal(a.args.begin(), a.args.end(), b.args.begin(), same);
}

std::size_t size_of(const Expr& e) {
  std::size_t size = 1;
  for (const Expr& arg : e.args) size += size_of(arg);
  return size;
}

Expr choose_sign(const Expr& e, bool plus) {
  if (e.kind == Kind::kPlusMinus) {
    const bool positive = (e.name == "+") == plus;
    Expr arg = choose_sign(e.args[0], plus);
    return positive ? arg : make(Kind::kNegate, {std::move(arg)});
  }
  Expr copy = e;
  for (Expr& arg : copy.args) arg = choose_sign(arg, plus);
  return copy;
}

}  // namespace autodidact::math
