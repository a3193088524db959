// [verifier] and [serve]: what is learnt from mistakes, and how questions are answered.

#include "config/schema_tables.hpp"

namespace autodidact {

void add_verifier_fields(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::verifier, member); };
  using V = VerifierOptions;
  f.insert(
      f.end(),
      {
          {"verifier.kind", in(&V::kind), Reload::kRestart, "", one_of({"none", "dpo", "orm", "prm"}),
           "The verifier learned from right and wrong attempts after each round. dpo: V-STaR's, by preference; orm: a head "
           "that predicts the outcome; prm: a head per step, trained on Monte-Carlo rollouts."},
          {"verifier.steps", in(&V::steps), Reload::kNextRound, "steps", between(1, 1e9), "Optimizer steps a round."},
          {"verifier.batch", in(&V::batch), Reload::kNextRound, "pairs", between(1, 65536),
           "Pairs of a right and a wrong attempt per step."},
          {"verifier.lr", in(&V::lr), Reload::kNextRound, "", above(0, 10), "Peak learning rate."},
          {"verifier.beta", in(&V::beta), Reload::kNextRound, "", above(0, 100),
           "dpo: how hard the policy is held to the one it starts from; smaller = looser."},
          {"verifier.nll_weight", in(&V::nll_weight), Reload::kNextRound, "", between(0, 100),
           "Adds this much of the right attempt's mean token NLL."},
          {"verifier.pairs_per_problem", in(&V::pairs_per_problem), Reload::kNextRound, "pairs", between(1, 65536),
           "Pairs of one problem at most, so that balanced problems do not drown the others."},
          {"verifier.score", in(&V::score), Reload::kNextRound, "",
           one_of({"likelihood", "mean_likelihood", "implicit_reward"}),
           "dpo, what candidates are ranked by: log V(y|x), the same per token, or log V(y|x) - log SFT(y|x)."},
          {"verifier.checkpoints", in(&V::checkpoints), Reload::kNextRound, "checkpoints", between(1, 1000),
           "Of a round's training; the one with the best Best-of-k on validation problems is taken."},
          {"verifier.validation_share", in(&V::validation_share), Reload::kNextRound, "share", between(0, 0.9),
           "Problems that the verifier is not trained on; they choose the checkpoint."},
          {"verifier.rollouts", in(&V::rollouts), Reload::kNextRound, "rollouts", between(1, 4096),
           "prm: completions drawn from the end of each step to label it."},
          {"verifier.label_attempts", in(&V::label_attempts), Reload::kNextRound, "attempts", between(1, 1e7),
           "prm: attempts a round whose steps are labelled."},
          {"verifier.label_every_token", in(&V::label_every_token), Reload::kNextRound, "", any(),
           "orm, prm: a label counts in equal parts at every token of its step (orm: of the completion), as in Cobbe et "
           "al., not at the last alone. Scores read the last."},
          {"verifier.likelihood_weight", in(&V::likelihood_weight), Reload::kNextRound, "", between(0, 100),
           "orm, prm: adds so much of log V(y|x) to the log odds of the value: what a small head can't see, the language "
           "model under it often can. Scoring costs a second pass."},
          {"verifier.step_labels", in(&V::step_labels), Reload::kNextRound, "", one_of({"soft", "hard"}),
           "prm: the share of a step's rollouts that end right, or whether any does."},
          {"verifier.aggregate", in(&V::aggregate), Reload::kNextRound, "", one_of({"last", "min", "product"}),
           "prm: the score of a whole attempt from those of its steps."},
      });
}

void add_serve_fields(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::serve, member); };
  using S = ServeOptions;
  f.insert(f.end(),
           {
               {"serve.share", in(&S::share), Reload::kLive, "share", between(0.01, 0.99),
                "Of the device's time that answering gets while the loop wants it too."},
               {"serve.batch", in(&S::batch), Reload::kRestart, "sequences", between(1, 65536), "Sequences decoded at once."},
               {"serve.queue", in(&S::queue), Reload::kLive, "requests", between(1, 1e6),
                "Requests waiting at most; one more is answered 503."},
               {"serve.deadline_ms", in(&S::deadline_ms), Reload::kLive, "ms", between(100, 86400000),
                "From a request's arrival to its answer."},
               {"serve.strategy", in(&S::strategy), Reload::kLive, "", any(),
                "How requests are answered that ask for reasoning and name no strategy, and `autodidact ask`; see "
                "docs/answering.md."},
               {"serve.budget_tokens", in(&S::budget_tokens), Reload::kLive, "tokens", between(1, 1e9),
                "Generated for one request at most, over all its samples."},
               {"serve.abstain_below", in(&S::abstain_below), Reload::kLive, "probability", between(0, 1),
                "Answers of less confidence are withheld; 0 = never."},
               {"serve.learn_from_requests", in(&S::learn_from_requests), Reload::kLive, "", any(),
                "Served attempts enter the replay store, and feedback on them is learnt from."},
               {"serve.max_body_kb", in(&S::max_body_kb), Reload::kRestart, "KiB", between(1, 1048576), "Of a request."},
               {"serve.connections", in(&S::connections), Reload::kRestart, "connections", between(1, 65536),
                "At once; one more closes the longest idle one."},
               {"serve.api_key_file", in(&S::api_key_file), Reload::kRestart, "path", any(),
                "Requests under /v1 must carry this file's first line as a bearer token; empty = no token."},
           });
}

}  // namespace autodidact
