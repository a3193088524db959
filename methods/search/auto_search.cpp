// Compute-optimal test-time search (arXiv 2408.03314, section 3): a greedy completion, and some samples when one is not enough,
// tell how hard the question is, and a table fitted on held-out questions tells what is best for such questions within such a
// budget. They are part of the budget, and the strategies that draw whole completions take them as their first ones.

#include "methods/compute_optimal/strategy_table.hpp"
#include "methods/search/search.hpp"

namespace autodidact {
namespace {

bool answers(const SearchResult& result) {
  return !result.candidates.empty() && !result.candidates[result.chosen].answer.empty();
}

}  // namespace

Search auto_search(SearchContext& context) {
  const StrategyTable& table = *context.table();
  std::vector<DrawSpec> specs(table.probes);
  specs.front().greedy = true;  // an easy question is answered best so, and then costs no more
  std::vector<Candidate> probes = co_await context.draw(std::move(specs));
  const bool scored = needs_verifier(table.measure);
  if (scored) co_await context.score(probes);
  Probing probing;
  probing.difficulty = predicted_difficulty(table.measure, probes);
  probing.tokens = context.tokens_spent();
  const Strategy strategy = table.choose(probing.difficulty, context.budget());
  probing.strategy = strategy.text();
  context.keep(probes);
  SearchResult result = co_await run_strategy(context, strategy);
  // The strategy drew on its own and came to no answer within what was left: those of the probes are paid for.
  if (!answers(result) && !probes.empty()) {
    const auto weight = scored ? score_weights(probes) : std::function<double(const Candidate&)>();
    result = choose_by_vote(std::move(probes), weight);
  }
  result.probing = std::move(probing);
  co_return result;
}

}  // namespace autodidact
