#include "methods/estimators/ballot.hpp"

#include <string_view>
#include <unordered_map>

namespace autodidact {

Ballot make_ballot(JudgedCandidates candidates) {
  Ballot ballot;
  std::unordered_map<std::string_view, std::int32_t> numbers;
  for (const JudgedCandidate& candidate : candidates) {
    if (candidate.answer.empty()) {
      ballot.answer.push_back(-1);
    } else {
      const auto next = static_cast<std::int32_t>(numbers.size());
      ballot.answer.push_back(numbers.try_emplace(candidate.answer, next).first->second);
    }
  }
  ballot.answers = static_cast<std::uint32_t>(numbers.size());
  return ballot;
}

}  // namespace autodidact
