#pragma once
// The tensors of a checkpoint directory, from one model.safetensors or from the shards that model.safetensors.index.json names.
// Hostile input. Free function without state: any thread may call it; it reads one shard at a time.

#include <memory>
#include <string>

#include "config/status.hpp"
#include "model/model_config.hpp"

namespace autodidact {

// The flat buffer of this shape, each tensor of its layout filled exactly once. kBadInput / kNotFound name the file and the
// tensor: one that is missing, there twice, unknown, of another shape, in another shard than the index says, not finite.
// Tensors that some writers add and nobody needs (rotary tables, GPT-2's masks, a tied head) are passed over.
Result<std::shared_ptr<const float[]>> load_tensors(const std::string& directory, const ModelConfig& config);

}  // namespace autodidact
