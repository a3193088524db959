#pragma once
// Adapters as PEFT keeps them: a directory of adapter_config.json and adapter_model.safetensors, which peft.PeftModel loads
// and writes. What is read is hostile, and what would mean another model than W + scale * B A (DoRA, ranks by pattern, trained
// biases, further saved modules, keys nobody here knows) is refused, not ignored. Free functions without state: any thread.
// Crash: the directory is there whole, as it was before, or not at all; a "<directory>.tmp-*" beside it is garbage.

#include <string>
#include <string_view>

#include "config/status.hpp"
#include "model/lora.hpp"

namespace autodidact {

// fp32. `base_model` is what adapter_config.json names as the model these belong to; empty = it names none. kCannotCreate, kIo.
Status save_adapter(const LoraAdapter& adapter, const std::string& base_model, const std::string& directory);

// For `model`, fp32, fp16 or bf16. kNotFound without the files; kBadInput names the file, and the key or the tensor.
Result<LoraAdapter> load_adapter(const std::string& directory, const ModelConfig& model);

// The same from the bytes of the two files.
Result<LoraConfig> parse_adapter_config(std::string_view json);
Result<LoraAdapter> parse_adapter(const LoraConfig& config, std::string_view safetensors, const ModelConfig& model);

}  // namespace autodidact
