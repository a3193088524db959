#pragma once
// A model that a user names by a path: a Hugging Face directory or a GGUF file. Immutable; any thread. Opening it reads the
// configuration and the tokenizer; the tensors, which take the time and the memory, come when they are asked for.

#include <map>
#include <memory>
#include <string>

#include "config/status.hpp"
#include "model/chat/chat_template.hpp"
#include "model/tokenizer.hpp"
#include "model/weights.hpp"

namespace autodidact {

class CheckpointSource {
 public:
  // kNotFound / kBadInput name the file and the place in it.
  static Result<std::shared_ptr<const CheckpointSource>> open(const std::string& path);
  virtual ~CheckpointSource() = default;

  virtual const char* format() const = 0;  // "huggingface" or "gguf"
  // The ids that end a completion and pad are the tokenizer's.
  const ModelConfig& config() const { return config_; }
  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }
  // Null: it has none.
  const std::shared_ptr<const ChatTemplate>& chat_template() const { return chat_template_; }
  // What belongs beside the weights when they are saved again.
  const CheckpointFiles& files() const { return files_; }
  // The flat buffer of config(). Each call reads the file anew.
  virtual Result<std::shared_ptr<const float[]>> tensors() const = 0;

 protected:
  ModelConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const ChatTemplate> chat_template_;
  CheckpointFiles files_;
};

}  // namespace autodidact
