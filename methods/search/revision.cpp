// Sequential revision and its mixes with parallel sampling (arXiv 2408.03314, section 6): n / length chains, each of `length`
// attempts that see up to four before them, newest last, as (attempt, question) pairs between the question and themselves.
// Right answers get revised to wrong ones, so the last attempt is not simply taken: with a verifier the best of each chain by
// weighted best-of-N, then the same across chains; without one all attempts of all chains vote together. What the model must
// have been taught for this: revision_data.hpp.

#include <algorithm>
#include <iterator>

#include "methods/revision_data.hpp"
#include "methods/search/search.hpp"

namespace autodidact {
namespace {

// What stands between the question and the next attempt of a chain.
std::vector<TokenId> context_of(const std::vector<Candidate>& chain, const Question& question) {
  std::vector<std::span<const TokenId>> attempts;
  for (const Candidate& attempt : chain) attempts.emplace_back(attempt.tokens);
  const auto prompt = static_cast<std::int64_t>(question.prompt.size());
  return shown_attempts(attempts, question.prompt, question.max_positions - prompt - question.sampler.max_tokens);
}

SearchResult hierarchical(std::vector<std::vector<Candidate>> chains) {
  std::vector<Candidate> winners;
  for (auto& chain : chains) {
    if (chain.empty()) continue;
    const auto weight = score_weights(chain);
    SearchResult within = choose_by_vote(std::move(chain), weight);
    winners.push_back(std::move(within.candidates[within.chosen]));
  }
  if (winners.empty()) return {};
  const auto weight = score_weights(winners);
  return choose_by_vote(std::move(winners), weight);
}

}  // namespace

Search revision(SearchContext& context, Strategy strategy) {
  std::vector<std::vector<Candidate>> chains(strategy.n / strategy.length);
  for (std::uint32_t turn = 0; turn < strategy.length; ++turn) {
    std::vector<DrawSpec> specs(chains.size());
    for (std::size_t i = 0; i < chains.size(); ++i) specs[i].from.context = context_of(chains[i], context.question());
    std::vector<Candidate> drawn = co_await context.draw(std::move(specs));
    if (context.has_verifier()) co_await context.score(drawn);
    for (std::size_t i = 0; i < drawn.size(); ++i) chains[i].push_back(std::move(drawn[i]));
    if (drawn.size() < chains.size()) break;  // out of budget
  }
  if (context.has_verifier()) co_return hierarchical(std::move(chains));
  std::vector<Candidate> all;
  for (auto& chain : chains) std::move(chain.begin(), chain.end(), std::back_inserter(all));
  if (all.empty()) co_return SearchResult{};
  co_return choose_by_vote(std::move(all), {});
}

}  // namespace autodidact
