// Where a checkpoint keeps its chat template.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/bpe/tokenizer_json.hpp"
#include "model/chat/chat_template.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 16 << 20;
constexpr const char* kTokenNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<Json> parse_config(const std::string& text) {
  auto json = parse_json_once(text);
  if (json.ok() && !json->is_object()) return Status(Errc::kBadInput, "must hold an object");
  return json;
}

// An object; empty without the file.
Result<Json> read_config(const std::string& path) {
  if (!exists(path)) return Json::object();
  AD_ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxConfigBytes));
  auto json = parse_config(text);
  if (!json.ok()) return json.status().with_context(path);
  return json;
}

// A token is named by its content, or by an object that has it.
ChatTemplate::SpecialTokens special_tokens(const Json& config) {
  ChatTemplate::SpecialTokens out;
  for (const char* name : kTokenNames) {
    const auto found = config.find(name);
    if (found == config.end()) continue;
    const Json content = found->is_object() ? found->value("content", Json()) : *found;
    if (content.is_string()) out[name] = content;
  }
  return out;
}

// The text of "chat_template"; empty: there is none.
Result<std::string> template_in(const Json& config, const std::string& path) {
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array()) {
    for (const Json& entry : *found) {
      const bool whole = entry.is_object() && entry.contains("name") && entry.contains("template");
      if (whole && entry["name"] == "default" && entry["template"].is_string()) return entry["template"].get<std::string>();
    }
  }
  return Status(Errc::kBadInput, path + ": \"chat_template\" must be a string, or a list with a template named \"default\"");
}

}  // namespace

Result<std::shared_ptr<const ChatTemplate>> load_chat_template(const std::string& directory) {
  const std::string config_path = directory + "/tokenizer_config.json", own_path = directory + "/chat_template.jinja";
  AD_ASSIGN_OR_RETURN(const Json config, read_config(config_path));
  std::string source, place = own_path;
  if (exists(own_path)) {
    AD_ASSIGN_OR_RETURN(source, read_file(own_path, jinja::kMaxTemplateBytes));
  } else {
    AD_ASSIGN_OR_RETURN(source, template_in(config, config_path));
    place = config_path + ": chat_template";
  }
  if (source.empty()) return std::shared_ptr<const ChatTemplate>();
  auto parsed = ChatTemplate::parse(std::move(source), special_tokens(config));
  if (!parsed.ok()) return parsed.status().with_context(place);
  return parsed;
}

Result<std::shared_ptr<const ChatTemplate>> read_chat_template(const std::string& tokenizer_config) {
  const std::string place = "tokenizer_config.json";
  auto config = parse_config(tokenizer_config);
  if (!config.ok()) return config.status().with_context(place);
  AD_ASSIGN_OR_RETURN(std::string source, template_in(*config, place));
  if (source.empty()) return std::shared_ptr<const ChatTemplate>();
  auto parsed = ChatTemplate::parse(std::move(source), special_tokens(*config));
  if (!parsed.ok()) return parsed.status().with_context(place + ": chat_template");
  return parsed;
}

}  // namespace autodidact
