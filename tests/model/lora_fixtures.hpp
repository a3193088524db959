#pragma once
// Adapters for the tests of model/lora*. Values; any thread.

#include "kernels/rng.hpp"
#include "model/lora.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact::testing {

// Every value random, B too: an adapter that does something.
inline LoraAdapter random_adapter(const LoraConfig& config, const ModelConfig& model, std::uint64_t seed = 5,
                                  double std = 0.1) {
  LoraAdapter adapter = plan_adapter(config, model).value();
  adapter.values = aligned_floats(adapter.size);
  for (std::size_t i = 0; i < adapter.size; ++i) adapter.values[i] = static_cast<float>(std * random_normal(seed, i));
  return adapter;
}

}  // namespace autodidact::testing
