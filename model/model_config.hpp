#pragma once
// The shape of a model, and where each of its tensors lies in the flat buffer. A value; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

// What stretches rotary positions beyond the length a model was first trained on (config.json: rope_scaling).
struct RopeScaling {
  enum class Kind : std::uint8_t { kNone = 0, kLinear = 1, kLlama3 = 2 } kind = Kind::kNone;
  double factor = 1;
  // kLlama3 only: wavelengths above original / low_freq_factor are stretched by factor, those below original /
  // high_freq_factor are kept, between them the two are mixed.
  double low_freq_factor = 1, high_freq_factor = 4;
  std::int64_t original_max_position_embeddings = 8192;
  friend bool operator==(const RopeScaling&, const RopeScaling&) = default;
};

// A decoder-only transformer; names as in Hugging Face's config.json where it has one.
struct ModelConfig {
  // kLlama: Llama 1 to 3, SmolLM2, and the models made from nothing here. kQwen2 is Qwen2.5 too.
  enum class Family : std::uint8_t { kLlama = 0, kQwen2 = 1, kQwen3 = 2, kGpt2 = 3 } family = Family::kLlama;
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 64;
  std::int64_t num_hidden_layers = 3;
  std::int64_t num_attention_heads = 4;
  std::int64_t num_key_value_heads = 4;
  std::int64_t head_dim = 16;
  std::int64_t intermediate_size = 192;
  std::int64_t max_position_embeddings = 160;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  double rms_norm_eps = 1e-5;  // kGpt2: of its LayerNorms
  bool tie_word_embeddings = true;
  bool attention_bias = false;  // Llama, Qwen3: of q, k, v and o
  bool mlp_bias = false;        // Llama
  bool value_head = false;      // a value per position beside the vocabulary's logits: model/value_head.hpp
  enum class Position : std::uint8_t { kRope = 0, kLearned = 1, kNone = 2 } position = Position::kRope;
  std::int64_t random_offset = 0;  // training only
  TokenId eos_token_id = 1, pad_token_id = 0;

  bool layer_norm() const { return family == Family::kGpt2; }  // with mean and bias, else RMSNorm
  bool gated_mlp() const { return family != Family::kGpt2; }   // silu(gate) * up, else gelu
  bool qk_norm() const { return family == Family::kQwen3; }    // RMSNorm of each query and key head
  bool has_qkv_bias() const { return attention_bias || family == Family::kQwen2 || family == Family::kGpt2; }
  bool has_o_bias() const { return attention_bias || family == Family::kGpt2; }
  bool has_mlp_bias() const { return mlp_bias || family == Family::kGpt2; }

  std::int64_t parameter_count() const;
  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};
// Shape from [model] and a tokenizer's vocabulary. kConfig when heads do not divide and the like.
Result<ModelConfig> make_model_config(const ModelOptions& options, std::int32_t vocab_size, TokenId eos, TokenId pad);

// Widths of the fused projections: what q, k, v (and gate, up) give as one matrix.
inline std::int64_t q_width(const ModelConfig& c) { return c.num_attention_heads * c.head_dim; }
inline std::int64_t kv_width(const ModelConfig& c) { return c.num_key_value_heads * c.head_dim; }
inline std::int64_t qkv_width(const ModelConfig& c) { return q_width(c) + 2 * kv_width(c); }
inline std::int64_t up_width(const ModelConfig& c) { return c.intermediate_size * (c.gated_mlp() ? 2 : 1); }

enum class Dtype : std::uint8_t { kF32, kF16, kBf16 };  // of values in a file, or of matrices while they are multiplied
Dtype compute_dtype(const ModelOptions& options);       // model.dtype

// Where one named tensor lies in the flat buffer. Names are Hugging Face's ("model.layers.0.self_attn.q_proj.weight"),
// matrices are [out, in], row-major.
struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  std::size_t offset = 0;   // in floats
  std::size_t size = 0;     // in floats
  bool transposed = false;  // a checkpoint holds it as [in, out] (GPT-2's Conv1D)
};
// The one order of tensors in the flat buffer, for this shape.
std::vector<TensorView> tensor_layout(const ModelConfig& config);

// The same as offsets, in floats. q, k, v lie together and so do gate and up: each group is one matrix to the kernels, and
// so are their biases.
constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
struct NormOffsets {
  std::size_t weight = kAbsent, bias = kAbsent;
};
struct LinearOffsets {
  std::size_t weight = kAbsent, bias = kAbsent;
};
struct LayerOffsets {
  NormOffsets attention_norm;
  LinearOffsets qkv;
  std::size_t q_norm = kAbsent, k_norm = kAbsent;
  LinearOffsets o;
  NormOffsets mlp_norm;
  LinearOffsets up, down;  // up: gate and up when gated
};
struct WeightOffsets {
  std::size_t embed = 0, positions = kAbsent, head = 0, size = 0;  // head == embed when tied
  NormOffsets final_norm;
  LinearOffsets score;  // of the value head: [1, hidden_size] and [1]
  std::vector<LayerOffsets> layers;
};
WeightOffsets weight_offsets(const ModelConfig& config);

}  // namespace autodidact
