#include "model/checkpoint_source.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/bpe/tokenizer_json.hpp"
#include "model/checkpoint_tensors.hpp"
#include "model/config_json.hpp"
#include "model/gguf/gguf_checkpoint.hpp"
#include "model/gguf/gguf_tokenizer.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::uint64_t kMaxTokenizerBytes = 64 << 20;

class HuggingFaceSource final : public CheckpointSource {
 public:
  explicit HuggingFaceSource(std::string directory) : directory_(std::move(directory)) {}

  Status read() {
    const std::string path = directory_ + "/config.json";
    AD_ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxConfigBytes));
    auto config = read_config_json(text);
    if (!config.ok()) return config.status().with_context(path);
    config_ = *config;
    AD_ASSIGN_OR_RETURN(tokenizer_, load_tokenizer(directory_ + "/tokenizer.json"));
    AD_ASSIGN_OR_RETURN(chat_template_, load_chat_template(directory_));
    for (const char* name :
         {"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"}) {
      std::error_code ignored;
      if (!fs::exists(directory_ + "/" + name, ignored)) continue;
      AD_ASSIGN_OR_RETURN(files_[name], read_file(directory_ + "/" + name, kMaxTokenizerBytes));
    }
    return {};
  }

  const char* format() const override { return "huggingface"; }
  Result<std::shared_ptr<const float[]>> tensors() const override { return load_tensors(directory_, config_); }

 private:
  const std::string directory_;
};

class GgufSource final : public CheckpointSource {
 public:
  GgufSource(std::string path, GgufFile file) : path_(std::move(path)), file_(std::move(file)) {}

  Status read() { return read_parts().with_context(path_); }

  const char* format() const override { return "gguf"; }
  Result<std::shared_ptr<const float[]>> tensors() const override {
    auto data = load_gguf_tensors(file_, info_, config_);
    if (!data.ok()) return data.status().with_context(path_);
    return data;
  }

 private:
  Status read_parts() {
    AD_ASSIGN_OR_RETURN(info_, read_gguf_model(file_));
    AD_ASSIGN_OR_RETURN(config_, gguf_model_config(info_));
    AD_ASSIGN_OR_RETURN(tokenizer_, load_gguf_tokenizer(file_));
    AD_ASSIGN_OR_RETURN(files_["tokenizer_config.json"], gguf_tokenizer_config_json(file_));
    AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file_));
    if (kind == "gpt2") {
      AD_ASSIGN_OR_RETURN(files_["tokenizer.json"], gguf_tokenizer_json(file_));
    } else {
      AD_ASSIGN_OR_RETURN(files_["tokenizer.model"], gguf_sentencepiece_model(file_));
    }
    AD_ASSIGN_OR_RETURN(chat_template_, read_chat_template(files_["tokenizer_config.json"]));
    return {};
  }

  const std::string path_;
  const GgufFile file_;
  GgufModelInfo info_;
};

template <class Source>
Result<std::shared_ptr<const CheckpointSource>> opened(std::shared_ptr<Source> source) {
  AD_RETURN_IF_ERROR(source->read());
  return std::shared_ptr<const CheckpointSource>(std::move(source));
}

}  // namespace

Result<std::shared_ptr<const CheckpointSource>> CheckpointSource::open(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return opened(std::make_shared<HuggingFaceSource>(path));
  if (!fs::exists(path, ignored))
    return {Errc::kNotFound, path +
                                 ": no such checkpoint; name a Hugging Face directory (config.json, model.safetensors, "
                                 "tokenizer.json) or a .gguf file"};
  AD_ASSIGN_OR_RETURN(GgufFile file, GgufFile::open(path));
  return opened(std::make_shared<GgufSource>(path, std::move(file)));
}

}  // namespace autodidact
