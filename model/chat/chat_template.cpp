#include "model/chat/chat_template.hpp"

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

#include "model/bpe/utf8.hpp"
#include "model/chat/jinja/interpreter.hpp"
#include "model/chat/jinja/json.hpp"
#include "model/chat/jinja/parser.hpp"

namespace autodidact {
namespace {

using Json = nlohmann::ordered_json;
using Variables = std::map<std::string, jinja::Value, std::less<>>;

Status at_line(int line, const std::string& message) {
  return {Errc::kBadInput, "line " + std::to_string(line) + ": " + message};
}

// The border between the exceptions of the interpreter and ours. `line` is asked when one comes.
template <class T, class Body, class Line>
Result<T> guarded(Body body, Line line) {
  try {
    return body();
  } catch (const jinja::SyntaxError& error) {
    return at_line(error.line(), error.message());
  } catch (const jinja::Failure& error) {
    return at_line(line(), error.message());
  } catch (const std::bad_alloc&) {
    return at_line(line(), "out of memory");
  } catch (const std::exception& error) {
    return Status(Errc::kInternal, "line " + std::to_string(line()) + ": " + error.what());
  }
}

// Templates that write "<|" + role + "|>" need a role that is ours. The names that everybody uses spell no markup.
bool is_known_role(const std::string& role) {
  static constexpr const char* kRoles[] = {"system", "user", "assistant", "tool", "developer", "ipython", "function", "model"};
  return std::any_of(std::begin(kRoles), std::end(kRoles), [&](const char* known) { return role == known; });
}

// As transformers: reasoning is found under its standard name, whatever the message calls it.
Json with_reasoning_names(const Json& message) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto found = message.find(name);
    if (found == message.end() || found->is_null()) continue;
    const Json reasoning = *found;
    Json out = Json::object();
    out["thinking"] = reasoning;
    for (const auto& [key, value] : message.items()) out[key] = value;
    out["reasoning_content"] = reasoning;
    return out;
  }
  return message;
}

jinja::Value message_value(const Json& message, jinja::Budget& budget) {
  if (!message.is_object()) jinja::fail("a message is an object with a role and a content");
  const jinja::Value value = jinja::from_json(with_reasoning_names(message), budget);
  const auto role = message.find("role");
  if (role == message.end() || !role->is_string() || !is_known_role(*role)) return value;
  auto dict = std::make_shared<jinja::Dict>(*jinja::as_dict(value));
  dict->set(jinja::make_string(std::string("role"), budget), jinja::make_string(role->get<std::string>(), budget), budget);
  return std::shared_ptr<const jinja::Dict>(std::move(dict));
}

Variables variables_of(const Json& messages, const ChatOptions& options, const ChatTemplate::SpecialTokens& special_tokens,
                       jinja::Budget& budget) {
  Variables out;
  for (const auto& [name, text] : special_tokens) out[name] = jinja::make_string(replace_ill_formed(text), budget);
  out["tools"] = out["documents"] = jinja::None{};
  if (options.variables != nullptr) {
    if (!options.variables->is_object()) jinja::fail("the variables for the template must be an object");
    for (const auto& [name, value] : options.variables->items()) out[name] = jinja::from_json(value, budget);
  }
  if (!messages.is_array()) jinja::fail("the messages must be a list");
  std::vector<jinja::Value> values;
  for (const Json& message : messages) values.push_back(message_value(message, budget));
  out["messages"] = jinja::make_list(std::move(values), budget);
  out["add_generation_prompt"] = options.add_generation_prompt;
  return out;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, SpecialTokens special_tokens, std::shared_ptr<const jinja::Program> program)
    : source_(std::move(source)), special_tokens_(std::move(special_tokens)), program_(std::move(program)) {}

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::parse(std::string source, SpecialTokens special_tokens) {
  using Parsed = std::shared_ptr<const ChatTemplate>;
  if (source.size() > jinja::kMaxTemplateBytes) {
    return Status(Errc::kBadInput, "a chat template of more than " + std::to_string(jinja::kMaxTemplateBytes) + " bytes");
  }
  const auto body = [&]() -> Result<Parsed> {
    auto program = jinja::parse(replace_ill_formed(source));
    return Parsed(new ChatTemplate(std::move(source), std::move(special_tokens), std::move(program)));
  };
  return guarded<Parsed>(body, [] { return 1; });
}

Result<Markup> ChatTemplate::render_json(const Json& messages, const ChatOptions& options) const {
  int line = 1;
  const auto body = [&]() -> Result<Markup> {
    jinja::Budget budget(options.limits);
    jinja::Interpreter interpreter(budget, options.now.value_or(std::time(nullptr)));
    try {
      return interpreter.run(*program_, variables_of(messages, options, special_tokens_, budget));
    } catch (...) {
      line = interpreter.line();
      throw;
    }
  };
  return guarded<Markup>(body, [&] { return line; });
}

Result<Markup> ChatTemplate::render(const std::vector<ChatMessage>& messages, const ChatOptions& options) const {
  Json list = Json::array();
  for (const ChatMessage& message : messages) list.push_back({{"role", message.role}, {"content", message.content}});
  return render_json(list, options);
}

}  // namespace autodidact
