#pragma once
// "%s of %d" % values, and "{} of {}".format(values). Pure functions; any thread.

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

// The % of strings: a tuple gives the values in order, a dict by %(name)s, anything else is the one value.
Markup format_percent(const Markup& format, const Value& values, Budget& budget);
// {}, {0}, {name}; no format specifications.
Markup format_braces(const Markup& format, const Arguments& arguments, Budget& budget);

}  // namespace autodidact::jinja
