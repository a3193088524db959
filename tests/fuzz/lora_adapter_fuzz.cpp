// An adapter directory's two files: adapter_config.json up to the first NUL byte, the safetensors file behind it. Whatever
// they say, they are refused or make an adapter that can be merged.

#include <cstdint>
#include <string_view>

#include "model/lora_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace autodidact;
  static const WeightsPtr base = [] {
    ModelConfig model;
    model.vocab_size = 5;
    model.hidden_size = 4;
    model.num_hidden_layers = 1;
    model.num_attention_heads = 2;
    model.num_key_value_heads = 1;
    model.head_dim = 2;
    model.intermediate_size = 3;
    model.max_position_embeddings = 4;
    return init_weights(model, 0.1, 1);
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\0');
  const auto config = parse_adapter_config(bytes.substr(0, end));
  if (!config.ok() || end == std::string_view::npos) return 0;
  const auto adapter = parse_adapter(*config, bytes.substr(end + 1), base->config);
  if (adapter.ok()) (void)merge_adapter(*base, *adapter, 1);
  return 0;
}
