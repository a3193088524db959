#pragma once
// What a verifier learns from: right and wrong attempts at the same problem. V-STaR's D_pref and the DPO loss on it (arXiv
// 2402.06457, section 2.2; arXiv 2305.18290). Pure functions of their arguments; any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "config/options.hpp"
#include "config/types.hpp"
#include "model/train_example.hpp"

namespace autodidact {

struct GradedAttempt {
  AttemptId id = 0;
  ProblemId problem = 0;
  bool correct = false;
  std::uint64_t hash = 0;   // token_hash() of its completion
  std::uint32_t round = 0;  // 0: a seed
};

// Problems a verifier is never trained on; they choose its checkpoint. The same ones in every round and run of a seed.
bool is_validation(ProblemId problem, double share, std::uint64_t seed);

struct PreferencePair {
  AttemptId chosen = 0, rejected = 0;
};
// At most `per_problem` pairs of each problem, without repetition, drawn from the product of its distinct right and distinct
// wrong attempts: the whole product would give balanced problems most of the weight. Problems without either give none.
std::vector<PreferencePair> draw_pairs(std::span<const GradedAttempt> attempts, std::uint64_t per_problem, std::uint64_t seed);

struct PreferenceStats {
  double loss = 0;      // mean of -log sigmoid(rhat(y+) - rhat(y-)), nats
  double accuracy = 0;  // share of pairs with rhat(y+) > rhat(y-)
  double margin = 0;    // mean of rhat(y+) - rhat(y-)
};
// Batch: y+, y-, y+, y- …; `policy` and `reference`: log V(y|x) and log G_SFT(y|x), sums over the completion. Sets the weights
// whose weighted NLL has the gradient of
//
//   L = - sum_pairs log sigmoid( rhat(x, y+) - rhat(x, y-) ),   rhat(x, y) = beta log( V(y|x) / G_SFT(y|x) )
//
// since dL / d log V(y+|x) = -beta sigmoid(rhat(y-) - rhat(y+)) = - dL / d log V(y-|x); with nll_weight > 0 the chosen one's
// mean token NLL counts as much more.
PreferenceStats weigh_pairs(std::span<TrainExample> batch, std::span<const double> policy, std::span<const double> reference,
                            const VerifierOptions& options);

}  // namespace autodidact
