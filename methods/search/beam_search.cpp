// Search against a process verifier (arXiv 2408.03314, section 5): sample n first steps, keep the best n / width, go on from
// each `width` times, and so on for 40 rounds at most; the whole candidates are then chosen among by weighted best-of-N.
// Lookahead-k scores a step by the verifier's value at the end of k further steps drawn greedily: n (k + 1) draws of steps.

#include <algorithm>
#include <iterator>
#include <set>

#include "methods/search/search.hpp"

namespace autodidact {
namespace {

constexpr std::uint32_t kMaxRounds = 40;

// One of each: equal beams have equal scores and would crowd out all others.
void deduplicate(std::vector<Candidate>& beams) {
  std::set<std::vector<TokenId>> seen;
  std::erase_if(beams, [&](const Candidate& beam) { return !seen.insert(beam.tokens).second; });
}

void keep_best(std::vector<Candidate>& beams, std::size_t count) {
  deduplicate(beams);
  std::stable_sort(beams.begin(), beams.end(),
                   [](const Candidate& a, const Candidate& b) { return score_of(a) > score_of(b); });
  if (beams.size() > count) beams.resize(count);
}

// Whole ones and those that are cut go to `ended`; the others stay.
void set_aside(std::vector<Candidate>& beams, std::uint32_t max_tokens, std::vector<Candidate>& ended) {
  const auto goes_on = [&](const Candidate& beam) { return !beam.whole && beam.tokens.size() < max_tokens; };
  const auto first_ended = std::stable_partition(beams.begin(), beams.end(), goes_on);
  std::move(first_ended, beams.end(), std::back_inserter(ended));
  beams.erase(first_ended, beams.end());
}

std::vector<DrawSpec> expansions(const std::vector<Candidate>& beams, std::size_t total) {
  std::vector<DrawSpec> specs;
  for (std::size_t i = 0; i < total; ++i) {
    DrawSpec spec;
    if (!beams.empty()) spec.from = beams[i % beams.size()];
    spec.steps = 1;
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

Search beam_search(SearchContext& context, Strategy strategy) {
  const std::uint32_t max_tokens = static_cast<std::uint32_t>(context.question().sampler.max_tokens);
  std::vector<Candidate> beams, ended;
  for (std::uint32_t round = 0; round < kMaxRounds && ended.size() < strategy.n; ++round) {
    const std::size_t total = strategy.n - ended.size();
    std::vector<Candidate> grown = co_await context.draw(expansions(beams, total));
    if (grown.empty()) break;
    const bool out_of_budget = grown.size() < total;
    if (strategy.name == "lookahead") {
      std::vector<DrawSpec> ahead;
      std::vector<std::size_t> of;
      for (std::size_t i = 0; i < grown.size(); ++i) {
        if (grown[i].whole) continue;
        DrawSpec spec;
        spec.from = grown[i];
        spec.steps = strategy.k;
        spec.greedy = true;
        ahead.push_back(std::move(spec));
        of.push_back(i);
      }
      std::vector<Candidate> seen = co_await context.draw(std::move(ahead));
      co_await context.score(seen);
      co_await context.score(grown);
      for (std::size_t i = 0; i < seen.size(); ++i) grown[of[i]].score->score = score_of(seen[i]);
    } else {
      co_await context.score(grown);
    }
    set_aside(grown, max_tokens, ended);
    beams = std::move(grown);
    if (beams.empty() || out_of_budget) break;
    const std::size_t wanted = strategy.n - std::min<std::size_t>(ended.size(), strategy.n);
    keep_best(beams, std::max<std::size_t>(1, wanted / strategy.width));
  }
  if (ended.empty()) ended = std::move(beams);  // nothing came to an end within the budget
  if (ended.empty()) co_return SearchResult{};
  const auto weight = score_weights(ended);
  co_return choose_by_vote(std::move(ended), weight);
}

}  // namespace autodidact
