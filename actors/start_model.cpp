#include "actors/start_model.hpp"

#include <algorithm>

namespace autodidact {
namespace {

Result<StartModel> from_checkpoint(const Options& options) {
  StartModel start;
  auto source = CheckpointSource::open(options.model.checkpoint);
  if (!source.ok()) return source.status().with_context("model.checkpoint");
  start.source = *source;
  start.tokenizer = start.source->tokenizer();
  start.files = start.source->files();
  start.config = start.source->config();
  start.config.eos_token_id = start.tokenizer->eos();
  start.config.pad_token_id = start.tokenizer->pad();
  if (start.tokenizer->vocab_size() > start.config.vocab_size)
    return Status(Errc::kBadInput, "model.checkpoint: its tokenizer has " + std::to_string(start.tokenizer->vocab_size()) +
                                       " tokens, its embedding " + std::to_string(start.config.vocab_size));
  // Learned positions are weights: cutting them off would change the checkpoint.
  if (start.config.position != ModelConfig::Position::kLearned)
    start.config.max_position_embeddings = std::min(start.config.max_position_embeddings, options.model.max_positions);
  return start;
}

Result<StartModel> from_nothing(const Options& options, const Task& task) {
  StartModel start;
  AD_ASSIGN_OR_RETURN(start.tokenizer, make_char_tokenizer(task.alphabet()));
  const Tokenizer& t = *start.tokenizer;
  start.files = {{"tokenizer.json", t.to_json()}};
  AD_ASSIGN_OR_RETURN(start.config, make_model_config(options.model, t.vocab_size(), t.eos(), t.pad()));
  return start;
}

}  // namespace

Result<StartModel> open_start_model(const Options& options, const std::shared_ptr<const Task>& task) {
  AD_ASSIGN_OR_RETURN(StartModel start,
                      options.model.checkpoint.empty() ? from_nothing(options, *task) : from_checkpoint(options));
  const std::time_t now = options.deterministic ? 0 : std::time(nullptr);
  AD_ASSIGN_OR_RETURN(start.prompts,
                      Prompts::make(task, start.tokenizer, start.source ? start.source->chat_template() : nullptr, now));
  return start;
}

}  // namespace autodidact
