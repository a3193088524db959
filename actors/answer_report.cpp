#include "actors/answer_report.hpp"

#include <cmath>

namespace autodidact {
namespace {

std::vector<JudgedCandidate> unjudged(const std::vector<Candidate>& candidates) {
  std::vector<JudgedCandidate> all;
  for (const Candidate& candidate : candidates) {
    JudgedCandidate one;
    if (candidate.score && std::isfinite(candidate.score->score)) one.score = candidate.score->score;
    if (candidate.whole) one.answer = candidate.answer;
    one.tokens = candidate.tokens.size();
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

ReasoningReport reasoning_report(const SearchOutcome& outcome, const Calibration* calibration, double abstain_below) {
  const SearchResult& result = outcome.result;
  ReasoningReport report;
  report.strategy = result.strategy;
  report.votes = result.votes;
  report.tokens_spent = outcome.tokens_spent;
  report.tokens_scored = outcome.tokens_scored;
  std::string answer;
  if (!result.candidates.empty()) {
    const Candidate& chosen = result.candidates[result.chosen];
    answer = chosen.answer;
    if (chosen.score && std::isfinite(chosen.score->score)) report.verifier_score = chosen.score->score;
  }
  if (calibration == nullptr) return report;
  report.confidence = calibration->confidence(answer_evidence(unjudged(result.candidates), answer));
  report.abstained = *report.confidence < abstain_below;
  return report;
}

}  // namespace autodidact
