#include "tools/token_texts.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

namespace autodidact {

namespace {

// The version directories, newest first.
std::vector<std::string> version_directories(const std::string& data_dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(data_dir + "/versions", error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().string());
  }
  std::sort(names.rbegin(), names.rend());
  return names;
}

}  // namespace

const Tokenizer* TokenTexts::tokenizer_of(std::uint32_t version) {
  const auto known = known_.find(version);
  if (known != known_.end()) return known->second.get();
  char name[32];
  std::snprintf(name, sizeof name, "/versions/v%06u", version);
  std::vector<std::string> candidates = {data_dir_ + name};
  // Seeds have no version, and old versions may be deleted: a run has one vocabulary, so any other's will do.
  for (std::string& other : version_directories(data_dir_)) candidates.push_back(std::move(other));
  std::shared_ptr<const Tokenizer> tokenizer;
  for (const std::string& directory : candidates) {
    auto loaded = load_tokenizer(directory + "/tokenizer.json");
    if (!loaded.ok()) continue;
    tokenizer = std::move(loaded).value();
    break;
  }
  return known_.emplace(version, std::move(tokenizer)).first->second.get();
}

void TokenTexts::add(Json& attempt) {
  const auto tokens = attempt.find("tokens");
  if (tokens == attempt.end() || !tokens->is_array()) return;
  const auto version = attempt.find("version");
  const bool known = version != attempt.end() && version->is_number_unsigned();
  const Tokenizer* tokenizer = tokenizer_of(known ? version->get<std::uint32_t>() : 0);
  if (tokenizer == nullptr) return;
  Json texts = Json::array();
  for (const Json& token : *tokens) {
    texts.push_back(token.is_number_integer() ? tokenizer->token_text(token.get<TokenId>()) : "");
  }
  attempt["token_texts"] = std::move(texts);
}

}  // namespace autodidact
