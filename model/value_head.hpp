#pragma once
// A value per position: v = score.weight . h + score.bias of the final norm's output h, sigmoid(v) the probability that what
// ends there comes to a right answer. Outcome and process reward models are a transformer with this head, trained by binary
// cross-entropy on soft labels y:
//
//   BCE(v, y) = -( y log sigmoid(v) + (1 - y) log(1 - sigmoid(v)) ) = softplus(v) - y v,    dBCE / dv = sigmoid(v) - y
//
// Pure functions; any thread.

#include <cstdint>

namespace autodidact {

// weight, h: [width].
float value_of(const float* weight, const float* bias, const float* h, std::int64_t width);

// Adds to grad_weight, grad_bias and dh what `scale` times the BCE of v = value_of(h) against `target` gives; returns the BCE,
// unscaled.
double value_grad(const float* weight, const float* bias, const float* h, std::int64_t width, float target, float scale,
                  float* grad_weight, float* grad_bias, float* dh);

}  // namespace autodidact
