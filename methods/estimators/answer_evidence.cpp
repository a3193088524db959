#include "methods/estimators/answer_evidence.hpp"

#include <algorithm>
#include <cmath>

namespace autodidact {

AnswerEvidence answer_evidence(JudgedCandidates candidates, const std::string& answer) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double voters = 0, own_votes = 0, tokens = 0, own = kUnknown, rival = kUnknown;
  for (const JudgedCandidate& candidate : candidates) {
    if (candidate.answer.empty()) continue;
    const bool mine = candidate.answer == answer;
    voters += 1;
    own_votes += mine ? 1 : 0;
    tokens += mine ? static_cast<double>(candidate.tokens) : 0;
    double& highest = mine ? own : rival;
    highest = std::fmax(highest, candidate.score);  // of NaN and a number, the number
  }
  return {voters > 0 ? own_votes / voters : 0, own, own - rival, std::log1p(own_votes),
          own_votes > 0 ? std::log1p(tokens / own_votes) : kUnknown};
}

}  // namespace autodidact
