#pragma once
// The tokenizer inside a GGUF file as the files that Hugging Face would have beside the weights. Free functions; any thread.

#include <memory>
#include <string>

#include "config/status.hpp"
#include "model/gguf/gguf_file.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

// "gpt2" (byte-level BPE), "llama" (SentencePiece BPE) or "t5" (SentencePiece unigram): tokenizer.ggml.model.
Result<std::string> gguf_tokenizer_kind(const GgufFile& file);

// A tokenizer.json of the kind "gpt2". Tokens of the types control and unknown, and the ends, are special; fillers ("[PAD42]")
// are left out. kBadInput names the key and the token.
Result<std::string> gguf_tokenizer_json(const GgufFile& file);
// A tokenizer.model (SentencePiece's ModelProto) of the kinds "llama" and "t5".
Result<std::string> gguf_sentencepiece_model(const GgufFile& file);
// The tokenizer_config.json for either: the ends, chat_template, whether a beginning is added.
Result<std::string> gguf_tokenizer_config_json(const GgufFile& file);

// All of it, ready. to_json() is what is to be saved beside the weights.
Result<std::shared_ptr<const Tokenizer>> load_gguf_tokenizer(const GgufFile& file);

}  // namespace autodidact
