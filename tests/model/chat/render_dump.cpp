// render_dump [TOKENIZER_JSON]: renders chat templates for hf_chat_templates.py. A JSON object per line in, one out:
// {"text": ..., "ids": [...]} or {"error": ...}.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "model/chat/chat_template.hpp"
#include "model/tokenizer.hpp"

namespace {

using namespace autodidact;
using nlohmann::ordered_json;

ordered_json answer(const ordered_json& request, const Tokenizer* tokenizer) {
  ChatTemplate::SpecialTokens tokens;
  for (const auto& [name, token] : request["special_tokens"].items()) tokens[name] = token;
  const auto chat = ChatTemplate::parse(request["template"], tokens);
  if (!chat.ok()) return {{"error", chat.status().message()}};
  ChatOptions options;
  options.add_generation_prompt = request["add_generation_prompt"];
  options.now = request["now"].get<std::time_t>();
  options.variables = std::make_shared<const ordered_json>(request["variables"]);
  const auto markup = (*chat)->render_json(request["messages"], options);
  if (!markup.ok()) return {{"error", markup.status().message()}};
  ordered_json out = {{"text", markup->text}};
  if (tokenizer != nullptr) out["ids"] = tokenizer->encode_markup(*markup).value();
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::shared_ptr<const Tokenizer> tokenizer;
  if (argc > 1) tokenizer = load_tokenizer(argv[1]).value();
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(ordered_json::parse(line), tokenizer.get()).dump() << "\n";
  }
}
