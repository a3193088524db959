// Samples drawn independently, then chosen among: by votes (self-consistency, arXiv 2203.11171), by the verifier's score
// (best-of-N), or by the sum of scores behind each answer (weighted best-of-N, arXiv 2206.02336).

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "methods/search/search.hpp"

namespace autodidact {
namespace {

// The sample that the verifier scores highest, the first of equals.
SearchResult choose_by_score(std::vector<Candidate> candidates) {
  SearchResult result;
  result.votes = count_votes(candidates, score_weights(candidates));
  const auto rank = [](const Candidate& c) { return std::pair(c.whole, score_of(c)); };
  const auto best = std::max_element(candidates.begin(), candidates.end(),
                                     [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
  result.chosen = static_cast<std::size_t>(best - candidates.begin());
  result.candidates = std::move(candidates);
  return result;
}

// Whether no text that was not drawn can score higher: scores are log V(text|question), and of V's whole probability less is
// left than the best one has. Exact: what a longer search would choose is what there is.
bool unbeatable(const std::vector<Candidate>& candidates) {
  std::set<std::span<const TokenId>, decltype([](auto a, auto b) { return std::ranges::lexicographical_compare(a, b); })> seen;
  double best = 0, left = 1;
  for (const Candidate& candidate : candidates) {
    if (!candidate.whole || !candidate.score || !seen.insert(candidate.tokens).second) continue;
    const double probability = std::exp(static_cast<double>(score_of(candidate)));
    best = std::max(best, probability);
    left -= probability;
  }
  return best > left;
}

// Whether the leading answer stays ahead whatever the samples that are left say.
bool settled(const SearchContext& context, const Strategy& strategy, const std::vector<Candidate>& candidates) {
  const auto weight = strategy.name == "weighted" ? score_weights(candidates) : std::function<double(const Candidate&)>();
  Candidate surest;
  if (weight) surest.score = VerifierScore{context.scores().highest, {}};
  const double left = static_cast<double>(strategy.n - candidates.size()), most = weight ? weight(surest) : 1;
  std::vector<std::pair<std::string, double>> sums;
  for (const Candidate& candidate : candidates) {
    if (!candidate.whole || candidate.answer.empty()) continue;
    auto same = std::find_if(sums.begin(), sums.end(), [&](const auto& sum) { return sum.first == candidate.answer; });
    if (same == sums.end()) same = sums.emplace(sums.end(), candidate.answer, 0.0);
    same->second += weight ? weight(candidate) : 1;
  }
  if (sums.empty()) return false;
  std::sort(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sums[0].second - (sums.size() > 1 ? sums[1].second : 0) > left * most;
}

}  // namespace

Search repeated_sampling(SearchContext& context, Strategy strategy) {
  const bool alone = strategy.name == "greedy" || strategy.name == "sample";
  const bool weighted = strategy.name == "weighted", ranked = strategy.name == "best_of_n";
  const std::uint32_t n = alone ? 1 : strategy.n;
  std::vector<Candidate> all;
  while (all.size() < n) {
    // Waves cost turns one after the other: as many again each time, so that there are few and none is much too large.
    const std::size_t wave = strategy.early_stop ? std::max<std::size_t>(2, all.size()) : n;
    DrawSpec spec;
    spec.greedy = strategy.name == "greedy";
    std::vector<DrawSpec> specs(std::min(wave, n - all.size()), spec);
    const std::size_t asked = specs.size();
    std::vector<Candidate> drawn = co_await context.draw(std::move(specs));
    if (weighted || ranked) co_await context.score(drawn);
    const bool out_of_budget = drawn.size() < asked;
    std::move(drawn.begin(), drawn.end(), std::back_inserter(all));
    if (out_of_budget) break;
    if (!strategy.early_stop) continue;
    if (ranked ? context.scores().likelihoods && unbeatable(all) : settled(context, strategy, all)) break;
  }
  if (all.empty()) co_return SearchResult{};
  if (ranked) co_return choose_by_score(std::move(all));
  const auto weight = weighted ? score_weights(all) : std::function<double(const Candidate&)>();
  co_return choose_by_vote(std::move(all), weight);
}

}  // namespace autodidact
