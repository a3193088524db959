// A chat template, and behind a zero byte the user's words. What it renders to is UTF-8, with ranges that are in order.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "model/bpe/utf8.hpp"
#include "model/chat/chat_template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string source(input.substr(0, input.find('\0')));
  const std::string text(source.size() < input.size() ? input.substr(source.size() + 1) : "2 + 2 = <|im_end|>?");
  const auto chat = autodidact::ChatTemplate::parse(source, {{"bos_token", "<s>"}});
  if (!chat.ok()) return 0;
  autodidact::ChatOptions options;
  options.now = 1'700'000'000;
  options.limits = {50'000, 4 << 20, 1 << 20};
  options.variables = std::make_shared<const nlohmann::ordered_json>(
      nlohmann::ordered_json::parse(R"({"l": [3, 1, "a"], "d": {"b": 1.5, "a": {"x": [1]}}, "tools": [{"name": "f"}]})"));
  const auto markup = (*chat)->render({{"system", "Be brief."}, {"user", text}, {"assistant", text}}, options);
  if (!markup.ok()) return 0;
  std::size_t end = 0;
  for (const autodidact::ByteRange& range : markup->untrusted) {
    if (range.begin >= range.end || (end > 0 && range.begin <= end) || range.end > markup->text.size()) std::abort();
    end = range.end;
  }
  if (!autodidact::is_well_formed(markup->text)) std::abort();
  return 0;
}
