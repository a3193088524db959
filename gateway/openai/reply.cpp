#include "gateway/openai/reply.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/openai/token_logprobs.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// What needs no escape is taken as it is: there is one for every token, and `dump` takes longer than the rest of it.
void append_quoted(std::string& json, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127 && c != '"' && c != '\\'; });
  if (!plain) {
    json += dump(Json(text));
    return;
  }
  json += '"';
  json += text;
  json += '"';
}

// OpenAI knows no other ends of a text; a choice that met its deadline was cut short like one that met its length.
const char* reason_of(Finish finish) { return finish == Finish::kStop ? "stop" : "length"; }

Json fingerprint(const Answer& answer) { return answer.version == 0 ? Json() : Json("v" + std::to_string(answer.version)); }

Json usage(const std::vector<Answer>& answers) {
  std::uint64_t prompt = 0, cached = 0, completion = 0;
  for (const Answer& answer : answers) {
    prompt += answer.prompt_tokens;
    cached += answer.cached_tokens;
    completion += answer.completion_tokens;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", cached}}}};
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json reasoning(const Answer& answer) {
  const ReasoningReport& report = *answer.reasoning;
  Json votes = Json::array();
  for (const auto& [text, share] : report.votes) votes.push_back({{"answer", text}, {"share", share}});
  return {{"confidence", or_null(report.confidence)},
          {"votes", std::move(votes)},
          {"verifier_score", or_null(report.verifier_score)},
          {"strategy", report.strategy},
          {"tokens_spent", report.tokens_spent},
          {"tokens_scored", report.tokens_scored},
          {"version", answer.version},
          {"verifier", answer.verifier == 0 ? Json() : Json(answer.verifier)},
          {"abstained", report.abstained}};
}

Json choice_json(const ReplyHead& head, std::size_t index, const AnswerChoice& choice) {
  Json json = {{"index", index}};
  if (head.chat) {
    json["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    json["logprobs"] = head.logprobs ? chat_logprobs(choice.tokens, head.top_logprobs) : Json();
  } else {
    json["text"] = choice.text;
    json["logprobs"] = head.logprobs ? completion_logprobs(choice.tokens, head.top_logprobs, 0) : Json();
  }
  json["finish_reason"] = reason_of(choice.finish);
  return json;
}

std::string opening_of(const ReplyHead& head) {
  std::string text = dump({{"id", head.id},
                           {"object", head.chat ? "chat.completion.chunk" : "text_completion"},
                           {"created", head.created_s},
                           {"model", head.model}});
  text.pop_back();
  return "data: " + text;
}

}  // namespace

std::string reply_json(const ReplyHead& head, const std::vector<Answer>& answers, std::uint32_t n) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    for (std::size_t c = 0; c < answers[i].choices.size(); ++c) {
      choices.push_back(choice_json(head, i * n + c, answers[i].choices[c]));
    }
  }
  Json body = {
      {"id", head.id},          {"object", head.chat ? "chat.completion" : "text_completion"}, {"created", head.created_s},
      {"model", head.model},    {"system_fingerprint", fingerprint(answers.front())},          {"choices", std::move(choices)},
      {"usage", usage(answers)}};
  if (answers.front().reasoning) body["reasoning"] = reasoning(answers.front());
  return dump(body) + "\n";
}

ChunkWriter::ChunkWriter(ReplyHead head, std::size_t choices, bool include_usage)
    : head_(std::move(head)), include_usage_(include_usage), opening_(opening_of(head_)), written_(choices) {}

// Written by hand but for the texts: there is one for every token, on the thread that computes them.
std::string ChunkWriter::event(const std::string& choices, const std::string& more) const {
  std::string text;
  text.reserve(opening_.size() + choices.size() + more.size() + 40);
  text.append(opening_).append(",\"choices\":[").append(choices).append("]").append(more);
  return text.append(include_usage_ ? ",\"usage\":null}\n\n" : "}\n\n");
}

std::string ChunkWriter::begin(std::size_t choice) {
  if (std::exchange(written_[choice].begun, true) || !head_.chat) return "";
  return event("{\"index\":" + std::to_string(choice) +
                   ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}",
               "");
}

std::string ChunkWriter::piece(std::size_t choice, std::string_view text, const AnswerToken* tokens, std::size_t count) {
  Written& written = written_[choice];
  std::string json;
  json.reserve(text.size() + 100);
  json.append("{\"index\":").append(std::to_string(choice)).append(head_.chat ? ",\"delta\":{\"content\":" : ",\"text\":");
  append_quoted(json, text);
  json += head_.chat ? "},\"logprobs\":" : ",\"logprobs\":";
  if (head_.logprobs && count > 0) {
    const std::vector<AnswerToken> list(tokens, tokens + count);
    json += dump(head_.chat ? chat_logprobs(list, head_.top_logprobs)
                            : completion_logprobs(list, head_.top_logprobs, written.characters));
    written.characters += characters_of(list);
  } else {
    json += "null";
  }
  written.bytes += text.size();
  written.tokens += count;
  json += ",\"finish_reason\":null}";
  return event(json, "");
}

std::string ChunkWriter::part(std::size_t choice, const AnswerPart& part) {
  std::string text = begin(choice);
  if (!part.text.empty() || (head_.logprobs && !part.tokens.empty())) {
    text += piece(choice, part.text, part.tokens.data(), part.tokens.size());
  }
  return text;
}

std::string ChunkWriter::end(std::size_t choice, const AnswerChoice& whole, const Answer& answer) {
  std::string text = begin(choice);
  const std::size_t bytes = std::min(written_[choice].bytes, whole.text.size());
  const std::size_t tokens = std::min(written_[choice].tokens, whole.tokens.size());
  if (bytes < whole.text.size() || (head_.logprobs && tokens < whole.tokens.size())) {
    text +=
        piece(choice, std::string_view(whole.text).substr(bytes), whole.tokens.data() + tokens, whole.tokens.size() - tokens);
  }
  std::string more = ",\"system_fingerprint\":" + dump(fingerprint(answer));
  if (answer.reasoning) more += ",\"reasoning\":" + dump(reasoning(answer));
  return text + event("{\"index\":" + std::to_string(choice) + (head_.chat ? ",\"delta\":{}" : ",\"text\":\"\"") +
                          ",\"logprobs\":null,\"finish_reason\":\"" + reason_of(whole.finish) + "\"}",
                      more);
}

std::string ChunkWriter::last(const std::vector<Answer>& answers) const {
  std::string text;
  if (include_usage_) text = opening_ + ",\"choices\":[],\"usage\":" + dump(usage(answers)) + "}\n\n";
  return text + "data: [DONE]\n\n";
}

std::string error_event(const std::string& error_json) { return "data: " + error_json + "\n\n"; }

}  // namespace autodidact
