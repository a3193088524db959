// One walk over a model's tensors in the order of the flat buffer gives both their names and their offsets.

#include "model/model_config.hpp"

namespace autodidact {
namespace {

using Family = ModelConfig::Family;

class Walk {
 public:
  explicit Walk(const ModelConfig& config) : c_(config), gpt2_(config.family == Family::kGpt2) {}

  void run() {
    offsets.embed = matrix(gpt2_ ? "transformer.wte.weight" : "model.embed_tokens.weight", c_.vocab_size, c_.hidden_size);
    if (c_.position == ModelConfig::Position::kLearned)
      offsets.positions =
          matrix(gpt2_ ? "transformer.wpe.weight" : "model.embed_positions.weight", c_.max_position_embeddings, c_.hidden_size);
    for (std::int64_t i = 0; i < c_.num_hidden_layers; ++i)
      offsets.layers.push_back(gpt2_ ? gpt2_layer("transformer.h." + std::to_string(i) + ".")
                                     : llama_layer("model.layers." + std::to_string(i) + "."));
    offsets.final_norm = norm(gpt2_ ? "transformer.ln_f" : "model.norm");
    offsets.head = c_.tie_word_embeddings ? offsets.embed : matrix("lm_head.weight", c_.vocab_size, c_.hidden_size);
    if (c_.value_head) offsets.score = linear("", {{"score", 1}}, c_.hidden_size, true, /*transposed=*/false);
    offsets.size = at_;
  }

  WeightOffsets offsets;
  std::vector<TensorView> layout;

 private:
  std::size_t take(std::string name, std::vector<std::int64_t> shape, bool transposed = false) {
    std::size_t size = 1;
    for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
    layout.push_back({std::move(name), std::move(shape), at_, size, transposed});
    at_ += size;
    return layout.back().offset;
  }
  std::size_t matrix(std::string name, std::int64_t out, std::int64_t in) { return take(std::move(name), {out, in}); }
  NormOffsets norm(const std::string& name) {
    NormOffsets at;
    at.weight = take(name + ".weight", {c_.hidden_size});
    if (c_.layer_norm()) at.bias = take(name + ".bias", {c_.hidden_size});
    return at;
  }

  struct Part {
    const char* name;
    std::int64_t out;
  };
  // Matrices of one input, one after the other, then their biases: one matrix and one bias to the kernels.
  LinearOffsets linear(const std::string& prefix, std::initializer_list<Part> parts, std::int64_t in, bool bias) {
    return linear(prefix, parts, in, bias, gpt2_);
  }
  LinearOffsets linear(const std::string& prefix, std::initializer_list<Part> parts, std::int64_t in, bool bias,
                       bool transposed) {
    LinearOffsets at;
    at.weight = at_;
    for (const Part& part : parts) take(prefix + part.name + ".weight", {part.out, in}, transposed);
    if (!bias) return at;
    at.bias = at_;
    for (const Part& part : parts) take(prefix + part.name + ".bias", {part.out});
    return at;
  }

  LayerOffsets llama_layer(const std::string& layer) {
    const std::int64_t d = c_.hidden_size, f = c_.intermediate_size;
    const std::string attention = layer + "self_attn.", mlp = layer + "mlp.";
    LayerOffsets at;
    at.attention_norm = norm(layer + "input_layernorm");
    at.qkv =
        linear(attention, {{"q_proj", q_width(c_)}, {"k_proj", kv_width(c_)}, {"v_proj", kv_width(c_)}}, d, c_.has_qkv_bias());
    if (c_.qk_norm()) {
      at.q_norm = take(attention + "q_norm.weight", {c_.head_dim});
      at.k_norm = take(attention + "k_norm.weight", {c_.head_dim});
    }
    at.o = linear(attention, {{"o_proj", d}}, q_width(c_), c_.has_o_bias());
    at.mlp_norm = norm(layer + "post_attention_layernorm");
    at.up = linear(mlp, {{"gate_proj", f}, {"up_proj", f}}, d, c_.has_mlp_bias());
    at.down = linear(mlp, {{"down_proj", d}}, f, c_.has_mlp_bias());
    return at;
  }

  LayerOffsets gpt2_layer(const std::string& layer) {
    const std::int64_t d = c_.hidden_size, f = c_.intermediate_size;
    LayerOffsets at;
    at.attention_norm = norm(layer + "ln_1");
    at.qkv = linear(layer + "attn.", {{"c_attn", 3 * d}}, d, true);
    at.o = linear(layer + "attn.", {{"c_proj", d}}, d, true);
    at.mlp_norm = norm(layer + "ln_2");
    at.up = linear(layer + "mlp.", {{"c_fc", f}}, d, true);
    at.down = linear(layer + "mlp.", {{"c_proj", d}}, f, true);
    return at;
  }

  const ModelConfig& c_;
  const bool gpt2_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<TensorView> tensor_layout(const ModelConfig& config) {
  Walk walk(config);
  walk.run();
  return std::move(walk.layout);
}

WeightOffsets weight_offsets(const ModelConfig& config) {
  Walk walk(config);
  walk.run();
  return std::move(walk.offsets);
}

std::int64_t ModelConfig::parameter_count() const { return static_cast<std::int64_t>(weight_offsets(*this).size); }

}  // namespace autodidact
