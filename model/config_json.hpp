#pragma once
// ModelConfig to and from Hugging Face's config.json. Free functions without state: any thread may call them.

#include <string>
#include <string_view>

#include "config/status.hpp"
#include "model/weights.hpp"

namespace autodidact {

// A Llama, Qwen2, Qwen3 or GPT-2 that `transformers` loads. Llama blocks with learned or no positions have no class there:
// model_type is then "autodidact", so that nobody loads it as a Llama and gets nonsense.
std::string write_config_json(const ModelConfig& config, Dtype dtype = Dtype::kF32);
std::string write_generation_config_json(const ModelConfig& config);

// kBadInput names the key. What this runtime cannot compute (sliding windows, other activations, other ways to scale positions)
// is refused.
Result<ModelConfig> read_config_json(std::string_view text);

}  // namespace autodidact
