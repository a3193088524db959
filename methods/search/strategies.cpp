#include "methods/search/search.hpp"

namespace autodidact {

Search run_strategy(SearchContext& context, const Strategy& strategy) {
  if (strategy.name == "beam" || strategy.name == "lookahead") return beam_search(context, strategy);
  if (strategy.name == "dvts") return tree_search(context, strategy);
  if (strategy.name == "auto") return auto_search(context);
  if (strategy.name == "revise") return revision(context, strategy);
  return repeated_sampling(context, strategy);
}

}  // namespace autodidact
