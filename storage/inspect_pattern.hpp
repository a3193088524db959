#pragma once
// A PCRE2 pattern from a stranger, run within bounds: no match costs more than a fixed number of steps or bytes of heap.
// Private to storage/inspect_*. One thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/status.hpp"

namespace autodidact {

class Pattern {
 public:
  static constexpr std::size_t kMaxPatternBytes = 1024;

  // kUsage names the offset and what PCRE2 says. Subjects need not be UTF-8; the pattern sees bytes.
  static Result<Pattern> compile(const std::string& regex, bool ignore_case);

  // Begin and end of the first match at or behind `from`; nothing when there is none. kUsage when the pattern needs more
  // steps than allowed.
  Result<std::optional<std::pair<std::size_t, std::size_t>>> find(std::string_view subject, std::size_t from = 0) const;

 private:
  struct State;
  explicit Pattern(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace autodidact
