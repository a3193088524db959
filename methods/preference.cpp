#include "methods/preference.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <unordered_set>

#include "config/status.hpp"
#include "tasks/counter_hash.hpp"
#include "tasks/shuffle.hpp"

namespace autodidact {
namespace {

// Streams of counter_hash() that nothing else of a run uses.
constexpr std::uint64_t kValidationStream = 0x7661'6c69, kPairStream = 0x7061'6972;

struct Graded {
  std::vector<AttemptId> right, wrong;  // each text once
};

// By problem, each one's attempts in the order of their ids: what is drawn does not depend on the order of `attempts`.
std::map<ProblemId, Graded> by_problem(std::span<const GradedAttempt> attempts) {
  std::vector<GradedAttempt> oldest_first(attempts.begin(), attempts.end());
  std::sort(oldest_first.begin(), oldest_first.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::map<ProblemId, Graded> problems;
  std::unordered_set<std::uint64_t> seen;
  for (const GradedAttempt& attempt : oldest_first) {
    if (!seen.insert(counter_hash({attempt.problem, attempt.hash})).second) continue;
    Graded& graded = problems[attempt.problem];
    (attempt.correct ? graded.right : graded.wrong).push_back(attempt.id);
  }
  return problems;
}

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

}  // namespace

bool is_validation(ProblemId problem, double share, std::uint64_t seed) {
  return unit(counter_hash({seed, kValidationStream, problem})) < share;
}

std::vector<PreferencePair> draw_pairs(std::span<const GradedAttempt> attempts, std::uint64_t per_problem, std::uint64_t seed) {
  std::vector<PreferencePair> pairs;
  for (const auto& [problem, graded] : by_problem(attempts)) {
    const std::uint64_t wrong = graded.wrong.size(), product = graded.right.size() * wrong;
    const std::uint64_t key = counter_hash({seed, kPairStream, problem});
    for (std::uint64_t i = 0; i < std::min(per_problem, product); ++i) {
      const std::uint64_t drawn = shuffled(i, product, key);
      pairs.push_back({graded.right[drawn / wrong], graded.wrong[drawn % wrong]});
    }
  }
  return pairs;
}

PreferenceStats weigh_pairs(std::span<TrainExample> batch, std::span<const double> policy, std::span<const double> reference,
                            const VerifierOptions& options) {
  AD_REQUIRE(batch.size() % 2 == 0 && policy.size() == batch.size() && reference.size() == batch.size(),
             "weigh_pairs() wants pairs with both log-probabilities of each");
  PreferenceStats stats;
  const double pairs = static_cast<double>(batch.size()) / 2;
  for (std::size_t i = 0; i < batch.size(); i += 2) {
    const double margin = options.beta * ((policy[i] - reference[i]) - (policy[i + 1] - reference[i + 1]));
    const double push = options.beta * sigmoid(-margin);
    const auto tokens = static_cast<double>(batch[i].tokens.size() - batch[i].prompt_length);
    batch[i].weight = static_cast<float>(push + options.nll_weight / tokens);
    batch[i + 1].weight = static_cast<float>(-push);
    stats.loss += softplus(-margin) / pairs;
    stats.accuracy += (margin > 0 ? 1 : 0) / pairs;
    stats.margin += margin / pairs;
  }
  return stats;
}

}  // namespace autodidact
