// TorchEngine: the same model in libtorch operators, differentiated by autograd. The reference that the hand-written passes are
// tested against, and what trains models too large for them (torch_runtime.cpp says where the line is).

#define AT_PER_OPERATOR_HEADERS  // else TensorOperators.h brings in every operator there is

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "model/gradient_engine.hpp"

namespace autodidact {
namespace {

using at::Tensor;

// Sequences padded at the end: under a causal mask no real token sees the padding.
struct PaddedBatch {
  Tensor inputs, targets, positions;  // [batch, time], int64
  Tensor weights;                     // [batch, time], float32: of each predicted token, 0 where not counted
};

PaddedBatch pad(std::span<const PlacedExample> batch) {
  std::int64_t time = 0;
  for (const PlacedExample& placed : batch) time = std::max(time, placed.rows());
  const auto rows = static_cast<std::int64_t>(batch.size());
  PaddedBatch padded{at::zeros({rows, time}, at::kLong), at::zeros({rows, time}, at::kLong), at::zeros({rows, time}, at::kLong),
                     at::zeros({rows, time}, at::kFloat)};
  for (std::int64_t b = 0; b < rows; ++b) {
    const PlacedExample& placed = batch[b];
    for (std::int64_t i = 0; i < placed.rows(); ++i) {
      padded.inputs.data_ptr<std::int64_t>()[b * time + i] = placed.example->tokens[i];
      padded.targets.data_ptr<std::int64_t>()[b * time + i] = placed.example->tokens[i + 1];
      padded.positions.data_ptr<std::int64_t>()[b * time + i] = placed.offset + i;
      if (i >= placed.first_counted()) padded.weights.data_ptr<float>()[b * time + i] = placed.example->weight;
    }
  }
  return padded;
}

class TorchEngine : public GradientEngine {
 public:
  TorchEngine(const ModelConfig& config, std::int64_t threads)
      : config_(config), threads_(threads), layout_(tensor_layout(config)) {}

  Result<double> gradient(const float* params, std::span<const PlacedExample> batch, float scale, float* grad) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode with_grad(true);
      load(params, true);
      const PaddedBatch padded = pad(batch);
      const Tensor loss = -(token_logprobs(padded) * padded.weights).sum();
      const std::vector<Tensor> grads = torch::autograd::grad({loss * scale}, leaves_, {}, {}, false, /*allow_unused=*/true);
      for (std::size_t i = 0; i < layout_.size(); ++i) {
        float* to = grad + layout_[i].offset;
        if (grads[i].defined())
          std::memcpy(to, grads[i].contiguous().data_ptr<float>(), layout_[i].size * sizeof(float));
        else
          std::fill_n(to, layout_[i].size, 0.0f);
      }
      return loss.item<double>();
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

  Status logprobs(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode without_grad(false);
      load(weights.data.get(), false);
      const Tensor all = token_logprobs(pad(batch)).contiguous();
      out.resize(batch.size());
      for (std::size_t b = 0; b < batch.size(); ++b) {
        const float* row = all.data_ptr<float>() + static_cast<std::int64_t>(b) * all.size(1);
        out[b].assign(row + batch[b].first_counted(), row + batch[b].rows());
      }
      return {};
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

 private:
  // The one translation of libtorch's errors: their first line.
  static Status translate(const std::exception& error) {
    const std::string what = error.what();
    return {Errc::kInternal, "libtorch: " + what.substr(0, what.find('\n'))};
  }

  // Views of the flat buffer, which the engine's caller keeps alive and does not change meanwhile.
  void load(const float* params, bool with_grad) {
    leaves_.clear();
    by_name_.clear();
    for (const TensorView& view : layout_) {
      leaves_.push_back(at::from_blob(const_cast<float*>(params) + view.offset, view.shape, at::kFloat));
      leaves_.back().set_requires_grad(with_grad);
      by_name_[view.name] = leaves_.back();
    }
  }
  const Tensor& weight(const std::string& name) const { return by_name_.at(name + ".weight"); }

  Tensor rms_norm(const Tensor& x, const std::string& name) const {
    return x * at::rsqrt((x * x).mean(-1, /*keepdim=*/true) + config_.rms_norm_eps) * weight(name);
  }
  // [batch, heads, time, head_dim]; the halves rotate against each other.
  static Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
    const std::int64_t half = x.size(-1) / 2;
    const Tensor turned = at::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
    return x * cos + turned * sin;
  }
  Tensor heads(const Tensor& x, std::int64_t count) const {
    return x.view({x.size(0), x.size(1), count, config_.head_dim}).transpose(1, 2);
  }
  Tensor attention(const Tensor& x, const std::string& layer, const Tensor& cos, const Tensor& sin) const {
    Tensor q = heads(at::linear(x, weight(layer + "q_proj")), config_.num_attention_heads);
    Tensor k = heads(at::linear(x, weight(layer + "k_proj")), config_.num_key_value_heads);
    const Tensor v = heads(at::linear(x, weight(layer + "v_proj")), config_.num_key_value_heads);
    if (cos.defined()) q = rotate(q, cos, sin), k = rotate(k, cos, sin);
    const Tensor out = at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true, std::nullopt,
                                                        config_.num_attention_heads != config_.num_key_value_heads);
    return at::linear(out.transpose(1, 2).reshape({x.size(0), x.size(1), -1}), weight(layer + "o_proj"));
  }
  // log p(target) at every place, [batch, time].
  Tensor token_logprobs(const PaddedBatch& batch) const {
    Tensor x = at::embedding(weight("model.embed_tokens"), batch.inputs), cos, sin;
    if (config_.position == ModelConfig::Position::kLearned)
      x = x + at::embedding(weight("model.embed_positions"), batch.positions);
    if (config_.position == ModelConfig::Position::kRope) {
      const Tensor powers = at::arange(0, config_.head_dim, 2, at::kDouble) / static_cast<double>(config_.head_dim);
      const Tensor rate = at::full({}, config_.rope_theta, at::kDouble).pow(-powers);
      const Tensor angle = (batch.positions.unsqueeze(-1).to(at::kDouble) * rate).unsqueeze(1);  // [batch, 1, time, half]
      cos = at::cat({angle, angle}, -1).cos().to(at::kFloat);
      sin = at::cat({angle, angle}, -1).sin().to(at::kFloat);
    }
    for (std::int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      x = x + attention(rms_norm(x, layer + "input_layernorm"), layer + "self_attn.", cos, sin);
      const Tensor h = rms_norm(x, layer + "post_attention_layernorm");
      const Tensor act =
          at::silu(at::linear(h, weight(layer + "mlp.gate_proj"))) * at::linear(h, weight(layer + "mlp.up_proj"));
      x = x + at::linear(act, weight(layer + "mlp.down_proj"));
    }
    const Tensor logits =
        at::linear(rms_norm(x, "model.norm"), weight(config_.tie_word_embeddings ? "model.embed_tokens" : "lm_head"));
    return at::log_softmax(logits, -1).gather(-1, batch.targets.unsqueeze(-1)).squeeze(-1);
  }

  const ModelConfig config_;
  const std::int64_t threads_;
  const std::vector<TensorView> layout_;
  std::vector<Tensor> leaves_;
  std::map<std::string, Tensor> by_name_;
};

}  // namespace

std::unique_ptr<GradientEngine> make_torch_engine(const ModelConfig& config, std::int64_t threads) {
  return std::make_unique<TorchEngine>(config, threads);
}

}  // namespace autodidact
