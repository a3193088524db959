#pragma once
// STaR, "Self-Taught Reasoner" (arXiv 2203.14465), Algorithm 1. In the paper's terms: model M, problems x_i with answers y_i,
// rationales r. For n = 1 .. N:
//
//   (r_i, a_i)   ~ M_{n-1}( . | x_i)                    plan()
//   (r'_i, a'_i) ~ M_{n-1}( . | add_hint(x_i, y_i))     follow_up(), for each i with a_i != y_i: rationalization
//   D_n     = {(x_i, r_i, y_i)  : a_i = y_i}            select()
//   D_n^rat = {(x_i, r'_i, y_i) : a_i != y_i, a'_i = y_i}  select(); the hint is gone from x_i: make_example()
//   M_n     = train(M, D_n u D_n^rat)                   train_plan(): from M, not M_{n-1}, unless method.init = "previous"
//
// This is policy gradient on J = sum_i E_{(r,a) ~ M(.|x_i)} [ 1(a = y_i) ], whose gradient is
// sum_i E[ 1(a = y_i) grad log M(a, r | x_i) ]: a 0/1 reward without baseline. It departs from that by decoding greedily, by
// taking many steps on one set of samples, and by using the hinted samples without importance weights.
// The model here is not pretrained: its phase 0, base_plan(), learns a set of worked examples; these stand for the paper's
// few-shot prompt set P. Immutable; any thread.

#include <memory>

#include "methods/method.hpp"

namespace autodidact {

Result<std::shared_ptr<const Method>> make_star(const Options& options, std::shared_ptr<const Task> task);

}  // namespace autodidact
