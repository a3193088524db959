#include "gateway/openai/token_logprobs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/bpe/utf8.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::ordered_json;

// JSON has no infinity; OpenAI writes -9999.
double finite(float logprob) { return std::isfinite(logprob) ? static_cast<double>(logprob) : -9999.0; }

Json entry(const std::string& text, float logprob) {
  Json bytes = Json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", replace_ill_formed(text)}, {"logprob", finite(logprob)}, {"bytes", std::move(bytes)}};
}

// A token as a key among others: bytes that are no characters stay apart, as OpenAI writes them ("bytes:\xe2").
std::string key_of(const std::string& text) {
  if (is_well_formed(text)) return text;
  std::string key = "bytes:";
  for (const char c : text) {
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
    key += hex;
  }
  return key;
}

std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Json alternatives(const AnswerToken& token, std::uint32_t top) {
  Json list = Json::array();
  if (top == 0) return list;
  if (token.best) list.push_back(entry(token.best->first, token.best->second));
  const bool other = !token.best || token.best->first != token.text;
  if (other && token.logprob && list.size() < top) list.push_back(entry(token.text, *token.logprob));
  return list;
}

}  // namespace

Json chat_logprobs(const std::vector<AnswerToken>& tokens, std::uint32_t top) {
  Json content = Json::array();
  for (const AnswerToken& token : tokens) {
    Json json = entry(token.text, token.logprob.value_or(0));
    json["top_logprobs"] = alternatives(token, top);
    content.push_back(std::move(json));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json completion_logprobs(const std::vector<AnswerToken>& tokens, std::uint32_t top, std::size_t first_offset) {
  Json texts = Json::array(), logprobs = Json::array(), best = Json::array(), offsets = Json::array();
  for (const AnswerToken& token : tokens) {
    texts.push_back(key_of(token.text));
    logprobs.push_back(token.logprob ? Json(finite(*token.logprob)) : Json());
    Json known = token.logprob ? Json::object() : Json();
    if (token.logprob && top > 0) {
      known[key_of(token.text)] = finite(*token.logprob);
      if (token.best) known[key_of(token.best->first)] = finite(token.best->second);
    }
    best.push_back(std::move(known));
    offsets.push_back(first_offset);
    first_offset += characters_of(token.text);
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", top > 0 ? std::move(best) : Json()},
          {"text_offset", std::move(offsets)}};
}

std::size_t characters_of(const std::vector<AnswerToken>& tokens) {
  std::size_t count = 0;
  for (const AnswerToken& token : tokens) count += characters_of(token.text);
  return count;
}

}  // namespace autodidact
