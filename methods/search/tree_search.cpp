// Diverse verifier tree search (Beeching et al. 2024, "Scaling test-time compute with open models"): n / width beams that never
// compete with each other. Each draws `width` next steps and goes on from the one that the process verifier scores highest, so
// that budget buys variety where beam search would put it all on one start.

#include <algorithm>
#include <iterator>

#include "methods/search/search.hpp"

namespace autodidact {
namespace {

constexpr std::uint32_t kMaxRounds = 40;

}  // namespace

Search tree_search(SearchContext& context, Strategy strategy) {
  const std::uint32_t max_tokens = static_cast<std::uint32_t>(context.question().sampler.max_tokens);
  std::vector<Candidate> trees(strategy.n / strategy.width), ended;
  for (std::uint32_t round = 0; round < kMaxRounds && !trees.empty(); ++round) {
    std::vector<DrawSpec> specs;
    for (const Candidate& tree : trees) {
      DrawSpec spec;
      spec.from = tree;
      spec.steps = 1;
      specs.insert(specs.end(), strategy.width, spec);
    }
    const std::size_t asked = specs.size();
    std::vector<Candidate> grown = co_await context.draw(std::move(specs));
    if (grown.empty()) break;
    const bool out_of_budget = grown.size() < asked;
    co_await context.score(grown);
    std::vector<Candidate> next;
    for (std::size_t first = 0; first < grown.size(); first += strategy.width) {
      const auto begin = grown.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = grown.begin() + static_cast<std::ptrdiff_t>(std::min(first + strategy.width, grown.size()));
      auto best =
          std::max_element(begin, end, [](const Candidate& a, const Candidate& b) { return score_of(a) < score_of(b); });
      const bool goes_on = !best->whole && best->tokens.size() < max_tokens && !out_of_budget;
      (goes_on ? next : ended).push_back(std::move(*best));
    }
    trees = std::move(next);
  }
  if (ended.empty()) ended = std::move(trees);  // nothing came to an end within the budget
  if (ended.empty()) co_return SearchResult{};
  const auto weight = score_weights(ended);
  co_return choose_by_vote(std::move(ended), weight);
}

}  // namespace autodidact
