#include <algorithm>
#include <array>
#include <string>

#include "tasks/math/lexer.hpp"

namespace autodidact::math {
namespace {

struct Unit {
  std::string_view word, canonical;
};
// Sorted by word. The plural in -s is found by its singular.
constexpr auto kUnits = std::to_array<Unit>({
    {"am", ""},           {"cent", "cent"},     {"centimeter", "cm"}, {"centimetre", "cm"}, {"cm", "cm"},
    {"day", "day"},       {"degree", "degree"}, {"dollar", "dollar"}, {"euro", "euro"},     {"feet", "ft"},
    {"foot", "ft"},       {"ft", "ft"},         {"gallon", "gallon"}, {"gram", "g"},        {"hour", "h"},
    {"hr", "h"},          {"inch", "in"},       {"inches", "in"},     {"kg", "kg"},         {"kilogram", "kg"},
    {"kilometer", "km"},  {"kilometre", "km"},  {"km", "km"},         {"kph", "km/h"},      {"lb", "lb"},
    {"liter", "L"},       {"litre", "L"},       {"meter", "m"},       {"metre", "m"},       {"mile", "mile"},
    {"milliliter", "ml"}, {"millimeter", "mm"}, {"min", "minute"},    {"minute", "minute"}, {"ml", "ml"},
    {"mm", "mm"},         {"month", "month"},   {"mph", "mile/h"},    {"ounce", "oz"},      {"oz", "oz"},
    {"pound", "lb"},      {"quart", "quart"},   {"sec", "s"},         {"second", "s"},      {"ton", "ton"},
    {"usd", "dollar"},    {"week", "week"},     {"yard", "yd"},       {"yd", "yd"},         {"year", "year"},
});

std::string_view find(std::string_view word) {
  const auto* found =
      std::lower_bound(kUnits.begin(), kUnits.end(), word, [](const Unit& unit, std::string_view w) { return unit.word < w; });
  return found != kUnits.end() && found->word == word ? found->canonical : std::string_view();
}

}  // namespace

std::string_view canonical_unit(std::string_view word) {
  if (word.size() > 16) return {};
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (const auto found = find(lower); !found.empty()) return found;
  if (lower.size() > 2 && lower.back() == 's') return find(std::string_view(lower).substr(0, lower.size() - 1));
  return {};
}

}  // namespace autodidact::math
