#pragma once
// What an evaluation measured, as tables for a person: accuracy by group, what choosing among k candidates is worth, strategies
// beside their cost, how far a confidence can be believed. Pure functions; any thread.

#include <string>

#include "tools/json_view.hpp"

namespace autodidact {

// Of the JSON that the daemon's `eval` answers; one of another form is shown as it is.
std::string eval_text(const Json& evaluation, const Style& style);

// An answer of `ask`: what it is, how sure, at what price. "I don't know" when the daemon abstained.
std::string answer_text(const Json& answer, const Style& style);

}  // namespace autodidact
