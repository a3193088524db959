// A tokenizer.json, and the text to encode with it behind a zero byte. What it encodes, it can decode.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "model/bpe/bpe_tokenizer.hpp"
#include "model/bpe/tokenizer_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string file(input.substr(0, input.find('\0')));
  const std::string_view text = file.size() < input.size() ? input.substr(file.size() + 1) : "Hello, w\xC3\xB6rld <|end|> 123";
  const auto json = autodidact::parse_json_once(file);
  if (!json.ok()) return 0;
  const auto tokenizer = autodidact::make_bpe_tokenizer(file, *json, {"<|end|>", ""});
  if (!tokenizer.ok()) return 0;
  for (const auto& tokens : {(*tokenizer)->encode(text), (*tokenizer)->encode_markup({std::string(text), {}})}) {
    if (tokens.ok()) (void)(*tokenizer)->decode(*tokens);
  }
  return 0;
}
