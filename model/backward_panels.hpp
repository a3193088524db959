#pragma once
// The matrices packed the other way round, for gradients of inputs: dx = dy W. Made anew for each step's weights; one owner.

#include <vector>

#include "model/model_config.hpp"

namespace autodidact {

struct BackwardPanels {
  struct Layer {
    const float *qkv, *o, *up, *down;
  };
  std::vector<Layer> layers;
  const float* head = nullptr;
  std::vector<float> panels;
};
// Copies; the buffer of `packed` is used again when its size fits.
void pack_backward(const ModelConfig& config, const float* flat, BackwardPanels& packed);

}  // namespace autodidact
