// The shape: checks, and the one order of tensors in the flat buffer.

#include "model/packed_weights.hpp"
#include "model/weights.hpp"

namespace autodidact {
namespace {

Result<ModelConfig::Position> position_of(const std::string& text) {
  if (text == "rope") return ModelConfig::Position::kRope;
  if (text == "learned") return ModelConfig::Position::kLearned;
  if (text == "none") return ModelConfig::Position::kNone;
  return {Errc::kConfig, "model.position: expected rope, learned or none, got \"" + text + "\""};
}

}  // namespace

std::int64_t ModelConfig::parameter_count() const { return static_cast<std::int64_t>(weight_offsets(*this).size); }

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

std::vector<TensorView> tensor_layout(const ModelConfig& c) {
  std::vector<TensorView> layout;
  std::size_t at = 0;
  const auto matrix = [&](std::string name, std::int64_t rows, std::int64_t columns) {
    layout.push_back({std::move(name), {rows, columns}, at, static_cast<std::size_t>(rows * columns)});
    at += layout.back().size;
  };
  const auto norm = [&](std::string name) {
    layout.push_back({std::move(name), {c.hidden_size}, at, static_cast<std::size_t>(c.hidden_size)});
    at += layout.back().size;
  };
  matrix("model.embed_tokens.weight", c.vocab_size, c.hidden_size);
  if (c.position == ModelConfig::Position::kLearned)
    matrix("model.embed_positions.weight", c.max_position_embeddings, c.hidden_size);
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    norm(layer + "input_layernorm.weight");
    matrix(layer + "self_attn.q_proj.weight", q_width(c), c.hidden_size);
    matrix(layer + "self_attn.k_proj.weight", kv_width(c), c.hidden_size);
    matrix(layer + "self_attn.v_proj.weight", kv_width(c), c.hidden_size);
    matrix(layer + "self_attn.o_proj.weight", c.hidden_size, q_width(c));
    norm(layer + "post_attention_layernorm.weight");
    matrix(layer + "mlp.gate_proj.weight", c.intermediate_size, c.hidden_size);
    matrix(layer + "mlp.up_proj.weight", c.intermediate_size, c.hidden_size);
    matrix(layer + "mlp.down_proj.weight", c.hidden_size, c.intermediate_size);
  }
  norm("model.norm.weight");
  if (!c.tie_word_embeddings) matrix("lm_head.weight", c.vocab_size, c.hidden_size);
  return layout;
}

}  // namespace autodidact
