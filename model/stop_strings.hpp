#pragma once
// Texts that end a completion, wherever its tokens divide them. Immutable; any thread.

#include <memory>
#include <string>
#include <vector>

#include "model/decoder.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

// Asked after each token, says whether one of `stops` has ended in it. Takes some hash look-ups per byte of the token and
// distinct length of a stop, however many there are. Null for no stops; kBadInput for an empty one.
Result<std::shared_ptr<const EndOfText>> make_stop_strings(const std::vector<std::string>& stops,
                                                           std::shared_ptr<const Tokenizer> tokenizer);

}  // namespace autodidact
