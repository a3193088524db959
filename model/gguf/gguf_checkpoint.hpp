#pragma once
// A GGUF file's model as ours: its shape and its tensors in the flat buffer. Free functions without state; any thread.

#include <memory>

#include "config/status.hpp"
#include "model/gguf/gguf_model.hpp"
#include "model/model_config.hpp"

namespace autodidact {

// kBadInput: what this runtime cannot compute (another way to scale positions, a family it does not know).
Result<ModelConfig> gguf_model_config(const GgufModelInfo& info);
// Every tensor of the shape, dequantized to fp32; see load_tensors().
Result<std::shared_ptr<const float[]>> load_gguf_tensors(const GgufFile& file, const GgufModelInfo& info,
                                                         const ModelConfig& config);

}  // namespace autodidact
