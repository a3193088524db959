#include "actors/questions.hpp"

#include <algorithm>

namespace autodidact {

Questions::Questions(ContextPtr context)
    : context_(std::move(context)),
      steps_(std::make_shared<const StepBoundaries>(*context_->tokenizer, context_->task->step_separator())) {}

Result<std::shared_ptr<const Question>> Questions::of(const Problem& problem, SamplerSettings sampler,
                                                      std::uint64_t seed) const {
  AD_ASSIGN_OR_RETURN(auto prompt, context_->prompts->asked(problem, /*hinted=*/false));
  const auto room = context_->model_config.max_position_embeddings - static_cast<std::int64_t>(prompt.size());
  if (room <= 0)
    return Status(Errc::kBadInput, "the prompt has " + std::to_string(prompt.size()) + " tokens, the model has room for " +
                                       std::to_string(context_->model_config.max_position_embeddings - 1));
  return of(std::move(prompt), sampler, seed);
}

std::shared_ptr<const Question> Questions::of(std::vector<TokenId> prompt, SamplerSettings sampler, std::uint64_t seed) const {
  auto question = std::make_shared<Question>();
  question->max_positions = context_->model_config.max_position_embeddings;
  const auto room = std::max<std::int64_t>(1, question->max_positions - static_cast<std::int64_t>(prompt.size()));
  const std::int64_t wanted = sampler.max_tokens > 0 ? sampler.max_tokens : room;
  sampler.max_tokens = static_cast<std::int32_t>(std::min(wanted, room));
  question->prompt = std::move(prompt);
  question->sampler = sampler;
  question->seed = seed;
  question->ends = context_->prompts->ends();
  question->steps = steps_;
  question->text = [prompts = context_->prompts](std::span<const TokenId> tokens) { return prompts->text(tokens); };
  question->answer = [task = context_->task](const std::string& text) { return task->answer_of(text); };
  question->eos = static_cast<TokenId>(context_->model_config.eos_token_id);
  return question;
}

Result<VerifierWeights> serving_verifier(const Context& context, const VerifierOptions& options) {
  VerifierWeights weights;
  weights.verifier = context.weights->verifier();
  if (!weights.verifier || options.kind != "dpo" || options.score != "implicit_reward") return weights;
  AD_ASSIGN_OR_RETURN(const auto versions, context.store->versions());
  for (const VersionRecord& version : versions) {
    if (version.id != weights.verifier->version) continue;
    AD_ASSIGN_OR_RETURN(weights.reference, context.weights->get(version.parent));
    return weights;
  }
  return Status(Errc::kNotFound, "the store has no record of verifier " + std::to_string(weights.verifier->version));
}

}  // namespace autodidact
