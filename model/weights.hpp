#pragma once
// A published version of the weights: one flat fp32 buffer, immutable for ever, shared by pointer. Publishing is storing a
// std::shared_ptr<const Weights>; nothing is copied. Any thread may read one.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

// Shape of a decoder-only transformer in the Llama family; names as in Hugging Face's config.json where it has one.
struct ModelConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 64;
  std::int64_t num_hidden_layers = 3;
  std::int64_t num_attention_heads = 4;
  std::int64_t num_key_value_heads = 4;
  std::int64_t head_dim = 16;
  std::int64_t intermediate_size = 192;
  std::int64_t max_position_embeddings = 160;
  double rope_theta = 10000.0;
  double rms_norm_eps = 1e-5;
  bool tie_word_embeddings = true;
  enum class Position : std::uint8_t { kRope = 0, kLearned = 1, kNone = 2 } position = Position::kRope;
  std::int64_t random_offset = 0;  // training only
  TokenId eos_token_id = 1, pad_token_id = 0;

  std::int64_t parameter_count() const;
  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};
// Shape from [model] and a tokenizer's vocabulary. kConfig when heads do not divide and the like.
Result<ModelConfig> make_model_config(const ModelOptions& options, std::int32_t vocab_size, TokenId eos, TokenId pad);

// Where one named tensor lies in the flat buffer. Names are Hugging Face's ("model.layers.0.self_attn.q_proj.weight"),
// matrices are [out, in], row-major.
struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  std::size_t offset = 0;  // in floats
  std::size_t size = 0;    // in floats
};
// The one order of tensors in the flat buffer, for this shape.
std::vector<TensorView> tensor_layout(const ModelConfig& config);

struct PackedWeights;  // the matrices again, in the order the kernels read them: model/packed_weights.hpp

struct Weights {
  VersionId version = 0;
  ModelConfig config;
  std::vector<TensorView> layout;       // == tensor_layout(config)
  std::shared_ptr<const float[]> data;  // 64-byte aligned
  std::size_t size = 0;                 // floats
  // Made once with the weights and shared by every decoder, so that switching versions stores a pointer and packs nothing.
  std::shared_ptr<const PackedWeights> packed;
};
using WeightsPtr = std::shared_ptr<const Weights>;

// A version over a finished buffer of parameter_count() floats (aligned_floats()); packs the matrices.
WeightsPtr make_weights(const ModelConfig& config, VersionId version, std::shared_ptr<const float[]> data);
// `size` floats of zero on a 64-byte boundary.
std::shared_ptr<float[]> aligned_floats(std::size_t size);

// Random start: normal(0, std), residual outputs scaled by 1/sqrt(2 layers), norms 1. Deterministic in `seed`.
WeightsPtr init_weights(const ModelConfig& config, double init_std, std::uint64_t seed);

// The same buffer under another version number: no copy.
WeightsPtr with_version(const WeightsPtr& weights, VersionId version);

// Writes config.json, model.safetensors, tokenizer.json and generation_config.json into `directory` atomically (temporary
// directory, fsync, rename). Returns the sha256 of model.safetensors, hex. kCannotCreate / kIo.
Result<std::string> save_checkpoint(const Weights& weights, const std::string& tokenizer_json, const std::string& directory);
// Hostile input: every length, offset, dtype, shape and value is checked. kBadInput / kNotFound name the file and the place.
Result<WeightsPtr> load_checkpoint(const std::string& directory, VersionId version);

}  // namespace autodidact
