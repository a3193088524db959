#pragma once
// How a sum and its working are written. A format is deterministic: for each sum there is exactly one right completion, so
// checking a whole rationale is a comparison. Immutable; any thread. To try another scratchpad, write another of these.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tasks/digits.hpp"

namespace autodidact {

class ScratchpadFormat {
 public:
  virtual ~ScratchpadFormat() = default;
  virtual std::string prompt(const Sum& sum) const = 0;
  // The prompt with the answer shown: STaR's add_hint(x, y).
  virtual std::string hinted_prompt(const Sum& sum) const = 0;
  // The operands of an unhinted prompt; nothing when the text is none.
  virtual std::optional<Sum> parse_prompt(std::string_view prompt) const = 0;
  // The one right rationale, ending in the answer.
  virtual std::string completion(const Sum& sum) const = 0;
  // Steps of a rationale are what lies between separators; the last one is the answer.
  virtual char step_separator() const = 0;
  // The answer in a completion as plain digits; nothing when there is none, however broken the working before it.
  virtual std::optional<std::string> answer(std::string_view completion) const = 0;
  // True when the text repeats the notation in which a hint is given.
  virtual bool has_hint_marks(std::string_view completion) const = 0;
  virtual std::string alphabet() const = 0;
};

// 47+85= / 47+85=(132) / 75021,48131,132: see compact_format.cpp.
std::unique_ptr<const ScratchpadFormat> make_compact_format();
// The STaR paper's own text, see paper_format.cpp.
std::unique_ptr<const ScratchpadFormat> make_paper_format();

}  // namespace autodidact
