#include "gateway/openai/prompt.hpp"

#include <algorithm>

#include "gateway/openai/request.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::json;

std::optional<std::string> read_content(const JsonFields& message) {
  const Json* content = message.find("content");
  if (content != nullptr && content->is_string()) return content->get<std::string>();
  if (content == nullptr || !content->is_array() || content->empty()) {
    message.refuse("content", "must be a string or a list of {\"type\":\"text\",\"text\":\"...\"}");
    return std::nullopt;
  }
  std::string text;
  for (const Json& part : *content) {
    const bool known = part.is_object() && part.value("type", Json()) == "text" && part.value("text", Json()).is_string();
    if (!known) {
      message.refuse("content", "may have parts of type text alone");
      return std::nullopt;
    }
    if (!text.empty()) text += '\n';
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

std::optional<ChatMessage> read_message(const JsonFields& message) {
  const auto role = message.text("role", 32);
  if (role != "system" && role != "developer" && role != "user" && role != "assistant") {
    message.refuse("role", "must be system, developer, user or assistant");
    return std::nullopt;
  }
  auto content = read_content(message);
  if (!content) return std::nullopt;
  return ChatMessage{role == "developer" ? "system" : *role, std::move(*content)};
}

bool is_token(const Json& value) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= INT32_MAX;
  return value.get<std::int64_t>() >= 0;
}

bool is_token_list(const Json& value) {
  return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_token);
}

std::optional<Prompt> read_prompt(const Json& value) {
  if (value.is_string()) return Prompt{value.get<std::string>(), std::nullopt};
  if (is_token_list(value)) return Prompt{std::nullopt, value.get<std::vector<TokenId>>()};
  return std::nullopt;
}

}  // namespace

std::vector<ChatMessage> read_messages(const JsonFields& fields, std::optional<ApiError>& error) {
  const Json* list = fields.find("messages");
  if (list == nullptr || !list->is_array() || list->empty() || list->size() > kMaxMessages) {
    fields.refuse("messages", "must be a list of 1 to 4096 messages");
    return {};
  }
  std::vector<ChatMessage> messages;
  for (const Json& item : *list) {
    const std::string name = "messages[" + std::to_string(messages.size()) + "]";
    if (!item.is_object()) {
      fields.refuse(name, "must be an object");
      return {};
    }
    auto message = read_message(JsonFields(item, name + ".", error));
    if (!message) return {};
    messages.push_back(std::move(*message));
  }
  return messages;
}

std::vector<Prompt> read_prompts(const JsonFields& fields) {
  const Json* value = fields.find("prompt");
  if (value == nullptr) {
    fields.refuse("prompt", "must be given");
    return {};
  }
  if (auto one = read_prompt(*value)) return {std::move(*one)};
  std::vector<Prompt> prompts;
  if (value->is_array() && value->size() <= kMaxPrompts) {
    for (const Json& item : *value) {
      auto prompt = read_prompt(item);
      if (!prompt) break;
      prompts.push_back(std::move(*prompt));
    }
  }
  if (!prompts.empty() && prompts.size() == value->size()) return prompts;
  fields.refuse("prompt", "must be a string, a list of token ids, or a list of at most 256 of either");
  return {};
}

}  // namespace autodidact
