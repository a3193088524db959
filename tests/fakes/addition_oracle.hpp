#pragma once
// An oracle for the addition task: the one right scratchpad with a given probability, else one with a wrong answer. A pure
// function of prompt, seed and version, so greedy decoding repeats itself. It goes on from a completion begun. Any thread.

#include <functional>
#include <string>

#include "tests/fakes/fake_runtime.hpp"

namespace autodidact {

// `share_right(version, hinted)` in [0, 1]. `format` as task.format: "compact" or "paper".
Oracle addition_oracle(const std::string& format, std::function<double(VersionId version, bool hinted)> share_right);

// Compact format: right for 60 % of problems with version 1 and 10 % more with each, up to 90 %; always with a hint.
Oracle improving_oracle();

}  // namespace autodidact
