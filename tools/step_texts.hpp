#pragma once
// The text of each step of an attempt, from its tokens and where the steps end in them. Pure functions; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/tokenizer.hpp"

namespace autodidact {

// One text per step, as many as `step_ends` (indices of their last tokens, ascending) has within `tokens`. Together they are
// `text`, what the attempt says: what ended it (an end-of-text token, a stop text) is in no step, so that the last ones may be
// empty. A text that the tokens do not spell leaves the steps as they spell them.
std::vector<std::string> step_texts(const Tokenizer& tokenizer, std::span<const TokenId> tokens,
                                    std::span<const std::uint32_t> step_ends, const std::string& text);

}  // namespace autodidact
