// Small models in GGUF: names, shapes, orders of rows; and files that claim what they do not hold.

#include "model/gguf/gguf_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include "tests/model/gguf_fixture.hpp"

namespace autodidact {
namespace {

std::vector<float> counting(std::size_t size) {
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

// 2 heads of 4, one for keys, width 3: nothing divides into 32.
GgufBytes small_model(const std::string& family) {
  GgufBytes made;
  made.text("general.architecture", family).u32(family + ".block_count", 1).u32(family + ".embedding_length", 3);
  made.u32(family + ".attention.head_count", 2).u32(family + ".attention.head_count_kv", 1);
  made.u32(family + ".attention.key_length", 4).u32(family + ".feed_forward_length", 5).u32(family + ".context_length", 64);
  made.f32(family + ".rope.freq_base", 5e5f).f32(family + ".attention.layer_norm_rms_epsilon", 1e-6f);
  made.u32("tokenizer.ggml.eos_token_id", 6);
  made.tensor("token_embd.weight", {3, 7}, counting(21)).tensor("blk.0.attn_q.weight", {3, 8}, counting(24));
  made.tensor("blk.0.attn_k.weight", {3, 4}, counting(12)).tensor("blk.0.attn_q.bias", {8}, counting(8));
  return made;
}

std::vector<float> read(const GgufFile& file, const GgufModelInfo& info, const std::string& name, std::size_t size) {
  std::vector<float> values(size);
  const Status status = read_gguf_tensor(file, info, name, values);
  EXPECT_TRUE(status.ok()) << status.message();
  return values;
}

TEST(GgufModel, ReadsTheShape) {
  const GgufFile file = GgufFile::parse(small_model("qwen2").bytes()).value();
  const GgufModelInfo info = read_gguf_model(file).value();
  EXPECT_EQ(info.model_type, "qwen2");
  EXPECT_EQ(info.vocab_size, 7);
  EXPECT_EQ(info.hidden_size, 3);
  EXPECT_EQ(info.num_hidden_layers, 1);
  EXPECT_EQ(info.num_attention_heads, 2);
  EXPECT_EQ(info.num_key_value_heads, 1);
  EXPECT_EQ(info.head_dim, 4);
  EXPECT_EQ(info.intermediate_size, 5);
  EXPECT_EQ(info.max_position_embeddings, 64);
  EXPECT_EQ(info.rope_theta, 5e5);
  EXPECT_EQ(info.norm_eps, 1e-6);
  EXPECT_EQ(info.rope_type, "default");
  EXPECT_TRUE(info.tie_word_embeddings);
  EXPECT_TRUE(info.attention_bias);
  EXPECT_EQ(info.eos_token_id, 6);
  EXPECT_EQ(info.pad_token_id, -1);
  ASSERT_EQ(info.tensors.size(), 4u);
  EXPECT_EQ(info.tensors[1].name, "model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(info.tensors[1].shape, (std::vector<std::int64_t>{8, 3}));
  EXPECT_EQ(read(file, info, "model.layers.0.self_attn.q_proj.weight", 24), counting(24)) << "Qwen's rows stay as they are";
}

TEST(GgufModel, UndoesThePairingOfLlamasRows) {
  const GgufFile file = GgufFile::parse(small_model("llama").bytes()).value();
  const GgufModelInfo info = read_gguf_model(file).value();
  // The converter wrote rows 0 2 1 3 of each head of 4: its own inverse here.
  EXPECT_EQ(read(file, info, "model.layers.0.self_attn.q_proj.bias", 8), (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(read(file, info, "model.layers.0.self_attn.k_proj.weight", 12),
            (std::vector<float>{0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11}));
  EXPECT_EQ(read(file, info, "model.embed_tokens.weight", 21), counting(21));
  std::vector<float> values(3);
  EXPECT_EQ(read_gguf_tensor(file, info, "model.norm.weight", values).code(), Errc::kNotFound);
  EXPECT_EQ(read_gguf_tensor(file, info, "model.embed_tokens.weight", values).code(), Errc::kBadInput);
}

TEST(GgufModel, TransposesGpt2sMatricesAndFindsItsTie) {
  GgufBytes made;
  made.text("general.architecture", "gpt2").u32("gpt2.block_count", 1).u32("gpt2.embedding_length", 2);
  made.u32("gpt2.attention.head_count", 1).u32("gpt2.feed_forward_length", 20).u32("gpt2.context_length", 8);
  made.f32("gpt2.attention.layer_norm_epsilon", 1e-5f).tensor("token_embd.weight", {2, 3}, counting(6));
  made.tensor("blk.0.ffn_up.weight", {2, 20}, counting(40)).tensor("blk.0.ffn_up.bias", {20}, counting(20));
  made.tensor("position_embd.weight", {2, 8}, counting(16)).tensor("output.weight", {2, 3}, counting(6));
  const GgufFile file = GgufFile::parse(made.bytes()).value();
  const GgufModelInfo info = read_gguf_model(file).value();
  EXPECT_TRUE(info.tie_word_embeddings) << "written twice, and the same";
  ASSERT_EQ(info.tensors.size(), 4u);
  EXPECT_EQ(info.tensors[1].name, "transformer.h.0.mlp.c_fc.weight");
  EXPECT_EQ(info.tensors[1].shape, (std::vector<std::int64_t>{2, 20}));
  const auto values = read(file, info, "transformer.h.0.mlp.c_fc.weight", 40);
  for (int in = 0; in < 2; ++in)
    for (int out = 0; out < 20; ++out) EXPECT_EQ(values[in * 20 + out], static_cast<float>(out * 2 + in));
  EXPECT_EQ(read(file, info, "transformer.h.0.mlp.c_fc.bias", 20), counting(20));
}

// As the converter computes them from Llama 3.2's config.json (factor 32).
std::vector<float> llama3_divisors(double theta, int head_dim) {
  std::vector<float> out;
  for (int i = 0; i < head_dim; i += 2) {
    const double frequency = 1 / std::pow(theta, i / static_cast<double>(head_dim)), wave = 2 * std::numbers::pi / frequency;
    const double smooth = (8192 / wave - 1) / 3;
    out.push_back(static_cast<float>(wave < 2048 ? 1 : wave > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth)));
  }
  return out;
}

TEST(GgufModel, TellsLlama3sScalingFromItsDivisors) {
  const auto with = [](std::vector<float> divisors) {
    GgufBytes made;
    made.text("general.architecture", "llama").u32("llama.block_count", 1).u32("llama.embedding_length", 64);
    made.u32("llama.attention.head_count", 1).u32("llama.feed_forward_length", 5).u32("llama.context_length", 64);
    made.f32("llama.rope.freq_base", 5e5f).f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    made.tensor("token_embd.weight", {64, 2}, counting(128)).tensor("rope_freqs.weight", {divisors.size()}, divisors);
    return read_gguf_model(GgufFile::parse(made.bytes()).value());
  };
  auto divisors = llama3_divisors(5e5, 64);
  const auto info = with(divisors);
  ASSERT_TRUE(info.ok()) << info.status().message();
  EXPECT_EQ(info->rope_type, "llama3");
  EXPECT_EQ(info->rope_factor, 32);
  EXPECT_EQ(info->rope_original_max_position_embeddings, 8192);
  EXPECT_EQ(info->tensors.size(), 1u) << "the divisors are no weights";
  divisors[0] *= 1.01f;
  EXPECT_NE(with(divisors).status().message().find("rope_freqs.weight\": value 0"), std::string::npos);
}

TEST(GgufModel, RefusesWhatIsNotSuchAModel) {
  const auto refused = [](const std::function<void(GgufBytes&)>& change, const std::string& why, const char* family = "llama") {
    GgufBytes made = small_model(family);
    change(made);
    const auto info = read_gguf_model(GgufFile::parse(made.bytes()).value());
    ASSERT_FALSE(info.ok()) << why;
    EXPECT_EQ(info.status().code(), Errc::kBadInput);
    EXPECT_NE(info.status().message().find(why), std::string::npos) << info.status().message();
  };
  refused([](GgufBytes& made) { made = GgufBytes().text("general.architecture", "mamba"); }, "general.architecture");
  refused([](GgufBytes& made) { made = GgufBytes().text("general.architecture", "llama"); },
          "\"llama.block_count\": is missing");
  refused([](GgufBytes& made) { made.u32("llama.expert_count", 8); }, "mixtures of experts");
  refused([](GgufBytes& made) { made.u32("llama.rope.dimension_count", 2); }, "llama.rope.dimension_count");
  refused([](GgufBytes& made) { made.text("llama.rope.scaling.type", "magic"); }, "scaling.type");
  refused([](GgufBytes& made) { made.tensor("blk.1.attn_q.weight", {3, 8}, counting(24)); }, "blk.1.attn_q.weight");
  refused([](GgufBytes& made) { made.tensor("blk.00.attn_v.weight", {3, 4}, counting(12)); }, "blk.00.attn_v.weight");
  refused([](GgufBytes& made) { made.tensor("blk.0.ffn_gate_exps.weight", {3, 8}, counting(24)); }, "ffn_gate_exps");
  refused([](GgufBytes& made) { made.tensor("blk.0.attn_k.bias", {6}, counting(6)); }, "has 6 rows, its heads need 4");
  refused([](GgufBytes& made) { made.u32("tokenizer.ggml.bos_token_id", 7); }, "tokenizer.ggml.bos_token_id");
}

}  // namespace
}  // namespace autodidact
