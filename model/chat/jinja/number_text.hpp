#pragma once
// int("..."), float("...") and round() of Python. Pure functions; any thread.

#include <cstdint>
#include <string_view>

namespace autodidact::jinja {

bool parse_integer(std::string_view text, std::int64_t base, std::int64_t& out);
bool parse_float(std::string_view text, double& out);
// To `digits` behind the point, exact ties to even.
double round_to(double value, int digits);

}  // namespace autodidact::jinja
