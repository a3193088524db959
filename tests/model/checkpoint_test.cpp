#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/files.hpp"
#include "config/sha256.hpp"
#include "model/config_json.hpp"
#include "model/decoder.hpp"
#include "model/packed_weights.hpp"
#include "model/safetensors.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Shape;

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class CheckpointShapes : public ::testing::TestWithParam<Shape> {};

TEST_P(CheckpointShapes, ComesBackBitForBit) {
  const ModelConfig config = testing::config_of(GetParam());
  const WeightsPtr weights = testing::random_weights(config);
  const std::string directory = "round_trip_" + GetParam().name;
  const auto digest = save_checkpoint(*weights, {{"tokenizer.json", "{\"t\": 1}\n"}}, directory);
  ASSERT_TRUE(digest.ok()) << digest.status().message();
  EXPECT_EQ(*digest, sha256_file_hex(directory + "/model.safetensors").value());
  EXPECT_EQ(read_file(directory + "/tokenizer.json", 100).value(), "{\"t\": 1}\n");
  const auto loaded = load_checkpoint(directory, 12);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*loaded)->version, 12u);
  EXPECT_TRUE((*loaded)->config == config);
  ASSERT_EQ((*loaded)->size, weights->size);
  EXPECT_TRUE(std::equal(weights->data.get(), weights->data.get() + weights->size, (*loaded)->data.get()));
}

// Two descriptions of one order: the names on disk and the offsets that the engines use.
TEST_P(CheckpointShapes, LayoutAndOffsetsAgree) {
  const ModelConfig config = testing::config_of(GetParam());
  const auto layout = tensor_layout(config);
  const WeightOffsets offsets = weight_offsets(config);
  std::size_t end = 0;
  for (const TensorView& tensor : layout) {
    EXPECT_EQ(tensor.offset, end);
    std::int64_t size = 1;
    for (std::int64_t n : tensor.shape) size *= n;
    EXPECT_EQ(static_cast<std::size_t>(size), tensor.size);
    end += tensor.size;
  }
  EXPECT_EQ(end, offsets.size);
  EXPECT_EQ(static_cast<std::int64_t>(end), config.parameter_count());
  const auto offset_of = [&](const std::string& name) {
    for (const TensorView& tensor : layout)
      if (tensor.name == name) return tensor.offset;
    ADD_FAILURE() << name;
    return std::size_t{0};
  };
  if (config.family == ModelConfig::Family::kGpt2) {
    EXPECT_EQ(offset_of("transformer.h.1.attn.c_attn.bias"), offsets.layers[1].qkv.bias);
    EXPECT_EQ(offset_of("transformer.h.1.mlp.c_proj.weight"), offsets.layers[1].down.weight);
    return;
  }
  for (std::size_t i = 0; i < offsets.layers.size(); ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    EXPECT_EQ(offset_of(layer + "input_layernorm.weight"), offsets.layers[i].attention_norm.weight);
    EXPECT_EQ(offset_of(layer + "self_attn.q_proj.weight"), offsets.layers[i].qkv.weight);
    if (config.has_qkv_bias()) {
      EXPECT_EQ(offset_of(layer + "self_attn.q_proj.bias"), offsets.layers[i].qkv.bias);
    }
    if (config.qk_norm()) {
      EXPECT_EQ(offset_of(layer + "self_attn.k_norm.weight"), offsets.layers[i].k_norm);
    }
    EXPECT_EQ(offset_of(layer + "self_attn.o_proj.weight"), offsets.layers[i].o.weight);
    EXPECT_EQ(offset_of(layer + "post_attention_layernorm.weight"), offsets.layers[i].mlp_norm.weight);
    EXPECT_EQ(offset_of(layer + "mlp.gate_proj.weight"), offsets.layers[i].up.weight);
    EXPECT_EQ(offset_of(layer + "mlp.down_proj.weight"), offsets.layers[i].down.weight);
  }
  EXPECT_EQ(offset_of("model.norm.weight"), offsets.final_norm.weight);
  EXPECT_EQ(offset_of(config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight"), offsets.head);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CheckpointShapes, ::testing::ValuesIn(testing::shapes()),
                         [](const auto& info) { return info.param.name; });

class Checkpoint : public ::testing::Test {
 protected:
  Checkpoint() : directory_(std::string("checkpoint_") + ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(directory_);
    EXPECT_TRUE(save_checkpoint(*weights_, {{"tokenizer.json", "{}\n"}}, directory_).ok());
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string error() const {
    const auto loaded = load_checkpoint(directory_, 1);
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.status().message().find('\n'), std::string::npos) << "one line";
    EXPECT_THAT(loaded.status().message(), HasSubstr(directory_));
    return loaded.status().message();
  }
  const ModelConfig config_ = testing::config_of({"Checkpoint"});
  const WeightsPtr weights_ = testing::random_weights(config_);
  const std::string directory_;
};

TEST_F(Checkpoint, SavingAgainReplacesTheOldWholeAndLeavesNothingBeside) {
  const WeightsPtr other = testing::random_weights(config_, 99);
  fs::create_directories("again");
  ASSERT_TRUE(save_checkpoint(*weights_, {{"tokenizer.json", "{}\n"}}, "again/v1").ok());
  write("again/v1/extra", "belongs to the old one");
  ASSERT_TRUE(save_checkpoint(*other, {{"tokenizer.json", "{}\n"}}, "again/v1").ok());
  EXPECT_EQ((*load_checkpoint("again/v1", 1))->data[0], other->data[0]);
  EXPECT_FALSE(fs::exists("again/v1/extra"));
  EXPECT_EQ(std::distance(fs::directory_iterator("again"), {}), 1);
}

TEST_F(Checkpoint, APlaceThatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  write("a_file", "");
  EXPECT_FALSE(save_checkpoint(*weights_, {{"tokenizer.json", "{}\n"}}, "a_file/v1").ok());
}

TEST_F(Checkpoint, MissingPartsAreNamed) {
  EXPECT_EQ(load_checkpoint("nowhere", 1).status().code(), Errc::kNotFound);
  fs::remove(path("model.safetensors"));
  EXPECT_THAT(error(), HasSubstr("model.safetensors"));
}

TEST_F(Checkpoint, TensorsMustBeThoseOfTheShape) {
  const std::string good = read_file(path("model.safetensors"), 1 << 30).value();
  write(path("model.safetensors"), replaced(good, "model.norm.weight", "model.form.weight"));
  EXPECT_THAT(error(), HasSubstr("\"model.norm.weight\" is missing"));
  write(path("model.safetensors"), good.substr(0, good.size() - 4));
  EXPECT_THAT(error(), HasSubstr("truncated"));
  write(path("model.safetensors"), replaced(good, "[23,32]", "[32,23]"));
  EXPECT_THAT(error(), HasSubstr("another shape"));
  write(path("model.safetensors"), good);
  const std::string config = read_file(path("config.json"), 1 << 20).value();
  write(path("config.json"), replaced(config, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
  EXPECT_THAT(error(), HasSubstr("not part of this model"));
  write(path("config.json"), replaced(config, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000"));
  EXPECT_THAT(error(), HasSubstr("too small"));
}

class ShardedCheckpoint : public Checkpoint {
 protected:
  // The first tensor alone in one file, the others in another.
  ShardedCheckpoint() {
    fs::remove(path("model.safetensors"));
    const std::vector<TensorView> layout = tensor_layout(config_);
    const float* data = weights_->data.get();
    write(path("a.safetensors"), write_safetensors({layout[0]}, data));
    write(path("b.safetensors"), write_safetensors({layout.begin() + 1, layout.end()}, data));
    for (const TensorView& tensor : layout)
      map_ += (map_.empty() ? "\"" : ",\"") + tensor.name + "\":\"" + (map_.empty() ? "a" : "b") + ".safetensors\"";
    write_index("{\"metadata\":{},\"weight_map\":{" + map_ + "}}");
  }
  void write_index(const std::string& text) { write(path("model.safetensors.index.json"), text); }
  std::string map_;
};

TEST_F(ShardedCheckpoint, IsReadFromAllItsFiles) {
  const auto loaded = load_checkpoint(directory_, 1);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_TRUE(std::equal(weights_->data.get(), weights_->data.get() + weights_->size, (*loaded)->data.get()));
}

TEST_F(ShardedCheckpoint, AHostileIndexIsRefused) {
  const auto with = [&](const std::string& from, const std::string& to) {
    write_index("{\"weight_map\":{" + replaced(map_, from, to) + "}}");
    return error();
  };
  for (const std::string name : {"../a.safetensors", "/etc/passwd", "", "..", "x/a.safetensors", ".hidden"})
    EXPECT_THAT(with("\"a.safetensors\"", "\"" + name + "\""), HasSubstr("must name a file in the same directory")) << name;
  EXPECT_THAT(with("\"a.safetensors\"", "7"), HasSubstr("must name a file"));
  EXPECT_THAT(with("\"a.safetensors\"", "\"c.safetensors\""), HasSubstr("c.safetensors"));
  EXPECT_THAT(with("\"model.norm.weight\":\"b", "\"model.norm.weight\":\"a"),
              HasSubstr("\"model.norm.weight\" is not what the index says"));
  write_index("[]");
  EXPECT_THAT(error(), HasSubstr("weight_map"));
  write_index("{\"weight_map\":");
  EXPECT_THAT(error(), HasSubstr("index.json"));
}

TEST_F(ShardedCheckpoint, ATensorInTwoFilesIsRefused) {
  const std::vector<TensorView> layout = tensor_layout(config_);
  write(path("a.safetensors"), write_safetensors({layout[0], layout[1]}, weights_->data.get()));
  write_index("{\"weight_map\":{" + map_ + "}}");
  EXPECT_THAT(error(), HasSubstr("is not what the index says"));
}

TEST_F(Checkpoint, WhatWritersAddAndNobodyNeedsIsPassedOver) {
  std::vector<TensorView> layout = tensor_layout(config_);
  layout.push_back({"lm_head.weight", {config_.vocab_size, config_.hidden_size}, 0, layout[0].size});
  layout.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", {4}, 0, 4});
  write(path("model.safetensors"), write_safetensors(layout, weights_->data.get()));
  EXPECT_TRUE(load_checkpoint(directory_, 1).ok());
}

TEST_F(Checkpoint, ConfigSaysWhichKeyIsWrong) {
  const std::string good = read_file(path("config.json"), 1 << 20).value();
  const auto with = [&](const std::string& from, const std::string& to) {
    write(path("config.json"), replaced(good, from, to));
    return error();
  };
  EXPECT_THAT(with("{", "["), HasSubstr("config.json: not a JSON object"));
  EXPECT_THAT(with("\"llama\"", "\"bert\""), HasSubstr("model_type"));
  EXPECT_THAT(with("\"hidden_size\": 32", "\"hidden_size\": 0"), HasSubstr("hidden_size"));
  EXPECT_THAT(with("\"hidden_size\": 32", "\"hidden_size\": \"32\""), HasSubstr("hidden_size: expected an integer"));
  EXPECT_THAT(with("\"hidden_size\": 32", "\"hidden_size\": 18446744073709551615"), HasSubstr("hidden_size"));
  EXPECT_THAT(with("\"hidden_size\": 32", "\"hidden_sizes\": 32"), HasSubstr("hidden_size: is missing"));
  EXPECT_THAT(with("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(with("\"head_dim\": 8", "\"head_dim\": 7"), HasSubstr("head_dim"));
  EXPECT_THAT(with("\"attention_bias\": false", "\"attention_bias\": 1"), HasSubstr("attention_bias"));
  EXPECT_THAT(with("\"attention_bias\": false", "\"attention_bias\": true"), HasSubstr("k_proj.bias\" is missing"));
  EXPECT_THAT(with("\"mlp_bias\": false", "\"mlp_bias\": 3"), HasSubstr("mlp_bias"));
  EXPECT_THAT(with("\"silu\"", "\"gelu\""), HasSubstr("hidden_act"));
  EXPECT_THAT(with("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"yarn\"}"), HasSubstr("rope_scaling"));
  EXPECT_THAT(with("\"rope_scaling\": null", "\"rope_parameters\": {\"rope_type\": \"yarn\"}"), HasSubstr("rope_type"));
  EXPECT_THAT(with("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}"),
              HasSubstr("rope_scaling: original_max_position_embeddings"));
  EXPECT_THAT(with("\"rope_scaling\": null", "\"use_sliding_window\": true"), HasSubstr("use_sliding_window"));
  EXPECT_THAT(with("\"rope_theta\": 10000.0", "\"rope_theta\": -1"), HasSubstr("rope_theta"));
  EXPECT_THAT(with("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": \"x\""), HasSubstr("rms_norm_eps"));
  EXPECT_THAT(with("\"eos_token_id\": 1", "\"eos_token_id\": 23"), HasSubstr("eos_token_id"));
  EXPECT_THAT(with("\"position\": \"rope\"", "\"position\": \"polar\""), HasSubstr("autodidact.position"));
}

TEST_F(Checkpoint, ReadsTheWaysOthersWriteTheSameThing) {
  const std::string good = read_file(path("config.json"), 1 << 20).value();
  const ModelConfig config =
      read_config_json(
          replaced(replaced(replaced(good, "\"rope_theta\": 10000.0",
                                     "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000.0}"),
                            "\"eos_token_id\": 1", "\"eos_token_id\": [3, 4]"),
                   "\"pad_token_id\": 0", "\"pad_token_id\": null"))
          .value();
  EXPECT_EQ(config.rope_theta, 500000.0);
  EXPECT_EQ(config.eos_token_id, 3);
  EXPECT_EQ(config.pad_token_id, -1);
  EXPECT_EQ(read_config_json(replaced(good, "\"head_dim\": 8", "\"head_dim\": null")).value().head_dim, 8);
}

TEST_F(Checkpoint, OnlyRotaryPositionsClaimToBeLlama) {
  EXPECT_THAT(read_file(path("config.json"), 1 << 20).value(), HasSubstr("LlamaForCausalLM"));
  ModelConfig learned = config_;
  learned.position = ModelConfig::Position::kLearned;
  EXPECT_THAT(write_config_json(learned), ::testing::AllOf(HasSubstr("\"model_type\": \"autodidact\""), HasSubstr("note"),
                                                           ::testing::Not(HasSubstr("LlamaForCausalLM"))));
}

TEST(InitWeights, IsDeterministicAndHasTheSpreadAsked) {
  const ModelConfig config = testing::config_of({"Init", 64, 3, 4, 4, 16, 192, 40});
  const WeightsPtr a = init_weights(config, 0.02, 5), b = init_weights(config, 0.02, 5), c = init_weights(config, 0.02, 6);
  EXPECT_TRUE(std::equal(a->data.get(), a->data.get() + a->size, b->data.get()));
  EXPECT_FALSE(std::equal(a->data.get(), a->data.get() + a->size, c->data.get()));
  for (const TensorView& tensor : a->layout) {
    double squares = 0;
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      squares += static_cast<double>(a->data[i]) * a->data[i];
    const double std = std::sqrt(squares / static_cast<double>(tensor.size));
    const bool residual = tensor.name.find("o_proj") != std::string::npos || tensor.name.find("down_proj") != std::string::npos;
    EXPECT_NEAR(std, tensor.shape.size() == 1 ? 1 : residual ? 0.02 / std::sqrt(6.0) : 0.02, 1.2e-3) << tensor.name;
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a->data.get()) % 64, 0u);
}

TEST(Weights, AnotherVersionSharesTheBufferAndThePanels) {
  const WeightsPtr a = testing::random_weights(testing::config_of({"Version"}));
  const WeightsPtr b = with_version(a, 3);
  EXPECT_EQ(b->version, 3u);
  EXPECT_EQ(a->data.get(), b->data.get());
  EXPECT_EQ(a->packed, b->packed);
}

TEST(MakeModelConfig, TakesTheOptionsAndRefusesWhatDoesNotDivide) {
  const ModelOptions good;
  const ModelConfig config = make_model_config(good, 40, 1, 0).value();
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.vocab_size, 40);
  const auto refused = [&](auto change) {
    ModelOptions options = good;
    change(options);
    const auto result = make_model_config(options, 40, 1, 0);
    EXPECT_EQ(result.status().code(), Errc::kConfig);
    return result.status().message();
  };
  EXPECT_THAT(refused([](auto& o) { o.heads = 3; }), HasSubstr("model.heads"));
  EXPECT_THAT(refused([](auto& o) { o.heads = 0; }), HasSubstr("heads"));
  EXPECT_THAT(refused([](auto& o) { o.kv_heads = 3; }), HasSubstr("model.kv_heads"));
  EXPECT_THAT(refused([](auto& o) {
                o.d_model = 60;
                o.heads = 4;
                o.kv_heads = 4;
              }),
              HasSubstr("even head size"));
  EXPECT_THAT(refused([](auto& o) { o.position = "sine"; }), HasSubstr("model.position"));
  EXPECT_THAT(refused([](auto& o) { o.random_offset = 160; }), HasSubstr("random_offset"));
  EXPECT_THAT(refused([](auto& o) { o.max_positions = 1; }), HasSubstr("max_positions"));
  EXPECT_EQ(make_model_config(good, 1, 0, 0).status().code(), Errc::kConfig);
}

// A checkpoint that transformers wrote (bf16), when the shared data is there.
TEST(RealCheckpoint, LoadsAndDecodes) {
  const char* shared = std::getenv("AD_SHARED_DIR");
  const char* source = std::getenv("AD_SOURCE_DIR");
  const std::string root = shared != nullptr ? shared : source != nullptr ? std::string(source) + "/../shared" : "../shared";
  const std::string directory = root + "/data/tiny-checkpoint";
  if (!fs::exists(directory)) GTEST_SKIP() << directory << " is not there; set AD_SHARED_DIR to the shared data";
  const auto weights = load_checkpoint(directory, 1);
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  EXPECT_EQ((*weights)->config.num_hidden_layers, 4);
  EXPECT_FALSE((*weights)->config.tie_word_embeddings);
  EXPECT_EQ((*weights)->config.pad_token_id, 2);
  auto decoder = std::move(make_cpu_decoder({4}).value());
  ASSERT_TRUE(decoder->set_weights(*weights).ok());
  DecodeRequest request{1, {3, 4, 5}, {}, 1};
  request.sampler.max_tokens = 12;
  decoder->submit(request);
  std::vector<DecodeResult> finished;
  while (decoder->step(finished) > 0) {
  }
  ASSERT_TRUE(finished[0].status.ok());
  EXPECT_FALSE(finished[0].tokens.empty());
}

}  // namespace
}  // namespace autodidact
