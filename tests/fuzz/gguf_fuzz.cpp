// A GGUF file: whatever its bytes say, its tensors are read, the model is mapped and its tokenizer made and used, or each is
// refused. A file that begins with "SPM" is a SentencePiece model behind that.

#include <cstdint>
#include <vector>

#include "model/gguf/gguf_model.hpp"
#include "model/gguf/gguf_tokenizer.hpp"
#include "model/sentencepiece/sentencepiece_tokenizer.hpp"

namespace {

using namespace autodidact;

constexpr std::string_view kText = "Hello, w\xC3\xB6rld </s> <|end|> 123  \xE2\x96\x81 a\xFF";

void use(const Tokenizer& tokenizer) {
  for (const auto& tokens : {tokenizer.encode(kText), tokenizer.encode_markup({std::string(kText), {}})}) {
    if (tokens.ok()) (void)tokenizer.decode(*tokens);
  }
  (void)tokenizer.token_text(tokenizer.vocab_size() - 1);
}

void read_values(const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.values > 1 << 20) continue;
    std::vector<float> to(tensor.values);
    (void)file.read(tensor, 0, to);
  }
  const auto info = read_gguf_model(file);
  if (!info.ok()) return;
  for (const GgufModelTensor& tensor : info->tensors) {
    std::vector<float> to(file.tensor(tensor.gguf_name)->values);
    if (to.size() <= 1 << 20) (void)read_gguf_tensor(file, *info, tensor.name, to);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with("SPM")) {
    const auto tokenizer = make_sentencepiece_tokenizer(std::string(input.substr(3)), {});
    if (tokenizer.ok()) use(**tokenizer);
    return 0;
  }
  const auto file = GgufFile::parse(std::string(input));
  if (!file.ok()) return 0;
  read_values(*file);
  (void)gguf_tokenizer_config_json(*file);
  const auto tokenizer = load_gguf_tokenizer(*file);
  if (tokenizer.ok()) use(**tokenizer);
  return 0;
}
