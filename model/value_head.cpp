#include "model/value_head.hpp"

#include <cmath>

namespace autodidact {

float value_of(const float* weight, const float* bias, const float* h, std::int64_t width) {
  double sum = *bias;
  for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(weight[i]) * h[i];
  return static_cast<float>(sum);
}

double value_grad(const float* weight, const float* bias, const float* h, std::int64_t width, float target, float scale,
                  float* grad_weight, float* grad_bias, float* dh) {
  const double v = value_of(weight, bias, h, width), small = std::exp(-std::abs(v));
  const double probability = v >= 0 ? 1 / (1 + small) : small / (1 + small);
  const auto dv = static_cast<float>(scale * (probability - target));
  for (std::int64_t i = 0; i < width; ++i) {
    grad_weight[i] += dv * h[i];
    dh[i] += dv * weight[i];
  }
  *grad_bias += dv;
  return (v > 0 ? v : 0) + std::log1p(small) - target * v;
}

}  // namespace autodidact
