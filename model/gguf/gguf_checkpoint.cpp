#include "model/gguf/gguf_checkpoint.hpp"

#include "model/config_json.hpp"
#include "model/tensor_filler.hpp"

namespace autodidact {
namespace {

using Family = ModelConfig::Family;

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

Status take_family(const GgufModelInfo& info, ModelConfig& c) {
  if (info.model_type == "llama") {
    c.attention_bias = info.attention_bias;
  } else if (info.model_type == "qwen2") {
    c.family = Family::kQwen2;
  } else if (info.model_type == "qwen3") {
    c.family = Family::kQwen3;
  } else if (info.model_type == "gpt2") {
    c.family = Family::kGpt2;
    c.position = ModelConfig::Position::kLearned;
  } else {
    return bad("a model of the kind \"" + info.model_type + "\" is not supported; llama, qwen2, qwen3 and gpt2 are");
  }
  return {};
}

Status take_scaling(const GgufModelInfo& info, RopeScaling& s) {
  if (info.rope_type == "default") return {};
  if (info.rope_type != "linear" && info.rope_type != "llama3")
    return bad("rotary positions scaled by \"" + info.rope_type + "\" are not supported");
  s.kind = info.rope_type == "linear" ? RopeScaling::Kind::kLinear : RopeScaling::Kind::kLlama3;
  s.factor = info.rope_factor;
  s.low_freq_factor = info.rope_low_freq_factor;
  s.high_freq_factor = info.rope_high_freq_factor;
  s.original_max_position_embeddings = info.rope_original_max_position_embeddings;
  return {};
}

}  // namespace

Result<ModelConfig> gguf_model_config(const GgufModelInfo& info) {
  ModelConfig c;
  AD_RETURN_IF_ERROR(take_family(info, c));
  AD_RETURN_IF_ERROR(take_scaling(info, c.rope_scaling));
  c.vocab_size = info.vocab_size;
  c.hidden_size = info.hidden_size;
  c.num_hidden_layers = info.num_hidden_layers;
  c.num_attention_heads = info.num_attention_heads;
  c.num_key_value_heads = info.num_key_value_heads;
  c.head_dim = info.head_dim;
  c.intermediate_size = info.intermediate_size;
  c.max_position_embeddings = info.max_position_embeddings;
  c.rope_theta = info.rope_theta;
  c.rms_norm_eps = info.norm_eps;
  c.tie_word_embeddings = info.tie_word_embeddings;
  c.eos_token_id = info.eos_token_id;
  c.pad_token_id = info.pad_token_id;
  // What a config.json may not say, a GGUF file may not say either.
  auto checked = read_config_json(write_config_json(c));
  if (!checked.ok()) return checked.status();
  return c;
}

Result<std::shared_ptr<const float[]>> load_gguf_tensors(const GgufFile& file, const GgufModelInfo& info,
                                                         const ModelConfig& config) {
  TensorFiller filler(config);
  for (const GgufModelTensor& tensor : info.tensors) {
    AD_RETURN_IF_ERROR(filler.take(tensor.name, tensor.shape,
                                   [&](std::span<float> to) { return read_gguf_tensor(file, info, tensor.name, to); }));
  }
  return filler.finish();
}

}  // namespace autodidact
