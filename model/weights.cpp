#include "model/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/huge_pages.hpp"
#include "kernels/rng.hpp"
#include "model/packed_weights.hpp"

namespace autodidact {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::shared_ptr<float[]> aligned_floats(std::size_t size) {
  const std::size_t bytes = (size + kSlackFloats) * sizeof(float);
  auto* memory = static_cast<float*>(allocate_pages(bytes));
  std::memset(memory, 0, bytes);
  return {memory, [bytes](float* p) { free_pages(p, bytes); }};
}

WeightsPtr make_weights(const ModelConfig& config, VersionId version, std::shared_ptr<const float[]> data, Dtype compute) {
  auto weights = std::make_shared<Weights>();
  weights->version = version;
  weights->config = config;
  weights->layout = tensor_layout(config);
  weights->size = static_cast<std::size_t>(config.parameter_count());
  auto packed = std::make_shared<PackedWeights>();
  pack_weights(config, data.get(), compute, *packed);
  weights->packed = std::move(packed);
  weights->data = std::move(data);
  return weights;
}

WeightsPtr init_weights(const ModelConfig& config, double init_std, std::uint64_t seed, Dtype compute) {
  auto data = aligned_floats(static_cast<std::size_t>(config.parameter_count()));
  const double residual_std = init_std / std::sqrt(2.0 * static_cast<double>(config.num_hidden_layers));
  for (const TensorView& tensor : tensor_layout(config)) {
    float* to = data.get() + tensor.offset;
    if (tensor.name.starts_with("score.")) continue;  // zero
    if (tensor.shape.size() == 1) {
      std::fill_n(to, tensor.size, ends_with(tensor.name, ".bias") ? 0.0f : 1.0f);
      continue;
    }
    const bool residual = ends_with(tensor.name, "o_proj.weight") || ends_with(tensor.name, "down_proj.weight") ||
                          ends_with(tensor.name, ".c_proj.weight");
    const double std = residual ? residual_std : init_std;
    for (std::size_t i = 0; i < tensor.size; ++i) to[i] = static_cast<float>(std * random_normal(seed, tensor.offset + i));
  }
  return make_weights(config, 0, std::move(data), compute);
}

WeightsPtr with_value_head(const WeightsPtr& weights, Dtype compute) {
  if (weights->config.value_head) return weights;
  ModelConfig config = weights->config;
  config.value_head = true;
  auto data = aligned_floats(static_cast<std::size_t>(config.parameter_count()));
  std::copy_n(weights->data.get(), weights->size, data.get());  // the head lies behind all others
  return make_weights(config, weights->version, std::move(data), compute);
}

WeightsPtr with_version(const WeightsPtr& weights, VersionId version) {
  auto renamed = std::make_shared<Weights>(*weights);
  renamed->version = version;
  return renamed;
}

}  // namespace autodidact
