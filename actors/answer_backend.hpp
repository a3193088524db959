#pragma once
// What the HTTP surface (gateway/openai/) asks of whoever answers questions with the weights that serve. Implemented in
// actors/, faked in tests. Every method may be called from any thread. Nothing survives a crash but what feedback() reported as
// stored. No CAF in this header.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "model/chat/chat_message.hpp"

namespace autodidact {

// How much thinking an answer is worth, and what to do when it stays in doubt. Unset members: the [serve] settings.
struct ReasoningRequest {
  std::string strategy;             // "majority:n=16"; methods/search/strategy.hpp knows them; empty = serve.strategy
  std::uint64_t budget_tokens = 0;  // generated over all samples, at most; 0 = serve.budget_tokens
  std::optional<double> abstain_below;
};

struct AnswerRequest {
  // What is asked, one of: a conversation, plain text, token ids.
  std::vector<ChatMessage> messages;
  std::optional<std::string> prompt;
  std::optional<std::vector<TokenId>> prompt_tokens;

  SamplerSettings sampler;                    // max_tokens 0: as many as fit; with `echo`: none
  std::uint32_t n = 1;                        // choices
  std::optional<std::uint64_t> seed;          // absent: another one each time
  std::vector<std::string> stop;              // not part of the text
  bool logprobs = false;                      // of what was generated, and with `echo` of the prompt
  bool echo = false;                          // the prompt is part of the text
  std::optional<ReasoningRequest> reasoning;  // absent: n plain samples
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

struct AnswerToken {
  TokenId id = 0;
  std::string text;              // bytes, possibly a part of a character
  std::optional<float> logprob;  // of this token, natural, untruncated; absent for a prompt's first
  // The likeliest token in its place, when known: always with `echo`.
  std::optional<std::pair<std::string, float>> best;
};

// A piece of one choice, while it is being generated.
struct AnswerPart {
  std::uint32_t choice = 0;
  std::string text;                 // whole characters
  std::vector<AnswerToken> tokens;  // with `logprobs`
};

struct AnswerChoice {
  std::string text;
  Finish finish = Finish::kStop;
  std::vector<AnswerToken> tokens;  // with `logprobs`
};

struct ReasoningReport {
  std::string strategy;                               // as it ran, parameters included
  std::optional<double> confidence;                   // probability that the answer is right; absent: not calibrated yet
  std::vector<std::pair<std::string, double>> votes;  // answer, its share of the votes; most first
  std::optional<double> verifier_score;
  std::uint64_t tokens_spent = 0;   // generated, over all samples
  std::uint64_t tokens_scored = 0;  // through the verifier
  bool abstained = false;           // then the one choice is the text that says so
};

struct Answer {
  std::vector<AnswerChoice> choices;
  VersionId version = 0, verifier = 0;  // 0: none took part
  std::uint64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  std::optional<ReasoningReport> reasoning;
};

// Called on a compute thread; must neither block nor throw.
struct AnswerListener {
  std::function<void(const AnswerPart&)> part;  // null: not streamed. Requests with `reasoning` have no parts but the answer's
  std::function<void(Result<Answer>)> done;     // exactly once, last
  std::function<bool()> wanted;                 // false: the client left; asked every few ms, then done() gets kTemporary
};

struct Feedback {
  std::string id;                         // of the answer, as /v1 gave it out
  bool accepted = false;                  // the answer was right …
  std::optional<std::string> correction;  // … or this is
};

struct ServedModel {
  std::string id;  // "autodidact", or "autodidact/v12" for one version
  std::int64_t created_s = 0;
};

class AnswerBackend {
 public:
  virtual ~AnswerBackend() = default;
  // Queues the request. `id`: "chatcmpl-…", what feedback names. kTemporary (queue full, no weights yet), kUsage (prompt too
  // long, strategy unknown: the message says which are known).
  virtual void answer(const std::string& id, AnswerRequest request, AnswerListener listener) = 0;
  // The newest first; at least one once weights serve.
  virtual std::vector<ServedModel> models() const = 0;
  // kNotFound: no such answer is remembered. kPermission: serve.learn_from_requests is off. Done when it is durable.
  virtual void feedback(Feedback feedback, std::function<void(Status)> done) = 0;
};

}  // namespace autodidact
