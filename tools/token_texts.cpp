#include "tools/token_texts.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "tools/step_texts.hpp"

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

namespace {

std::uint32_t version_of(const Json& attempt) {
  const auto version = attempt.find("version");
  return version != attempt.end() && version->is_number_unsigned() ? version->get<std::uint32_t>() : 0;
}

// Members that are lists of whole numbers; empty when they are not.
template <class T>
std::vector<T> numbers_of(const Json& object, const char* member) {
  std::vector<T> numbers;
  const auto list = object.find(member);
  if (list == object.end() || !list->is_array()) return numbers;
  for (const Json& entry : *list) {
    if (!entry.is_number()) return {};
    numbers.push_back(entry.get<T>());
  }
  return numbers;
}

std::string completion_of(const Json& attempt) {
  const auto completion = attempt.find("completion");
  return completion != attempt.end() && completion->is_string() ? completion->get<std::string>() : "";
}

}  // namespace

void TokenTexts::add_steps(Json& attempt) {
  const auto scores = attempt.find("scores");
  if (scores == attempt.end() || !scores->is_array()) return;
  const Tokenizer* tokenizer = tokenizer_of(version_of(attempt));
  const auto tokens = numbers_of<TokenId>(attempt, "tokens");
  if (tokenizer == nullptr || tokens.empty()) return;
  for (Json& score : *scores) {
    if (!score.is_object()) continue;
    const auto ends = numbers_of<std::uint32_t>(score, "step_ends");
    if (!ends.empty()) score["step_texts"] = step_texts(*tokenizer, tokens, ends, completion_of(attempt));
  }
}

Status TokenTexts::complete_steps(Json& row) {
  const auto tokens = numbers_of<TokenId>(row, "tokens");
  const auto ends = numbers_of<std::uint32_t>(row, "step_ends");
  const auto values = numbers_of<double>(row, "values");
  if (tokens.empty() || ends.size() != values.size())
    return Status(Errc::kBadInput, "the row has no tokens with a value for each step: is the daemon of another version?");
  const Tokenizer* tokenizer = tokenizer_of(version_of(row));
  if (tokenizer == nullptr)
    return Status(Errc::kNotFound, "steps need the run's tokenizer to become texts, and there is no tokenizer.json in " +
                                       data_dir_ + "/versions/*; export from the run's data directory");
  Json completions = Json::array(), labels = Json::array(), kept = Json::array();
  const auto texts = step_texts(*tokenizer, tokens, ends, completion_of(row));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // Trainers put the separator back; a step of nothing but that is none.
    const std::string text = texts[i].substr(0, texts[i].find_last_not_of('\n') + 1);
    if (text.empty()) continue;
    completions.push_back(text);
    labels.push_back(values[i] > 0);
    kept.push_back(values[i]);
  }
  Json done = {{"prompt", row["prompt"]}, {"completions", completions}, {"labels", labels}, {"values", kept}};
  for (const auto& [member, value] : row.items()) {
    if (member != "completion" && member != "tokens" && member != "step_ends" && !done.contains(member)) done[member] = value;
  }
  row = std::move(done);
  return Status();
}

void TokenTexts::add(Json& attempt) {
  const auto tokens = attempt.find("tokens");
  if (tokens == attempt.end() || !tokens->is_array()) return;
  const Tokenizer* tokenizer = tokenizer_of(version_of(attempt));
  if (tokenizer == nullptr) return;
  Json texts = Json::array();
  for (const Json& token : *tokens) {
    texts.push_back(token.is_number_integer() ? tokenizer->token_text(token.get<TokenId>()) : "");
  }
  attempt["token_texts"] = std::move(texts);
}

}  // namespace autodidact
