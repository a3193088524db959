#pragma once
// What the learner sees of an attempt. A value; any thread may hold one.

#include <cstdint>
#include <vector>

#include "config/types.hpp"

namespace autodidact {

// One training sequence: tokens = prompt ++ completion. The loss (token negative log-likelihood) counts the completion only.
struct TrainExample {
  std::vector<TokenId> tokens;
  std::uint32_t prompt_length = 0;  // tokens[0 .. prompt_length) are masked out of the loss
  float weight = 1;                 // of this sequence's tokens in the loss
};

}  // namespace autodidact
