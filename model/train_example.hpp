#pragma once
// What the learner sees of an attempt. A value; any thread may hold one.

#include <cstdint>
#include <vector>

#include "config/types.hpp"

namespace autodidact {

// After tokens[0 .. at] the answer comes out right with probability `target`; see value_head.hpp.
struct ValueLabel {
  std::uint32_t at = 0;  // at least prompt_length - 1
  float target = 0;      // [0, 1]
  float weight = 1;
};

// One training sequence: tokens = prompt ++ completion. The loss (token negative log-likelihood) counts the completion only;
// that of the labels, of a model with a value head, is added to it.
struct TrainExample {
  std::vector<TokenId> tokens;
  std::uint32_t prompt_length = 0;  // tokens[0 .. prompt_length) are masked out of the loss
  float weight = 1;                 // of this sequence's tokens in the loss; below 0: to be made less likely
  std::vector<ValueLabel> labels;   // ascending by `at`
};

// How likely a token was, and which was the likeliest in its place: the lowest id of equals.
struct RankedToken {
  float logprob = 0;
  TokenId best = 0;
  float best_logprob = 0;
};

}  // namespace autodidact
