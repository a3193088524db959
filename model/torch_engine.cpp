// TorchEngine: the same model in libtorch operators, differentiated by autograd: the reference that the hand-written passes are
// tested against, in fp32 whatever the weights are computed in elsewhere.

#define AT_PER_OPERATOR_HEADERS  // else TensorOperators.h brings in every operator there is

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <string>

#include "model/gradient_engine.hpp"
#include "model/packed_weights.hpp"

namespace autodidact {
namespace {

using at::Tensor;

// Sequences padded at the end: under a causal mask no real token sees the padding.
struct PaddedBatch {
  Tensor inputs, targets, positions;    // [batch, time], int64
  Tensor weights;                       // [batch, time], float32: of each predicted token, 0 where not counted
  Tensor value_targets, value_weights;  // [batch, time], float32: of labels, 0 where there is none
};

PaddedBatch pad(std::span<const PlacedExample> batch) {
  std::int64_t time = 0;
  for (const PlacedExample& placed : batch) time = std::max(time, placed.rows());
  const auto rows = static_cast<std::int64_t>(batch.size());
  const auto zeros = [&](at::ScalarType type) { return at::zeros({rows, time}, type); };
  PaddedBatch padded{zeros(at::kLong),  zeros(at::kLong),  zeros(at::kLong),
                     zeros(at::kFloat), zeros(at::kFloat), zeros(at::kFloat)};
  for (std::int64_t b = 0; b < rows; ++b) {
    const PlacedExample& placed = batch[b];
    for (std::int64_t i = 0; i < placed.rows(); ++i) {
      padded.inputs.data_ptr<std::int64_t>()[b * time + i] = placed.example->tokens[i];
      padded.positions.data_ptr<std::int64_t>()[b * time + i] = placed.offset + i;
      if (i >= placed.predicting()) continue;
      padded.targets.data_ptr<std::int64_t>()[b * time + i] = placed.example->tokens[i + 1];
      if (i >= placed.first_counted()) padded.weights.data_ptr<float>()[b * time + i] = placed.example->weight;
    }
    for (const ValueLabel& label : placed.example->labels) {
      padded.value_targets.data_ptr<float>()[b * time + label.at] = label.target;
      padded.value_weights.data_ptr<float>()[b * time + label.at] = label.weight;
    }
  }
  return padded;
}

// The parameters as tensors: views of the flat buffer, which the engine's caller keeps alive and does not change meanwhile.
class Parameters {
 public:
  struct Pair {
    Tensor weight, bias;  // bias undefined without one
  };
  struct Layer {
    Pair attention_norm, qkv, o, mlp_norm, up, down;
    Tensor q_norm, k_norm;
  };

  Parameters(const ModelConfig& c, const WeightOffsets& at, const float* flat, bool with_grad)
      : flat_(const_cast<float*>(flat)), with_grad_(with_grad) {
    const std::int64_t d = c.hidden_size, f = c.intermediate_size;
    embed = leaf(at.embed, {c.vocab_size, d});
    positions = leaf(at.positions, {c.max_position_embeddings, d});
    for (const LayerOffsets& l : at.layers)
      layers.push_back({norm(l.attention_norm, d), linear(l.qkv, qkv_width(c), d), linear(l.o, d, q_width(c)),
                        norm(l.mlp_norm, d), linear(l.up, up_width(c), d), linear(l.down, d, f), leaf(l.q_norm, {c.head_dim}),
                        leaf(l.k_norm, {c.head_dim})});
    final_norm = norm(at.final_norm, d);
    head = c.tie_word_embeddings ? embed : leaf(at.head, {c.vocab_size, d});
    score = linear(at.score, 1, d);
  }

  Tensor embed, positions, head;
  Pair final_norm, score;
  std::vector<Layer> layers;
  std::vector<Tensor> leaves;        // all of them, and
  std::vector<std::size_t> offsets;  // where each lies

 private:
  Tensor leaf(std::size_t offset, std::vector<std::int64_t> shape) {
    if (offset == kAbsent) return {};
    Tensor tensor = at::from_blob(flat_ + offset, shape, at::kFloat);
    tensor.set_requires_grad(with_grad_);
    leaves.push_back(tensor);
    offsets.push_back(offset);
    return tensor;
  }
  Pair norm(const NormOffsets& at, std::int64_t d) { return {leaf(at.weight, {d}), leaf(at.bias, {d})}; }
  Pair linear(const LinearOffsets& at, std::int64_t out, std::int64_t in) {
    return {leaf(at.weight, {out, in}), leaf(at.bias, {out})};
  }

  float* flat_;
  bool with_grad_;
};

class TorchEngine : public GradientEngine {
 public:
  TorchEngine(const ModelConfig& config, std::int64_t threads)
      : config_(config), threads_(threads), offsets_(weight_offsets(config)) {}

  Result<double> gradient(const Weights& weights, std::span<const PlacedExample> batch, float scale, float* grad) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode with_grad(true);
      const Parameters p(config_, offsets_, weights.data.get(), true);
      const PaddedBatch padded = pad(batch);
      const Tensor h = hidden(p, padded);
      Tensor loss = -(token_logprobs(p, padded, h) * padded.weights).sum();
      if (p.score.weight.defined()) {
        const Tensor v = values_of(p, h);
        loss = loss + ((at::softplus(v) - padded.value_targets * v) * padded.value_weights).sum();
      }
      const std::vector<Tensor> grads = torch::autograd::grad({loss * scale}, p.leaves, {}, {}, false, /*allow_unused=*/true);
      for (std::size_t i = 0; i < grads.size(); ++i)
        if (grads[i].defined())
          cpu_kernels().add(grad + p.offsets[i], grads[i].contiguous().data_ptr<float>(), grads[i].numel());
      return loss.item<double>();
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

  Status logprobs(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode without_grad(false);
      const Parameters p(config_, offsets_, weights.data.get(), false);
      const PaddedBatch padded = pad(batch);
      const Tensor all = token_logprobs(p, padded, hidden(p, padded)).contiguous();
      out.resize(batch.size());
      for (std::size_t b = 0; b < batch.size(); ++b) {
        const float* row = all.data_ptr<float>() + static_cast<std::int64_t>(b) * all.size(1);
        out[b].assign(row + batch[b].first_counted(), row + batch[b].predicting());
      }
      return {};
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

  Status ranked(const Weights& weights, std::span<const PlacedExample> batch,
                std::vector<std::vector<RankedToken>>& out) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode without_grad(false);
      const Parameters p(config_, offsets_, weights.data.get(), false);
      const PaddedBatch padded = pad(batch);
      const Tensor all = at::log_softmax(at::linear(hidden(p, padded), p.head), -1).contiguous();  // [batch, time, vocabulary]
      const std::int64_t time = all.size(1), vocab = all.size(2);
      out.assign(batch.size(), {});
      for (std::size_t b = 0; b < batch.size(); ++b) {
        for (std::int64_t t = batch[b].first_counted(); t < batch[b].predicting(); ++t) {
          const float* row = all.data_ptr<float>() + (static_cast<std::int64_t>(b) * time + t) * vocab;
          const float* best = std::max_element(row, row + vocab);
          const TokenId target = batch[b].example->tokens[static_cast<std::size_t>(t) + 1];
          out[b].push_back({row[target], static_cast<TokenId>(best - row), *best});
        }
      }
      return {};
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

  Status values(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    try {
      at::set_num_threads(static_cast<int>(threads_));
      const at::AutoGradMode without_grad(false);
      const Parameters p(config_, offsets_, weights.data.get(), false);
      const Tensor all = values_of(p, hidden(p, pad(batch))).contiguous();
      out.assign(batch.size(), {});
      for (std::size_t b = 0; b < batch.size(); ++b)
        for (const ValueLabel& label : batch[b].example->labels)
          out[b].push_back(all.data_ptr<float>()[static_cast<std::int64_t>(b) * all.size(1) + label.at]);
      return {};
    } catch (const std::exception& error) {
      return translate(error);
    }
  }

 private:
  using Pair = Parameters::Pair;

  // The one translation of libtorch's errors: their first line.
  static Status translate(const std::exception& error) {
    const std::string what = error.what();
    return {Errc::kInternal, "libtorch: " + what.substr(0, what.find('\n'))};
  }

  Tensor rms_norm(const Tensor& x, const Tensor& weight) const {
    return x * at::rsqrt((x * x).mean(-1, /*keepdim=*/true) + config_.rms_norm_eps) * weight;
  }
  Tensor norm(const Tensor& x, const Pair& p) const {
    if (!config_.layer_norm()) return rms_norm(x, p.weight);
    return at::layer_norm(x, {config_.hidden_size}, p.weight, p.bias, config_.rms_norm_eps);
  }
  static Tensor linear(const Tensor& x, const Pair& p) { return at::linear(x, p.weight, p.bias); }
  // [batch, heads, time, head_dim]; the halves rotate against each other.
  static Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
    const std::int64_t half = x.size(-1) / 2;
    const Tensor turned = at::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
    return x * cos + turned * sin;
  }
  Tensor heads(const Tensor& x, std::int64_t from, std::int64_t count) const {
    const std::int64_t hd = config_.head_dim;
    return x.narrow(-1, from * hd, count * hd).reshape({x.size(0), x.size(1), count, hd}).transpose(1, 2);
  }
  Tensor attention(const Tensor& x, const Parameters::Layer& layer, const Tensor& cos, const Tensor& sin) const {
    const std::int64_t q_heads = config_.num_attention_heads, kv_heads = config_.num_key_value_heads;
    const Tensor qkv = linear(x, layer.qkv);
    Tensor q = heads(qkv, 0, q_heads), k = heads(qkv, q_heads, kv_heads);
    const Tensor v = heads(qkv, q_heads + kv_heads, kv_heads);
    if (layer.q_norm.defined()) q = rms_norm(q, layer.q_norm), k = rms_norm(k, layer.k_norm);
    if (cos.defined()) q = rotate(q, cos, sin), k = rotate(k, cos, sin);
    const Tensor out =
        at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true, std::nullopt, q_heads != kv_heads);
    return linear(out.transpose(1, 2).reshape({x.size(0), x.size(1), -1}), layer.o);
  }
  Tensor mlp(const Tensor& x, const Parameters::Layer& layer) const {
    const Tensor up = linear(x, layer.up);
    const std::int64_t f = config_.intermediate_size;
    return linear(config_.gated_mlp() ? at::silu(up.narrow(-1, 0, f)) * up.narrow(-1, f, f) : at::gelu(up, "tanh"), layer.down);
  }
  // The final norm's output, [batch, time, hidden_size].
  Tensor hidden(const Parameters& p, const PaddedBatch& batch) const {
    Tensor x = at::embedding(p.embed, batch.inputs), cos, sin;
    if (p.positions.defined()) x = x + at::embedding(p.positions, batch.positions);
    if (config_.position == ModelConfig::Position::kRope) {
      std::vector<double> rates;
      for (std::int64_t i = 0; i < config_.head_dim / 2; ++i) rates.push_back(rope_rate(config_, i));
      const Tensor rate = at::from_blob(rates.data(), {config_.head_dim / 2}, at::kDouble);
      const Tensor angle = (batch.positions.unsqueeze(-1).to(at::kDouble) * rate).unsqueeze(1);  // [batch, 1, time, half]
      cos = at::cat({angle, angle}, -1).cos().to(at::kFloat);
      sin = at::cat({angle, angle}, -1).sin().to(at::kFloat);
    }
    for (const Parameters::Layer& layer : p.layers) {
      x = x + attention(norm(x, layer.attention_norm), layer, cos, sin);
      x = x + mlp(norm(x, layer.mlp_norm), layer);
    }
    return norm(x, p.final_norm);
  }
  // log p(target) at every place, [batch, time].
  static Tensor token_logprobs(const Parameters& p, const PaddedBatch& batch, const Tensor& h) {
    return at::log_softmax(at::linear(h, p.head), -1).gather(-1, batch.targets.unsqueeze(-1)).squeeze(-1);
  }

  // [batch, time].
  static Tensor values_of(const Parameters& p, const Tensor& h) { return linear(h, p.score).squeeze(-1); }

  const ModelConfig config_;
  const std::int64_t threads_;
  const WeightOffsets offsets_;
};

}  // namespace

std::unique_ptr<GradientEngine> make_torch_engine(const ModelConfig& config, const EngineOptions& options) {
  return std::make_unique<TorchEngine>(config, options.threads);
}

}  // namespace autodidact
