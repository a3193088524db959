#pragma once
// V-STaR (arXiv 2402.06457), Algorithm 1. In the paper's terms: G_base and G_SFT are version 1 (the base model after its seed
// phase), queries are the training problems. For t = 1 .. T:
//
//   G     = SFT(G_base, D_GEN)                                train_plan(): from the base, on all correct attempts so far
//   S     = k samples of each query from G                    plan()
//   D_GEN += {(x, y) : z = 1}, D_VER += {(x, y, z)}           select(); the store keeps both, right and wrong
//   V     = DPO(init = G_SFT, ref = G_SFT, D_pref)            verifier_plan(): pairs y+, y- of D_VER, see preference.hpp
//
// Test time: sample k from G, answer with argmax log V(y|x). The paper trains V once, behind the last round; here each round
// ends with one, from G_SFT on all data so far, so that Best-of-k is known round by round: the last one is the paper's. Nothing
// is rationalized. The verifier may be an outcome or a process reward model instead (verifier.kind), as a baseline. Immutable;
// any thread.

#include <memory>

#include "methods/method.hpp"

namespace autodidact {

Result<std::shared_ptr<const Method>> make_vstar(const Options& options, std::shared_ptr<const Task> task);

}  // namespace autodidact
