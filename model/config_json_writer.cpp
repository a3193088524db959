#include <nlohmann/json.hpp>

#include "model/config_json.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Family = ModelConfig::Family;
using Position = ModelConfig::Position;

const char* position_name(Position position) {
  return position == Position::kRope ? "rope" : position == Position::kLearned ? "learned" : "none";
}

json token_or_null(TokenId id) { return id < 0 ? json() : json(id); }

ordered_json write_gpt2(const ModelConfig& c) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", c.vocab_size},
          {"n_embd", c.hidden_size},
          {"n_layer", c.num_hidden_layers},
          {"n_head", c.num_attention_heads},
          {"n_inner", c.intermediate_size},
          {"n_positions", c.max_position_embeddings},
          {"activation_function", "gelu_new"},
          {"layer_norm_epsilon", c.rms_norm_eps},
          {"attn_pdrop", 0.0},
          {"embd_pdrop", 0.0},
          {"resid_pdrop", 0.0},
          {"tie_word_embeddings", c.tie_word_embeddings},
          {"bos_token_id", nullptr},
          {"eos_token_id", token_or_null(c.eos_token_id)},
          {"pad_token_id", token_or_null(c.pad_token_id)},
          {"torch_dtype", "float32"}};
}

ordered_json write_scaling(const RopeScaling& s) {
  if (s.kind == RopeScaling::Kind::kNone) return nullptr;
  if (s.kind == RopeScaling::Kind::kLinear) return {{"rope_type", "linear"}, {"factor", s.factor}};
  return {{"rope_type", "llama3"},
          {"factor", s.factor},
          {"low_freq_factor", s.low_freq_factor},
          {"high_freq_factor", s.high_freq_factor},
          {"original_max_position_embeddings", s.original_max_position_embeddings}};
}

// The class that computes this, and its model_type; ours where transformers has none.
struct Names {
  const char *architecture, *model_type;
};
Names names_of(const ModelConfig& c) {
  if (c.position != Position::kRope) return {"AutodidactForCausalLM", "autodidact"};
  switch (c.family) {
    case Family::kQwen2: return {"Qwen2ForCausalLM", "qwen2"};
    case Family::kQwen3: return {"Qwen3ForCausalLM", "qwen3"};
    default: return {"LlamaForCausalLM", "llama"};
  }
}

ordered_json write_llama(const ModelConfig& c) {
  const Names names = names_of(c);
  ordered_json out = {{"architectures", {names.architecture}},
                      {"model_type", names.model_type},
                      {"vocab_size", c.vocab_size},
                      {"hidden_size", c.hidden_size},
                      {"intermediate_size", c.intermediate_size},
                      {"num_hidden_layers", c.num_hidden_layers},
                      {"num_attention_heads", c.num_attention_heads},
                      {"num_key_value_heads", c.num_key_value_heads},
                      {"head_dim", c.head_dim},
                      {"max_position_embeddings", c.max_position_embeddings},
                      {"hidden_act", "silu"},
                      {"rms_norm_eps", c.rms_norm_eps},
                      {"rope_theta", c.rope_theta},
                      {"rope_scaling", write_scaling(c.rope_scaling)},
                      {"attention_bias", c.attention_bias},
                      {"attention_dropout", 0.0},
                      {"mlp_bias", c.mlp_bias},
                      {"tie_word_embeddings", c.tie_word_embeddings},
                      {"bos_token_id", nullptr},
                      {"eos_token_id", token_or_null(c.eos_token_id)},
                      {"pad_token_id", token_or_null(c.pad_token_id)},
                      {"torch_dtype", "float32"},
                      {"use_cache", true},
                      {"autodidact", {{"position", position_name(c.position)}, {"random_offset", c.random_offset}}}};
  if (c.position != Position::kRope)
    out["autodidact"]["note"] =
        "Llama blocks without rotary positions; learned ones are model.embed_positions.weight, added to the token embedding. "
        "transformers has no class for this.";
  return out;
}

}  // namespace

std::string write_config_json(const ModelConfig& c, Dtype dtype) {
  ordered_json out = c.family == Family::kGpt2 ? write_gpt2(c) : write_llama(c);
  if (c.value_head) {
    std::string name = out["architectures"][0];
    const std::size_t causal = std::min(name.find("ForCausalLM"), name.find("LMHeadModel"));
    out["architectures"][0] = name.substr(0, causal) + "ForTokenClassification";
    out["num_labels"] = 1;
    out["id2label"] = {{"0", "right"}};
    out["label2id"] = {{"right", 0}};
  }
  out["torch_dtype"] = dtype == Dtype::kF32 ? "float32" : dtype == Dtype::kBf16 ? "bfloat16" : "float16";
  return out.dump(2) + "\n";
}

std::string write_generation_config_json(const ModelConfig& c) {
  json out = json::object();
  if (c.eos_token_id >= 0) out["eos_token_id"] = c.eos_token_id;
  if (c.pad_token_id >= 0) out["pad_token_id"] = c.pad_token_id;
  return out.dump(2) + "\n";
}

}  // namespace autodidact
