#pragma once
// check_math() with its counter in sight, for tests and measurements.

#include "tasks/math/math_checker.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {

// May throw only what the memory allocator throws.
MathCheck check_counted(std::string_view completion, std::string_view reference, MathMode mode, Work& work);

}  // namespace autodidact::math
