#pragma once
// A conversation as the text a model was trained to read: the Jinja template that came with its checkpoint, rendered to the
// byte as transformers' apply_chat_template does (docs/chat-templates.md says what is supported). Immutable; any thread may
// render. The template and the conversation are strangers' both: each costs what model/chat/jinja/limits.hpp allows.

#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "model/chat/chat_message.hpp"
#include "model/chat/jinja/limits.hpp"
#include "model/markup.hpp"

namespace autodidact {
namespace jinja {
struct Program;
}

struct ChatOptions {
  bool add_generation_prompt = false;  // ends with what begins an assistant's message
  std::optional<std::time_t> now;      // for strftime_now; none: the clock
  // An object of more variables, e.g. {"enable_thinking": false, "tools": [...]}; null: none.
  std::shared_ptr<const nlohmann::ordered_json> variables;
  jinja::Limits limits;
};

class ChatTemplate {
 public:
  // Variables of the tokenizer's own, e.g. "bos_token": "<s>"; they alone stay trusted.
  using SpecialTokens = std::map<std::string, std::string>;

  // kBadInput: "line 3: what is off".
  static Result<std::shared_ptr<const ChatTemplate>> parse(std::string source, SpecialTokens special_tokens = {});

  // All of a message but the name of a known role is untrusted. kBadInput, with the line in the template: it refuses the
  // conversation (raise_exception), goes wrong, or costs too much.
  Result<Markup> render(const std::vector<ChatMessage>& messages, const ChatOptions& options) const;
  // Messages with more than role and content: tool_calls, reasoning_content, content in parts. An array of objects.
  Result<Markup> render_json(const nlohmann::ordered_json& messages, const ChatOptions& options) const;

  const std::string& source() const { return source_; }
  const SpecialTokens& special_tokens() const { return special_tokens_; }

 private:
  ChatTemplate(std::string source, SpecialTokens special_tokens, std::shared_ptr<const jinja::Program> program);

  const std::string source_;
  const SpecialTokens special_tokens_;
  const std::shared_ptr<const jinja::Program> program_;
};

// Of the checkpoint in `directory`: chat_template.jinja, or "chat_template" in its tokenizer_config.json (a string, or a list
// of which the one named "default" counts), with the special tokens that file names. Null: it has none. Errors name the file
// and the line of the template.
Result<std::shared_ptr<const ChatTemplate>> load_chat_template(const std::string& directory);
// Of the text of a tokenizer_config.json.
Result<std::shared_ptr<const ChatTemplate>> read_chat_template(const std::string& tokenizer_config);

}  // namespace autodidact
