#pragma once
// A made-up model for tests with real clients: a token for each byte, 2048 of context, and behind "12+34=" it is nine tenths
// sure of the next byte of "46". It answers what FakeAnswers is asked. Pure; any thread.

#include "tests/gateway/fake_answers.hpp"

namespace autodidact {

// Parts first, when they are wanted, then the answer.
void answer_as_sum_model(FakeAnswers::Asked& asked);

}  // namespace autodidact
