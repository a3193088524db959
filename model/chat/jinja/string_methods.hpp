#pragma once
// What filters and methods of strings share. Pure functions; any thread.

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

Markup stripped(const Markup& text, const Markup* characters, bool left, bool right, Budget& budget);
// The first `most` of `old`; negative: all.
Markup replaced(const Markup& text, const Markup& old, const Markup& by, std::int64_t most, Budget& budget);
Markup padded(const Markup& text, std::size_t left, std::size_t right, const Markup& fill, Budget& budget);
std::size_t left_of_center(std::int64_t width, std::size_t missing);
Markup centered(const Markup& text, std::int64_t width, Budget& budget);

}  // namespace autodidact::jinja
