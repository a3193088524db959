// The shape that a configuration asks for, checked.

#include "model/model_config.hpp"

namespace autodidact {
namespace {

Result<ModelConfig::Position> position_of(const std::string& text) {
  if (text == "rope") return ModelConfig::Position::kRope;
  if (text == "learned") return ModelConfig::Position::kLearned;
  if (text == "none") return ModelConfig::Position::kNone;
  return {Errc::kConfig, "model.position: expected rope, learned or none, got \"" + text + "\""};
}

}  // namespace

Dtype compute_dtype(const ModelOptions& options) { return options.dtype == "bfloat16" ? Dtype::kBf16 : Dtype::kF32; }

Result<ModelConfig> make_model_config(const ModelOptions& options, std::int32_t vocab_size, TokenId eos, TokenId pad) {
  const auto bad = [](const std::string& what) { return Status(Errc::kConfig, what); };
  AD_ASSIGN_OR_RETURN(const auto position, position_of(options.position));
  if (vocab_size < 2) return bad("model: a vocabulary of " + std::to_string(vocab_size) + " tokens; at least 2 are needed");
  if (options.d_model < 1 || options.layers < 1 || options.heads < 1 || options.kv_heads < 1 || options.ffn < 1)
    return bad("model: d_model, layers, heads, kv_heads and ffn must all be at least 1");
  if (options.max_positions < 2) return bad("model.max_positions: at least 2");
  if (options.d_model % options.heads != 0)
    return bad("model.heads: " + std::to_string(options.heads) + " does not divide d_model " + std::to_string(options.d_model));
  if (options.heads % options.kv_heads != 0)
    return bad("model.kv_heads: " + std::to_string(options.kv_heads) + " does not divide heads " +
               std::to_string(options.heads));
  if (position == ModelConfig::Position::kRope && options.d_model / options.heads % 2 != 0)
    return bad("model.heads: rotary positions need an even head size, d_model / heads = " +
               std::to_string(options.d_model / options.heads));
  if (options.random_offset < 0 || options.random_offset >= options.max_positions)
    return bad("model.random_offset: must be in [0, max_positions)");
  ModelConfig config;
  config.vocab_size = vocab_size;
  config.hidden_size = options.d_model;
  config.num_hidden_layers = options.layers;
  config.num_attention_heads = options.heads;
  config.num_key_value_heads = options.kv_heads;
  config.head_dim = options.d_model / options.heads;
  config.intermediate_size = options.ffn;
  config.max_position_embeddings = options.max_positions;
  config.rope_theta = options.rope_theta;
  config.rms_norm_eps = options.norm_eps;
  config.tie_word_embeddings = options.tie_embeddings;
  config.position = position;
  config.random_offset = options.random_offset;
  config.eos_token_id = eos;
  config.pad_token_id = pad;
  return config;
}

}  // namespace autodidact
