// PEFT's adapter directories, out and in; what must not be taken for plain LoRA.

#include "model/lora_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/safetensors.hpp"
#include "tests/model/lora_fixtures.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LoraFilesTest : public ::testing::Test {
 protected:
  LoraFilesTest() { fs::remove_all(directory_); }
  void save() const { ASSERT_TRUE(save_adapter(adapter_, "base/model", directory_).ok()); }
  json config() const { return json::parse(read_file(directory_ + "/adapter_config.json", 1 << 20).value()); }
  std::string tensors() const { return read_file(directory_ + "/adapter_model.safetensors", 1 << 26).value(); }

  const std::string directory_ = "adapter";
  const ModelConfig model_ = testing::config_of({"Files"});
  const LoraConfig config_{3, 4.5, {"q_proj", "down_proj"}, true};
  const LoraAdapter adapter_ = testing::random_adapter(config_, model_);
};

TEST_F(LoraFilesTest, WhatWasSavedIsLoadedBitForBit) {
  save();
  const LoraAdapter loaded = load_adapter(directory_, model_).value();
  EXPECT_EQ(loaded.config.rank, 3);
  EXPECT_EQ(loaded.config.alpha, 4.5);
  EXPECT_TRUE(loaded.config.use_rslora);
  EXPECT_THAT(loaded.config.target_modules, ElementsAre("down_proj", "q_proj"));
  ASSERT_EQ(loaded.size, adapter_.size);
  EXPECT_TRUE(std::equal(loaded.values.get(), loaded.values.get() + loaded.size, adapter_.values.get()));
}

TEST_F(LoraFilesTest, TheConfigSaysWhatPeftReads) {
  save();
  EXPECT_EQ(config()["peft_type"], "LORA");
  EXPECT_EQ(config()["task_type"], "CAUSAL_LM");
  EXPECT_EQ(config()["base_model_name_or_path"], "base/model");
  EXPECT_EQ(config()["r"], 3);
  EXPECT_EQ(config()["lora_alpha"], 4.5);
  EXPECT_EQ(config()["bias"], "none");
  const LoraAdapter all = testing::random_adapter({2, 8, {"all-linear"}, false}, model_);
  ASSERT_TRUE(save_adapter(all, "", directory_).ok());
  EXPECT_TRUE(config()["base_model_name_or_path"].is_null());
  EXPECT_TRUE(config()["lora_alpha"].is_number_integer());
  EXPECT_EQ(config()["target_modules"], json::parse(R"(["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj",
                                                        "v_proj"])"));
  EXPECT_EQ(load_adapter(directory_, model_).value().size, all.size);
}

TEST_F(LoraFilesTest, SavingAgainReplacesTheWholeDirectoryAndLeavesNothingBeside) {
  fs::create_directories("alone");
  ASSERT_TRUE(save_adapter(adapter_, "", "alone/a").ok());
  ASSERT_TRUE(write_file_atomic("alone/a/stranger", "x").ok());
  ASSERT_TRUE(save_adapter(adapter_, "", "alone/a").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator("alone"), {}), 1);
  EXPECT_EQ(std::distance(fs::directory_iterator("alone/a"), {}), 2);
  EXPECT_FALSE(save_adapter(adapter_, "", "alone/a/adapter_config.json/below").ok());
  fs::remove_all("alone");
}

TEST_F(LoraFilesTest, MissingFilesAreNotFound) {
  EXPECT_EQ(load_adapter("nowhere", model_).status().code(), Errc::kNotFound);
  save();
  fs::remove(directory_ + "/adapter_model.safetensors");
  EXPECT_EQ(load_adapter(directory_, model_).status().code(), Errc::kNotFound);
}

TEST_F(LoraFilesTest, HalfPrecisionIsWidened) {
  save();
  std::vector<TensorView> layout = adapter_.layout;
  std::string header = "{";
  for (const TensorView& t : layout)
    header += (header.size() > 1 ? ",\"" : "\"") + t.name + R"(":{"dtype":"BF16","shape":[)" + std::to_string(t.shape[0]) +
              "," + std::to_string(t.shape[1]) + "],\"data_offsets\":[" + std::to_string(2 * t.offset) + "," +
              std::to_string(2 * (t.offset + t.size)) + "]}";
  header += "}";
  const std::uint64_t bytes = header.size();
  std::string file(reinterpret_cast<const char*>(&bytes), 8);
  file += header;
  for (std::size_t i = 0; i < adapter_.size; ++i) file += std::string("\xc0\x3f", 2);  // 1.5
  ASSERT_TRUE(write_file_atomic(directory_ + "/adapter_model.safetensors", file).ok());
  const LoraAdapter loaded = load_adapter(directory_, model_).value();
  for (std::size_t i = 0; i < loaded.size; ++i) ASSERT_EQ(loaded.values[i], 1.5f);
}

struct HostileConfig {
  std::string name, patch;  // a JSON merge patch; null removes, so a null is written as "@null"
  std::string complaint;
};

class HostileConfigTest : public LoraFilesTest, public ::testing::WithParamInterface<HostileConfig> {};

TEST_P(HostileConfigTest, IsRefusedByName) {
  save();
  json object = config();
  object.merge_patch(json::parse(GetParam().patch));
  ASSERT_TRUE(write_file_atomic(directory_ + "/adapter_config.json", object.dump()).ok());
  const auto loaded = load_adapter(directory_, model_);
  EXPECT_EQ(loaded.status().code(), Errc::kBadInput);
  EXPECT_THAT(loaded.status().message(), AllOf(HasSubstr(directory_), HasSubstr(GetParam().complaint)));
  EXPECT_LT(loaded.status().message().size(), 500u);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, HostileConfigTest,
    ::testing::Values(HostileConfig{"AnotherKind", R"({"peft_type": "ADALORA"})", "peft_type"},
                      HostileConfig{"NoKind", R"({"peft_type": null})", "peft_type"},
                      HostileConfig{"KindOfAnotherType", R"({"peft_type": ["LORA"]})", "peft_type"},
                      HostileConfig{"Biases", R"({"bias": "lora_only"})", "bias"},
                      HostileConfig{"ModulesToSave", R"({"modules_to_save": ["lm_head"]})", "modules_to_save"},
                      HostileConfig{"Dora", R"({"use_dora": true})", "use_dora"},
                      HostileConfig{"RankPattern", R"({"rank_pattern": {"q_proj": 9}})", "rank_pattern"},
                      HostileConfig{"AlphaPattern", R"({"alpha_pattern": {"q_proj": 9}})", "alpha_pattern"},
                      HostileConfig{"SomeLayersOnly", R"({"layers_to_transform": [0]})", "layers_to_transform"},
                      HostileConfig{"Excluded", R"({"exclude_modules": ["q_proj"]})", "exclude_modules"},
                      HostileConfig{"Replicated", R"({"layer_replication": [[0, 1]]})", "layer_replication"},
                      HostileConfig{"LoraBias", R"({"lora_bias": true})", "lora_bias"},
                      HostileConfig{"TrainedTokens", R"({"trainable_token_indices": [1]})", "trainable_token_indices"},
                      HostileConfig{"InvokedByTokens", R"({"alora_invocation_tokens": [1]})", "alora_invocation_tokens"},
                      HostileConfig{"NobodyKnows", R"({"from_the_future": 0.5})", "from_the_future"},
                      HostileConfig{"OddKey", "{\"a\\u0007\\nb\": 1}", "only plain LoRA"},
                      HostileConfig{"StartThatChangesTheBase", R"({"init_lora_weights": "pissa"})", "init_lora_weights"},
                      HostileConfig{"StartOfAnotherType", R"({"init_lora_weights": 3})", "init_lora_weights"},
                      HostileConfig{"NoRank", R"({"r": null})", "r: "}, HostileConfig{"RankZero", R"({"r": 0})", "r: "},
                      HostileConfig{"RankNegative", R"({"r": -3})", "r: "},
                      HostileConfig{"RankHuge", R"({"r": 18446744073709551615})", "r: "},
                      HostileConfig{"RankFraction", R"({"r": 3.5})", "r: "}, HostileConfig{"RankText", R"({"r": "3"})", "r: "},
                      HostileConfig{"RankOther", R"({"r": 4})", "shape"},
                      HostileConfig{"RankLargest", R"({"r": 65536})", "shape"},
                      HostileConfig{"NoAlpha", R"({"lora_alpha": null})", "lora_alpha"},
                      HostileConfig{"AlphaZero", R"({"lora_alpha": 0})", "lora_alpha"},
                      HostileConfig{"AlphaTiny", R"({"lora_alpha": -1e-300})", "lora_alpha"},
                      HostileConfig{"RsLora", R"({"use_rslora": "yes"})", "use_rslora"},
                      HostileConfig{"NoTargets", R"({"target_modules": null})", "target_modules"},
                      HostileConfig{"TargetsEmpty", R"({"target_modules": []})", "target_modules"},
                      HostileConfig{"TargetsPattern", R"({"target_modules": ".*q_proj"})", "target_modules"},
                      HostileConfig{"TargetsNested", R"({"target_modules": [["q_proj"]]})", "target_modules"},
                      HostileConfig{"TargetEmpty", R"({"target_modules": ["q_proj", ""]})", "target_modules"},
                      HostileConfig{"TargetUnknown", R"({"target_modules": ["q_proj", "down_proj", "lm_head"]})", "lm_head"},
                      HostileConfig{"TargetMore", R"({"target_modules": ["q_proj", "down_proj", "up_proj"]})", "is missing"},
                      HostileConfig{"TargetLess", R"({"target_modules": ["q_proj"]})", "does not belong"}),
    [](const auto& info) { return info.param.name; });

TEST_F(LoraFilesTest, ConfigsThatAreNoJsonObjectAreRefused) {
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{"), std::string("null"), std::string("{}"),
                                  std::string(100000, '['), "{\"peft_type\": \"\xff\"}" + std::string(1, '\0')})
    EXPECT_EQ(parse_adapter_config(text).status().code(), Errc::kBadInput) << text.substr(0, 20);
}

// Harmless things that PEFT's versions write do not stand in the way.
TEST_F(LoraFilesTest, WhatPeftWritesBesideIsAccepted) {
  save();
  json object = config();
  object.merge_patch(json::parse(R"({"megatron_core": "megatron.core", "qalora_group_size": 16, "lora_dropout": 0.05,
      "loftq_config": {}, "peft_version": "0.21.2", "use_qalora": false, "ensure_weight_tying": false, "inference_mode": false,
      "base_model_name_or_path": "x", "init_lora_weights": "gaussian", "auto_mapping": {"base_model_class": "L"}})"));
  object["corda_config"] = nullptr;
  EXPECT_TRUE(parse_adapter_config(object.dump()).ok()) << parse_adapter_config(object.dump()).status().message();
}

TEST_F(LoraFilesTest, TensorsThatDoNotFitAreRefusedByName) {
  save();
  const auto refused = [&](const std::vector<TensorView>& layout, const ModelConfig& model) {
    const auto loaded = parse_adapter(config_, write_safetensors(layout, adapter_.values.get()), model);
    EXPECT_EQ(loaded.status().code(), Errc::kBadInput);
    return loaded.status().message();
  };
  auto layout = adapter_.layout;
  std::swap(layout[0].shape[0], layout[0].shape[1]);
  EXPECT_THAT(refused(layout, model_), AllOf(HasSubstr("q_proj.lora_A"), HasSubstr("shape")));
  layout = adapter_.layout;
  layout[1].shape = {static_cast<std::int64_t>(layout[1].size)};
  EXPECT_THAT(refused(layout, model_), AllOf(HasSubstr("q_proj.lora_B"), HasSubstr("shape")));
  layout = adapter_.layout;
  layout.pop_back();
  EXPECT_THAT(refused(layout, model_), AllOf(HasSubstr("down_proj.lora_B"), HasSubstr("missing")));
  layout = adapter_.layout;
  layout.back().name = "base_model.model.lm_head.lora_B.weight";
  EXPECT_THAT(refused(layout, model_), HasSubstr("missing"));
  ModelConfig smaller = model_;
  smaller.num_hidden_layers = 1;
  EXPECT_THAT(refused(adapter_.layout, smaller), AllOf(HasSubstr("layers.1"), HasSubstr("does not belong")));
  adapter_.values[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refused(adapter_.layout, model_), AllOf(HasSubstr("value 5"), HasSubstr("NaN")));
}

TEST_F(LoraFilesTest, AnyTruncationIsNoticed) {
  save();
  const std::string file = tensors();
  for (std::size_t size = 0; size < file.size(); size += 1 + file.size() / 50)
    EXPECT_EQ(parse_adapter(config_, std::string_view(file).substr(0, size), model_).status().code(), Errc::kBadInput) << size;
}

}  // namespace
}  // namespace autodidact
