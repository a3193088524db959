#pragma once
// A published version of the weights: one flat fp32 buffer, immutable for ever, shared by pointer. Publishing is storing a
// std::shared_ptr<const Weights>; nothing is copied. Any thread may read one.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/model_config.hpp"

namespace autodidact {

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

// A version over a finished buffer of parameter_count() floats (aligned_floats()); packs the matrices, in fp32 or, with
// compute = kBf16, rounded to bfloat16.
WeightsPtr make_weights(const ModelConfig& config, VersionId version, std::shared_ptr<const float[]> data,
                        Dtype compute = Dtype::kF32);
// `size` floats of zero on a 64-byte boundary.
std::shared_ptr<float[]> aligned_floats(std::size_t size);

// Random start: normal(0, std), residual outputs scaled by 1/sqrt(2 layers), norms 1, biases 0.
// Deterministic in `seed`.
WeightsPtr init_weights(const ModelConfig& config, double init_std, std::uint64_t seed, Dtype compute = Dtype::kF32);

// A copy with a value head of zeros: every value is 0, a probability of one half. The weights themselves when they have one.
WeightsPtr with_value_head(const WeightsPtr& weights, Dtype compute = Dtype::kF32);

// The same buffer under another version number: no copy.
WeightsPtr with_version(const WeightsPtr& weights, VersionId version);

// What lies beside the weights: file name -> bytes. tokenizer.json and what belongs to it.
using CheckpointFiles = std::map<std::string, std::string>;
// Writes config.json, model.safetensors, generation_config.json and `files` into `directory` atomically (temporary directory,
// fsync, rename). Returns the sha256 of model.safetensors, hex. kCannotCreate / kIo.
Result<std::string> save_checkpoint(const Weights& weights, const CheckpointFiles& files, const std::string& directory,
                                    Dtype dtype = Dtype::kF32);
// Hostile input: every length, offset, dtype, shape and value is checked. kBadInput / kNotFound name the file and the place.
Result<WeightsPtr> load_checkpoint(const std::string& directory, VersionId version, Dtype compute = Dtype::kF32);

}  // namespace autodidact
