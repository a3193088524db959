#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "methods/search/search.hpp"

namespace autodidact {

std::vector<std::pair<std::string, double>> count_votes(std::span<const Candidate> candidates,
                                                        const std::function<double(const Candidate&)>& weight) {
  std::vector<std::pair<std::string, double>> votes;  // in order of first appearance
  std::unordered_map<std::string, std::size_t> places;
  double all = 0;
  for (const Candidate& candidate : candidates) {
    if (!candidate.whole || candidate.answer.empty()) continue;
    const double vote = weight ? weight(candidate) : 1;
    const auto place = places.try_emplace(candidate.answer, votes.size()).first->second;
    if (place == votes.size()) votes.emplace_back(candidate.answer, 0);
    votes[place].second += vote;
    all += vote;
  }
  if (all > 0)
    for (auto& [answer, share] : votes) share /= all;
  std::stable_sort(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return votes;
}

std::function<double(const Candidate&)> score_weights(std::span<const Candidate> candidates) {
  float highest = -std::numeric_limits<float>::infinity();
  for (const Candidate& candidate : candidates) highest = std::max(highest, score_of(candidate));
  return [highest](const Candidate& candidate) {
    return std::isfinite(highest) ? std::exp(static_cast<double>(score_of(candidate)) - highest) : 0.0;
  };
}

SearchResult choose_by_vote(std::vector<Candidate> candidates, const std::function<double(const Candidate&)>& weight) {
  SearchResult result;
  result.votes = count_votes(candidates, weight);
  const std::string winner = result.votes.empty() ? "" : result.votes.front().first;
  double best = -1;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!winner.empty() && (!candidate.whole || candidate.answer != winner)) continue;
    const double own = weight ? weight(candidate) : 1;
    if (own > best) best = own, result.chosen = i;
  }
  result.candidates = std::move(candidates);
  return result;
}

}  // namespace autodidact
