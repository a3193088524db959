#pragma once
// Closed forms over the subsets of k of N candidates: what drawing k afresh would give on average, from one draw of N >= k.
// Unbiased, and of far less variance than drawing k again and again. Pure; any thread.

#include <cstdint>

#include "methods/estimators/judged_candidate.hpp"

namespace autodidact {

// Chen et al. 2021: the probability that a random k-subset of n candidates holds one of the c correct ones,
// 1 - C(n-c, k) / C(n, k). 1 <= k <= n, c <= n.
double pass_at_k(std::uint64_t n, std::uint64_t c, std::uint64_t k);
double pass_at_k(JudgedCandidates candidates, std::uint64_t k);

// V-STaR's Best-of-k (Hosseini et al. 2024): the probability that the highest scored of a random k-subset is correct,
// sum_i w_i alpha_i over the ranks, w_i = C(N-i-1, k-1) / C(N, k). Of equally scored ones each is as likely to be taken as
// another; candidates without a score rank below all others, equal among themselves. 1 <= k <= N.
double best_of_k(JudgedCandidates candidates, std::uint64_t k);

}  // namespace autodidact
