#pragma once
// What model a run begins with: the checkpoint that model.checkpoint names, or random weights of the shape in [model] over the
// task's alphabet. A value; any thread.

#include <memory>

#include "actors/prompts.hpp"
#include "config/options.hpp"
#include "model/checkpoint_source.hpp"

namespace autodidact {

struct StartModel {
  std::shared_ptr<const CheckpointSource> source;  // null: random weights
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const Prompts> prompts;
  ModelConfig config;  // of a checkpoint, cut to model.max_positions
  CheckpointFiles files;
};
// kConfig, or what is wrong with the checkpoint.
Result<StartModel> open_start_model(const Options& options, const std::shared_ptr<const Task>& task);

}  // namespace autodidact
