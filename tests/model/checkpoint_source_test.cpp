// A checkpoint that a user names, opened whole: a Hugging Face directory here; GGUF files have their own tests and peers.

#include "model/checkpoint_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/files.hpp"
#include "tests/model/bpe_fixture.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTemplate = "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}";

class CheckpointSourceTest : public ::testing::Test {
 protected:
  CheckpointSourceTest() {
    config_.vocab_size = 300;
    files_["tokenizer.json"] = small_tokenizer_json({{"h", "e"}, {"l", "l"}}).dump();
    files_["tokenizer_config.json"] = nlohmann::json{{"eos_token", "<|end|>"}, {"chat_template", kTemplate}}.dump();
  }
  Result<std::shared_ptr<const CheckpointSource>> opened() {
    EXPECT_TRUE(save_checkpoint(*testing::random_weights(config_), files_, "source").ok());
    return CheckpointSource::open("source");
  }
  ModelConfig config_ = testing::config_of({"Source"});
  CheckpointFiles files_;
};

TEST_F(CheckpointSourceTest, HasAllThatItsDirectoryHas) {
  const auto source = opened();
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_STREQ((*source)->format(), "huggingface");
  EXPECT_TRUE((*source)->config() == config_);
  EXPECT_EQ((*source)->files(), files_);
  EXPECT_EQ((*source)->tokenizer()->token_text((*source)->tokenizer()->eos()), "<|end|>");
  ASSERT_NE((*source)->chat_template(), nullptr);
  EXPECT_EQ((*source)->chat_template()->render({{"user", "hello"}}, {}).value().text, "user: hello<|end|>");
  const auto data = (*source)->tensors();
  ASSERT_TRUE(data.ok()) << data.status().message();
  const WeightsPtr weights = testing::random_weights(config_);
  EXPECT_TRUE(std::equal(weights->data.get(), weights->data.get() + weights->size, data->get()));
}

TEST_F(CheckpointSourceTest, WithoutATemplateThereIsNone) {
  files_["tokenizer_config.json"] = R"({"eos_token": "<|end|>"})";
  const auto source = opened();
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_EQ((*source)->chat_template(), nullptr);
}

TEST_F(CheckpointSourceTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(CheckpointSource::open("nowhere").status().message(), HasSubstr("nowhere: no such checkpoint"));
  ASSERT_TRUE(write_file_atomic("not_a.gguf", "hello").ok());
  EXPECT_THAT(CheckpointSource::open("not_a.gguf").status().message(), HasSubstr("not_a.gguf"));
  files_["tokenizer_config.json"] = R"({"eos_token": "<|end|>", "chat_template": "{% if %}"})";
  EXPECT_THAT(opened().status().message(), HasSubstr("chat_template: line 1"));
  files_.erase("tokenizer_config.json");
  EXPECT_THAT(opened().status().message(), HasSubstr("tokenizer_config.json"));
}

}  // namespace
}  // namespace autodidact
