#pragma once
// Makes the run's problems, and what users ask, into questions that searches answer. Owned by whoever searches (evaluator,
// answerer); immutable, any thread. Nothing survives a crash.

#include <memory>
#include <string>

#include "actors/context.hpp"
#include "methods/search/candidate.hpp"

namespace autodidact {

class Questions {
 public:
  explicit Questions(ContextPtr context);

  // As training samples it. kBadInput: it does not fit the model.
  Result<std::shared_ptr<const Question>> of(const Problem& problem, SamplerSettings sampler, std::uint64_t seed) const;
  // Over a prompt that is tokens already. max_tokens 0: as many as fit.
  std::shared_ptr<const Question> of(std::vector<TokenId> prompt, SamplerSettings sampler, std::uint64_t seed) const;

 private:
  const ContextPtr context_;
  const std::shared_ptr<const StepBoundaries> steps_;
};

// What scores candidates now: the verifier that serves, and for the implicit reward the version it was trained from. Both null
// without a verifier.
Result<VerifierWeights> serving_verifier(const Context& context, const VerifierOptions& options);

}  // namespace autodidact
