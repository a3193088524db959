#pragma once
// Low-rank adapters (LoRA, Hu et al. 2021): beside each targeted matrix W [out, in] a pair A [rank, in] and B [out, rank]; the
// model is the one with W + scale * B A in the place of W, merged before anybody computes with it, so that decoders and
// scorers know nothing of adapters. Names and formulas are PEFT's. Values and functions without state: any thread. What
// survives a crash: nothing of this; the learner's state file and model/lora_files.hpp keep adapters.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "model/weights.hpp"

namespace autodidact {

class WorkerPool;

struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 8;
  // As in PEFT: a module is targeted when its name is one of these or ends with "." and one of these; "all-linear", alone, is
  // every projection of every layer.
  std::vector<std::string> target_modules = {"all-linear"};
  bool use_rslora = false;

  double scale() const;  // alpha / rank, or alpha / sqrt(rank) with use_rslora
  friend bool operator==(const LoraConfig&, const LoraConfig&) = default;
};
// From train.lora_*; kConfig when lora_target_modules is no list of names.
Result<LoraConfig> lora_config(const TrainOptions& options);

struct LoraMatrix {
  std::string module;  // "model.layers.0.self_attn.q_proj"
  std::int64_t out = 0, in = 0;
  std::size_t weight = 0;    // of W in the model's flat buffer, in floats
  std::size_t a = 0, b = 0;  // in the adapter's
};

struct LoraAdapter {
  LoraConfig config;
  std::vector<LoraMatrix> matrices;  // in the order of tensor_layout()
  std::vector<TensorView> layout;    // A and B of each in turn, named as in PEFT's files
  std::size_t size = 0;              // floats
  std::shared_ptr<float[]> values;   // aligned_floats()
};

// Where everything lies, without values. kConfig on a rank or alpha out of range and on a target that the model lacks.
Result<LoraAdapter> plan_adapter(const LoraConfig& config, const ModelConfig& model);
// PEFT's start, deterministic in `seed`: A uniform within 1 / sqrt(in) (its kaiming_uniform with a = sqrt(5)), B zero, so
// that the merged model is the base.
std::shared_ptr<float[]> initial_values(const LoraAdapter& adapter, std::uint64_t seed);

// Writes W + scale * B A for the targeted matrices into `merged`, a copy of `base`; touches nothing else of it.
void merge_into(const LoraAdapter& adapter, const float* base, float* merged, WorkerPool& pool);
// base and adapter as one ordinary version, `threads` at work.
WeightsPtr merge_adapter(const Weights& base, const LoraAdapter& adapter, VersionId version, std::int64_t threads = 1);

// By the chain rule from the gradient dW of the merged weights: dB = scale dW A^T, dA = scale B^T dW.
void adapter_gradient(const LoraAdapter& adapter, const float* dense, float* grad, WorkerPool& pool);

}  // namespace autodidact
