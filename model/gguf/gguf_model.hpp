#pragma once
// A GGUF file as the Hugging Face checkpoint it was converted from: the shape, the tensors under their Hugging Face names, and
// their values in Hugging Face's layout (llama.cpp's converter reorders the rows of Llama's queries and keys and transposes
// GPT-2's matrices; that is undone). Free functions without state; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/gguf/gguf_file.hpp"

namespace autodidact {

struct GgufModelTensor {
  std::string name;                 // Hugging Face's: "model.layers.0.self_attn.q_proj.weight"
  std::vector<std::int64_t> shape;  // Hugging Face's: [out, in]; GPT-2's c_attn, c_fc and c_proj are [in, out]
  std::string gguf_name;            // "blk.0.attn_q.weight"
  enum class Layout : std::uint8_t { kSame, kPairedRows, kTransposed } layout = Layout::kSame;
};

// Names as in config.json; what a family does not have keeps its default.
struct GgufModelInfo {
  std::string model_type;  // llama, qwen2, qwen3, gpt2
  std::int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0, num_attention_heads = 0,
               num_key_value_heads = 0, head_dim = 0, max_position_embeddings = 0;
  double norm_eps = 0;  // rms_norm_eps; layer_norm_epsilon of GPT-2
  double rope_theta = 10000;
  std::string rope_type = "default";  // or linear, yarn, llama3
  double rope_factor = 1, rope_low_freq_factor = 1, rope_high_freq_factor = 4;
  std::int64_t rope_original_max_position_embeddings = 0;
  bool tie_word_embeddings = false;
  bool attention_bias = false;  // q, k and v have one
  TokenId bos_token_id = -1, eos_token_id = -1, pad_token_id = -1;
  std::vector<GgufModelTensor> tensors;  // in the file's order
};

// kBadInput names the key or tensor that is missing, out of range, of another shape than the keys say, or not part of the
// family.
Result<GgufModelInfo> read_gguf_model(const GgufFile& file);

// `info`: what read_gguf_model(file) gave. kNotFound: no such tensor; kBadInput as for GgufFile::read, or when `to` is not of
// the tensor's size.
Status read_gguf_tensor(const GgufFile& file, const GgufModelInfo& info, const std::string& name, std::span<float> to);

}  // namespace autodidact
