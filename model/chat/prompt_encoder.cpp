#include "model/chat/prompt_encoder.hpp"

#include <algorithm>

namespace autodidact {
namespace {

constexpr const char* kAnswer = "The answer is 42.";  // no template has a reason to cut anything off it

}  // namespace

Result<PromptEncoder> PromptEncoder::make(std::shared_ptr<const Tokenizer> tokenizer, std::shared_ptr<const ChatTemplate> chat,
                                          Options options) {
  AD_REQUIRE(tokenizer != nullptr, "a prompt encoder needs a tokenizer");
  PromptEncoder encoder(std::move(tokenizer), std::move(chat), std::move(options));
  AD_RETURN_IF_ERROR(encoder.find_completion_end());
  return encoder;
}

std::vector<ChatMessage> PromptEncoder::conversation(std::string_view question) const {
  std::vector<ChatMessage> messages;
  if (!options_.system.empty()) messages.push_back({"system", options_.system});
  for (const Example& example : options_.examples) {
    messages.push_back({"user", example.question});
    messages.push_back({"assistant", example.answer});
  }
  messages.push_back({"user", std::string(question)});
  return messages;
}

Result<std::vector<TokenId>> PromptEncoder::encode(std::string_view question) const {
  if (chat_ == nullptr) {
    std::string text = options_.system;
    for (const Example& example : options_.examples) text += example.question + example.answer;
    return tokenizer_->encode(text.append(question));
  }
  ChatOptions options = options_.chat;
  options.add_generation_prompt = true;
  const auto markup = chat_->render(conversation(question), options);
  if (!markup.ok()) return markup.status().with_context("chat template");
  return tokenizer_->encode_markup(*markup);
}

// Of a conversation that ends with an answer, whatever the template writes behind that answer.
Status PromptEncoder::find_completion_end() {
  completion_end_ = {tokenizer_->eos()};
  if (chat_ == nullptr) return {};
  ChatOptions options = options_.chat;
  options.add_generation_prompt = false;
  std::vector<ChatMessage> messages = conversation("What is the answer?");
  messages.push_back({"assistant", kAnswer});
  const auto markup = chat_->render(messages, options);
  if (!markup.ok()) return markup.status().with_context("chat template");
  const std::size_t at = markup->text.rfind(kAnswer);
  if (at == std::string::npos) return {Errc::kBadInput, "chat template: it does not write an assistant's answer"};
  const Markup end{markup->text.substr(at + std::string_view(kAnswer).size()), {}};
  AD_ASSIGN_OR_RETURN(completion_end_, tokenizer_->encode_markup(end));
  // Sampling stops at eos: the newline that many templates write behind it is never the model's to learn.
  const auto eos = std::find(completion_end_.begin(), completion_end_.end(), tokenizer_->eos());
  if (eos != completion_end_.end()) completion_end_.erase(eos + 1, completion_end_.end());
  if (completion_end_.empty()) completion_end_ = {tokenizer_->eos()};
  return {};
}

}  // namespace autodidact
