#pragma once
// Where the steps of a rationale end, in tokens: what process rewards label and step-wise search goes by. Immutable; any
// thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/tokenizer.hpp"

namespace autodidact {

class StepBoundaries {
 public:
  // A step ends with a token that holds `separator` ("\n", Task::step_separator()).
  StepBoundaries(const Tokenizer& tokenizer, const std::string& separator);

  bool ends_step(TokenId token) const {
    return token >= 0 && static_cast<std::size_t>(token) < separates_.size() && separates_[static_cast<std::size_t>(token)];
  }
  // Index of the last token of each step, ascending; several separators in a row end one step. The last is that of the
  // completion itself. Empty for an empty completion.
  std::vector<std::uint32_t> ends(std::span<const TokenId> completion) const;

 private:
  std::vector<bool> separates_;  // by token id
};

}  // namespace autodidact
