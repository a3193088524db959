#pragma once
// Small models and batches for the tests of model/. Values; any thread.

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/rng.hpp"
#include "model/train_example.hpp"
#include "model/weights.hpp"

namespace autodidact::testing {

struct Shape {
  std::string name;
  std::int64_t d = 32, layers = 2, heads = 4, kv_heads = 4, head_dim = 8, ffn = 48, vocab = 23;
  ModelConfig::Position position = ModelConfig::Position::kRope;
  bool tied = true;
  ModelConfig::Family family = ModelConfig::Family::kLlama;
  bool biases = false;
};

// What the kernels must survive: sizes that divide nothing, one head, many queries per key head, no ties.
inline std::vector<Shape> shapes() {
  using Position = ModelConfig::Position;
  using Family = ModelConfig::Family;
  return {{"Plain"},
          {"DemoSize", 64, 3, 4, 4, 16, 192, 40, Position::kLearned},
          {"OddSizes", 30, 2, 3, 3, 10, 37, 17, Position::kRope, false},
          {"GroupOf2", 64, 2, 4, 2, 16, 64, 33},
          {"GroupOf8", 64, 1, 8, 1, 8, 40, 50, Position::kNone},
          {"NoPositions", 32, 2, 2, 2, 16, 48, 23, Position::kNone, false},
          {"WideHeads", 48, 2, 2, 1, 40, 70, 19, Position::kRope},
          {"LearnedUntied", 40, 2, 5, 5, 8, 56, 29, Position::kLearned, false},
          {"LlamaBiases", 30, 2, 3, 1, 10, 37, 17, Position::kRope, true, Family::kLlama, true},
          {"Qwen2", 32, 2, 4, 2, 8, 48, 23, Position::kRope, false, Family::kQwen2},
          {"Qwen3", 36, 2, 4, 2, 14, 50, 23, Position::kRope, true, Family::kQwen3},
          {"Gpt2", 40, 2, 5, 5, 8, 70, 29, Position::kLearned, true, Family::kGpt2}};
}

// And one whose sums and gradients outgrow the blocks of the matrix products; slow under sanitizers.
inline std::vector<Shape> shapes_and_a_large_one() {
  std::vector<Shape> all = shapes();
  all.push_back({"BeyondTheBlocks", 388, 1, 2, 1, 64, 260, 520});
  return all;
}

inline ModelConfig config_of(const Shape& shape) {
  ModelConfig c;
  c.vocab_size = shape.vocab;
  c.hidden_size = shape.d;
  c.num_hidden_layers = shape.layers;
  c.num_attention_heads = shape.heads;
  c.num_key_value_heads = shape.kv_heads;
  c.head_dim = shape.head_dim;
  c.intermediate_size = shape.ffn;
  c.max_position_embeddings = 96;
  c.position = shape.position;
  c.tie_word_embeddings = shape.tied;
  c.family = shape.family;
  c.attention_bias = c.mlp_bias = shape.biases;
  c.random_offset = shape.position == ModelConfig::Position::kLearned && shape.family == ModelConfig::Family::kLlama ? 20 : 0;
  return c;
}

// A start with enough spread that tokens differ in likelihood; norms and biases are off their 1 and 0, so that none is without
// effect.
inline WeightsPtr random_weights(const ModelConfig& config, std::uint64_t seed = 7) {
  const WeightsPtr start = init_weights(config, 0.2, seed);
  auto data = aligned_floats(start->size);
  std::copy_n(start->data.get(), start->size, data.get());
  for (const TensorView& tensor : start->layout) {
    const bool head = tensor.name.starts_with("score.");  // of values, which begins at 0
    for (std::size_t i = 0; (head || tensor.shape.size() == 1) && i < tensor.size; ++i)
      data[tensor.offset + i] += static_cast<float>((head ? 0.5 : 0.05) * random_normal(seed + 1, tensor.offset + i));
  }
  return make_weights(config, 0, std::move(data));
}

inline std::vector<TokenId> random_tokens(const ModelConfig& config, std::int64_t count, std::uint64_t seed) {
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>(2 + random_bits(seed, static_cast<std::uint64_t>(i)) %
                                                  static_cast<std::uint64_t>(config.vocab_size - 2)));
  return tokens;
}

// Ragged: 2 to 60 tokens, prompts of 0 to half of them, weights 0.5 to 1.5.
inline std::vector<TrainExample> random_batch(const ModelConfig& config, std::size_t count, std::uint64_t seed = 3) {
  std::vector<TrainExample> batch;
  for (std::size_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::int64_t>(i == 0 ? 2 : 2 + random_bits(seed, 2 * i) % 59);
    TrainExample example;
    example.tokens = random_tokens(config, length, seed * 1000 + i);
    example.prompt_length =
        static_cast<std::uint32_t>(random_bits(seed, 2 * i + 1) % static_cast<std::uint64_t>(length / 2 + 1));
    example.weight = 0.5f + static_cast<float>(random_unit(seed + 1, i));
    batch.push_back(std::move(example));
  }
  return batch;
}

}  // namespace autodidact::testing
